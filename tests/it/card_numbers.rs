//! A card number is refused at every door before anything is stored; order numbers pass.

use crate::support::host::{Instance, TestHost};
use crate::support::html::{flash, form, forms};
use serde_json::{Value as Json, json};

const CARD: &str = "4000056655665556";
const GROUPED: &str = "4000 0566 5566 5556";
/// Sixteen digits that begin as Visa's do, with another check digit.
const ORDER: &str = "4000056655665557";

fn payment(more: &Json) -> Json {
    let mut data = json!({ "amount": 700, "currency": "usd", "source": "tok_visa" });
    data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    data
}

#[track_caller]
fn refused(outcome: &Json, field: &str) {
    assert_eq!(outcome["state"], "invalid", "{outcome}");
    let errors = outcome["errors"].as_array().unwrap();
    assert!(errors.iter().any(|e| e["field"] == field && e["code"] == "invalid"), "{outcome}");
    assert!(errors[0]["message"].as_str().unwrap().contains("send the token"), "{outcome}");
    without_card("an outcome", outcome.to_string().as_bytes());
}

#[track_caller]
fn without_card(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for written in [CARD, GROUPED, "4000-0566-5566-5556", "4000+0566+5566+5556"] {
        assert!(!text.contains(written), "{what} has {written}");
    }
}

/// Nothing of a refused call is in a table, a log line or a byte of the database.
#[track_caller]
fn nothing_is_kept(host: &TestHost) {
    for kind in ["request_type", "api_call", "form_submission"] {
        let query = format!("{{ executions(kind: \"{kind}\") {{ results {{ name }} }} }}");
        let found = host.graphql(&query, &json!({}))["executions"]["results"].clone();
        let mut found = found.as_array().unwrap().iter();
        // The endpoint that the instance makes at its start.
        assert!(found.all(|one| one["name"] == "create_webhook_endpoint"), "{kind}: {found:?}");
    }
    assert!(host.records("note").is_empty() && host.records("modules/payments/payment").is_empty());
    assert!(host.stripe.charges().is_empty());
    files_are_clean(host);
}

#[track_caller]
fn files_are_clean(host: &TestHost) {
    without_card("the log", host.process.printed().as_bytes());
    let folder = host.instance.root().join("data");
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).unwrap().flatten() {
        without_card(&entry.path().display().to_string(), &std::fs::read(entry.path()).unwrap());
        count += 1;
    }
    assert!(count > 0, "there is a database");
}

#[test]
fn a_card_number_is_refused_wherever_it_is_posted_and_an_order_number_passes() {
    let host = Instance::new().variable("SLUICEGATE_LOG", "debug").serve();
    for (field, more) in [
        ("source", json!({ "source": CARD })),
        ("source", json!({ "source": GROUPED })),
        ("description", json!({ "description": format!("card {GROUPED}, please") })),
        ("metadata", json!({ "metadata": { "order": { "deep": ["x", CARD] } } })),
        ("metadata", json!({ "metadata": { "order": 4_000_056_655_665_556_u64 } })),
        ("metadata", json!({ "metadata": { CARD: "a name" } })),
        ("metadata", json!({ "metadata": format!("{{\"order\": {CARD}}}") })),
        ("amount", json!({ "amount": 4_000_056_655_665_556_u64 })),
        ("unknown", json!({ "unknown": "4000-0566-5566-5556" })),
        ("idempotency_key", json!({ "idempotency_key": CARD })),
    ] {
        let answer = host.request_type("create_payment", &json!({ "data": payment(&more) }));
        refused(&answer.expect(422).json(), field);
    }
    let named = json!({ "data": payment(&json!({ CARD: "x" })) });
    let answer = host.request_type("create_payment", &named).expect(422);
    without_card("a problem of a name", &answer.body);
    let config = json!({ "data": payment(&json!({})), "config": { "success_message": CARD } });
    refused(&host.request_type("create_payment", &config).expect(422).json(), "success_message");
    let key = json!({ "data": payment(&json!({})), "idempotency_key": GROUPED });
    refused(&host.request_type("create_payment", &key).expect(422).json(), "idempotency_key");
    // A mutation, and a command.
    let mutation = format!(
        "mutation {{ create_payment(data: {{ amount: 700, currency: \"usd\", source: \"{GROUPED}\" }}) \
         {{ state errors {{ message code field }} }} }}"
    );
    refused(&host.graphql(&mutation, &json!({}))["create_payment"], "source");
    let data = payment(&json!({ "description": CARD })).to_string();
    let ran = host.run(&["call", "create_payment", "--data", &data, "--json"]);
    refused(&ran.json(), "description");
    without_card("standard error", ran.err.as_bytes());
    nothing_is_kept(&host);
    let orders = json!({ "description": format!("order {ORDER}"), "metadata": { "order": ORDER } });
    host.request_type("create_payment", &json!({ "data": payment(&orders) })).expect(200);
    assert_eq!(host.stripe.charges()[0]["metadata"]["order"], ORDER);
}

#[test]
fn a_form_of_a_request_type_refuses_a_card_number_in_an_open_input() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    let page = visitor.get("/").expect(200).text();
    let form = form(&page, "buy-mug");
    let (source, email) = (form.field("source"), form.field("email"));
    let filled = form.with(&source, GROUPED).with(&email, "ada@example.com");
    let page = visitor.submit(&filled.action, &filled.pairs).expect(200).text();
    let (kind, text) = flash(&page).expect("a flash");
    assert_eq!(kind, "alert");
    assert!(text.contains("send the token"), "{text}");
    without_card("the page", page.as_bytes());
    nothing_is_kept(&host);
}

const NOTE_FORM: &str = "---\nname: NAME\nresource: note\nresource_owner: anyone\nMOREfields:\n  \
    properties:\n    text:\n    kind:\n---\n{% form %}<input name=\"{{ form.fields.properties.text.name }}\" \
    value=\"{{ form.fields.properties.text.value }}\">{% endform %}<b>{{ form.errors | json }}</b>";

fn notes() -> TestHost {
    let instance = Instance::new();
    instance.write(
        "custom_model_types/note.yml",
        "name: note\nproperties:\n- { name: text, type: string }\n- { name: kind, type: array }\n",
    );
    let scripts = "callback_actions: >\n  {% log 'done' %}\n";
    let payload = "default_payload: >\n  { \"properties\": { \"text\": {{ context.params.extra | json }} } }\n";
    for (name, more) in [("plain", ""), ("scripted", scripts), ("filled", payload)] {
        let text = NOTE_FORM.replace("NAME", name).replace("MORE", more);
        instance.write(&format!("form_configurations/{name}.liquid"), &text);
        let page =
            format!("---\nslug: page-{name}\nlayout: ''\n---\n{{% include_form '{name}' %}}");
        instance.write(&format!("views/pages/page_{name}.liquid"), &page);
    }
    instance.write(
        "notifications/api_call_notifications/tell.liquid",
        "---\nname: tell\nto: https://api.stripe.com/v1/charges\nrequest_type: POST\nheaders: '{}'\n---\n\
         amount=5&note={{ context.params.extra | url_encode }}",
    );
    instance.write(
        "views/pages/tell.liquid",
        "---\nslug: tell\nlayout: ''\n---\n{% graphql r %}mutation { api_call_send(data: { a: 1 }, \
         template: { name: \"tell\" }) { errors { message } } }{% endgraphql %}{{ r | json }}",
    );
    instance.write(
        "views/pages/keep.liquid",
        "---\nslug: keep\nlayout: ''\n---\n{% session note = context.params.extra %}\
         {% background note: context.params.extra %}{% log note %}{% endbackground %}\
         {% log context.params.extra %}kept",
    );
    instance.serve()
}

#[test]
fn records_take_no_card_number_from_a_form_or_a_mutation() {
    let host = notes();
    let mut visitor = host.visitor();
    for name in ["plain", "scripted"] {
        visitor.get(&format!("/page-{name}"));
        let page = visitor.get(&format!("/page-{name}")).expect(200).text();
        for (field, value) in [("text", GROUPED), ("kind", CARD), ("other", CARD)] {
            let form = forms(&page).remove(0);
            let form = form.with(&format!("form[properties_attributes][{field}]"), value);
            let answer = visitor.post(&form.action, &form.pairs);
            let page = answer.expect(200).text();
            assert!(page.contains("must not hold a card number"), "{name} {field}: {page}");
            without_card("the page", page.as_bytes());
        }
    }
    let properties =
        |value: &str| format!("properties: [{{ name: \"text\", value: \"{value}\" }}]");
    let with_form = format!("record: {{ {} }}, form_name: \"scripted\"", properties(CARD));
    let attribute = format!("record: {{ table: \"note\", external_id: \"{CARD}\" }}");
    for argument in
        [format!("record: {{ table: \"note\", {} }}", properties(GROUPED)), with_form, attribute]
    {
        let query = format!("mutation {{ record_create({argument}) {{ id }} }}");
        let answer = host.post_json("/graphql", &json!({ "query": query })).expect(200);
        without_card("a GraphQL answer", &answer.body);
        assert_eq!(answer.json()["errors"][0]["extensions"]["code"], "invalid", "{query}");
    }
    nothing_is_kept(&host);
    // Changes of a record that exists, whole and in part.
    let query = format!(
        "mutation {{ n: record_create(record: {{ table: \"note\", {} }}) {{ id }} }}",
        properties(ORDER)
    );
    let id = host.graphql(&query, &json!({}))["n"]["id"].as_str().unwrap().to_owned();
    for change in ["value", "array_append"] {
        let query = format!(
            "mutation {{ record_update(id: \"{id}\", record: {{ properties: [{{ name: \"kind\", \
             {change}: \"{CARD}\" }}] }}) {{ id }} }}"
        );
        let answer = host.post_json("/graphql", &json!({ "query": query })).expect(200).json();
        assert_eq!(answer["errors"][0]["extensions"]["code"], "invalid", "{query}: {answer}");
    }
    files_are_clean(&host);
}

#[test]
fn a_template_brings_no_card_number_into_a_record_or_a_call() {
    let host = notes();
    let mut visitor = host.visitor();
    visitor.get("/page-filled");
    let page = visitor.get("/page-filled").expect(200).text();
    let form = forms(&page).remove(0).with("extra", CARD);
    visitor.post(&form.action, &form.pairs).expect(422);
    let page = visitor.get("/tell?extra=4000+0566+5566+5556").expect(200).text();
    assert!(page.contains("would store and send a card number"), "{page}");
    let query = format!(
        "mutation {{ api_call_send(data: {{ note: \"{CARD}\" }}, template: {{ name: \"tell\" }}) \
         {{ errors {{ message }} }} }}"
    );
    let told = host.graphql(&query, &json!({})).to_string();
    assert!(told.contains("would store and send a card number"), "{told}");
    without_card("the answer", told.as_bytes());
    assert!(host.records("note").is_empty());
    // What a template keeps elsewhere is masked: a session, a job's arguments, the log.
    let page = visitor.get("/keep?extra=4000+0566+5566+5556").expect(200).text();
    assert!(page.contains("kept"), "{page}");
    let broken = "{ records(filter: 4000056655665556 4000-0566-5566-5556";
    let answer = host.post_json("/graphql", &json!({ "query": broken })).expect(200);
    assert!(answer.json()["errors"].is_array());
    without_card("a GraphQL error", &answer.body);
    files_are_clean(&host);
}
