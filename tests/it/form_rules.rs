//! The rules of a form hold whatever the door: policies, owner, validation, every field.

use crate::support::host::{Instance, TestHost};
use crate::support::html::forms;
use crate::support::http::{Answer, Visitor};
use serde_json::{Value as Json, json};

const NOTES: &str = "name: note\nproperties:\n- { name: text, type: string }\n\
    - { name: kind, type: string }\n";

fn form(name: &str, more: &str) -> String {
    format!(
        "---\nname: {name}\nresource: note\n{more}fields:\n  user_id:\n  properties:\n    text:\n      \
         validation:\n        presence: true\n    kind:\n---\n{{% form %}}{{% endform %}}"
    )
}

fn instance() -> Instance {
    let instance = Instance::new();
    instance.write("custom_model_types/note.yml", NOTES);
    instance.write(
        "authorization_policies/password.liquid",
        "---\nflash_alert: No password.\n---\n{% if params.properties.kind == 'open' or context.params.pass == 'open' %}true{% endif %}",
    );
    instance.write(
        "authorization_policies/elsewhere.liquid",
        "---\nredirect_to: /sign-in-first\nflash_alert: Sign in.\n---\nfalse",
    );
    let policy = "authorization_policies:\n- password\nresource_owner: anyone\n";
    instance.write("form_configurations/guarded.liquid", &form("guarded", policy));
    let policy = "authorization_policies:\n- elsewhere\nresource_owner: anyone\n";
    instance.write("form_configurations/redirecting.liquid", &form("redirecting", policy));
    instance.write("form_configurations/own.liquid", &form("own", "resource_owner: creator\n"));
    let logs =
        "resource_owner: anyone\ncallback_actions: >\n  {% log form.id, type: 'after_delete' %}\n";
    instance.write("form_configurations/free.liquid", &form("free", logs));
    let payment = "---\nname: guarded_payment\nresource: modules/payments/gateway_request\n\
        authorization_policies:\n- password\nrequest_type: '{{ form.request_type }}'\nfields:\n  properties:\n    data:\n---\n\
        {% form gateway: 'stripe', request_type: 'create_customer' %}{% endform %}";
    instance.write("form_configurations/guarded_payment.liquid", payment);
    for name in ["guarded", "redirecting", "own", "free", "guarded_payment"] {
        let page = format!(
            "---\nslug: page-{}\nlayout: ''\n---\n{{% parse_json c %}}{{\"request_type\": \"create_customer\"}}{{% endparse_json %}}\
             {{% parse_json d %}}{{\"email\": \"a@b.example\"}}{{% endparse_json %}}{{% include_form '{name}', config: c, data: d %}}",
            name.replace('_', "-")
        );
        instance.write(&format!("views/pages/page_{name}.liquid"), &page);
    }
    instance
}

/// The form on its page as a browser has it, after a first visit.
fn on_page(visitor: &mut Visitor, name: &str) -> crate::support::html::Form {
    let path = format!("/page-{}", name.replace('_', "-"));
    visitor.get(&path);
    forms(&visitor.get(&path).expect(200).text()).remove(0)
}

fn post(visitor: &mut Visitor, name: &str, kind: &str) -> Answer {
    let form = on_page(visitor, name)
        .with("form[properties_attributes][text]", "hello")
        .with("form[properties_attributes][kind]", kind);
    visitor.post(&form.action, &form.pairs)
}

fn run(host: &TestHost, query: &str) -> Json {
    host.post_json("/graphql", &json!({ "query": query })).expect(200).json()
}

fn create(form: &str, kind: &str) -> String {
    format!(
        "mutation {{ n: record_create(record: {{ user_id: \"41\", external_id: \"x-1\", properties: \
         [{{ name: \"text\", value: \"t\" }}, {{ name: \"kind\", value: \"{kind}\" }}] }}, \
         form_name: \"{form}\") {{ id user_id external_id properties }} }}"
    )
}

#[test]
fn policies_of_a_form_are_asked_at_every_door() {
    let host = instance().serve();
    let mut visitor = host.visitor();
    // Posted, by a browser and by a program.
    let answer = post(&mut visitor, "guarded", "shut");
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("No password."), "{}", answer.text());
    let answer = post(&mut visitor, "redirecting", "open");
    assert_eq!((answer.status, answer.header("location")), (303, Some("/sign-in-first")));
    assert_eq!(post(&mut visitor, "guarded", "open").status, 303);
    // A request type's form: nothing is sent.
    let refused = on_page(&mut visitor, "guarded_payment");
    assert_eq!(visitor.post(&refused.action, &refused.pairs).status, 403);
    assert_eq!(host.stripe.read("/v1/customers")["data"], json!([]));
    let allowed = on_page(&mut visitor, "guarded_payment").with("pass", "open");
    assert_eq!(visitor.post(&allowed.action, &allowed.pairs).status, 303);
    assert_eq!(host.stripe.read("/v1/customers")["data"].as_array().map(Vec::len), Some(1));
    // Mutations that name the form, to create, change and delete.
    let refused = run(&host, &create("guarded", "shut"));
    assert_eq!(refused["errors"][0]["extensions"]["code"], "forbidden", "{refused}");
    let made = run(&host, &create("guarded", "open"));
    let id = made["data"]["n"]["id"].as_str().expect("an id").to_owned();
    for query in [
        format!(
            "mutation {{ record_update(id: \"{id}\", record: {{ properties: [{{ name: \"text\", value: \"u\" }}] }}, form_name: \"guarded\") {{ id }} }}"
        ),
        format!("mutation {{ record_delete(id: \"{id}\", form_name: \"guarded\") {{ id }} }}"),
        format!(
            "mutation {{ customization_delete(id: \"{id}\", form_configuration_name: \"guarded\") {{ id }} }}"
        ),
    ] {
        let refused = run(&host, &query);
        assert_eq!(refused["errors"][0]["extensions"]["code"], "forbidden", "{query}: {refused}");
    }
    assert_eq!(host.records("note").iter().filter(|n| n["deleted_at"].is_null()).count(), 2);
}

#[test]
fn a_mutation_with_a_form_keeps_the_ids_and_honors_the_owner() {
    let host = instance().serve();
    let made = run(&host, &create("own", "a"))["data"]["n"].clone();
    assert_eq!((&made["user_id"], &made["external_id"]), (&json!("41"), &json!("x-1")), "{made}");
    let id = made["id"].as_str().expect("an id");
    // Somebody else's, or nobody's: the form's owner rule says no.
    for query in [
        format!("mutation {{ record_delete(id: \"{id}\", form_name: \"own\") {{ id }} }}"),
        format!(
            "mutation {{ record_update(id: \"{id}\", record: {{ properties: [{{ name: \"text\", value: \"u\" }}] }}, form_name: \"own\") {{ id }} }}"
        ),
    ] {
        assert_eq!(run(&host, &query)["errors"][0]["extensions"]["code"], "not_found", "{query}");
    }
    let changed = run(
        &host,
        &format!(
            "mutation {{ n: record_update(id: \"{id}\", record: {{ external_id: \"x-2\", properties: [{{ name: \"text\", value: \"u\" }}] }}, form_name: \"free\") {{ user_id external_id properties }} }}"
        ),
    )["data"]["n"].clone();
    assert_eq!(changed["external_id"], "x-2");
    assert_eq!((&changed["user_id"], &changed["properties"]["text"]), (&json!("41"), &json!("u")));
    // The form's field keeps the owner that a page's form states.
    let mut visitor = host.visitor();
    let form = on_page(&mut visitor, "free").with("form[properties_attributes][text]", "t");
    let form = form.with("form[user_id]", "77");
    visitor.post(&form.action, &form.pairs);
    let owned = run(&host, "{ records(filter: { user_id: { value: \"77\" } }) { total_entries } }");
    assert_eq!(owned["data"]["records"]["total_entries"], 1);
    // Deleting runs the form's scripts, and another table's form deletes nothing.
    let wrong = format!(
        "mutation {{ record_delete(id: \"{id}\", form_name: \"modules/payments/payment_form\") {{ id }} }}"
    );
    assert_eq!(run(&host, &wrong)["errors"][0]["extensions"]["code"], "not_found");
    let gone = format!(
        "mutation {{ record_delete(id: \"{id}\", form_name: \"free\") {{ id deleted_at }} }}"
    );
    let gone = run(&host, &gone);
    assert!(gone["data"]["record_delete"]["deleted_at"].is_string(), "{gone}");
    assert!(host.process.printed().contains("after_delete"), "{}", host.process.printed());
}

#[test]
fn the_table_is_checked_before_anything_is_written() {
    let host = instance().serve();
    let made = run(&host, &create("free", "a"));
    let id = made["data"]["n"]["id"].as_str().expect("an id").to_owned();
    for query in [
        format!(
            "mutation {{ record_update(id: \"{id}\", record: {{ table: \"modules/payments/payment\", properties: [{{ name: \"text\", value: \"wrong\" }}] }}) {{ id }} }}"
        ),
        format!(
            "mutation {{ record_update(id: \"{id}\", record: {{ table: \"modules/payments/payment\", properties: [{{ name: \"text\", value: \"wrong\" }}] }}, form_name: \"free\") {{ id }} }}"
        ),
        format!(
            "mutation {{ customization_update(id: \"{id}\", customization: {{ custom_model_type_name: \"other\", properties: [{{ name: \"text\", value: \"wrong\" }}] }}) {{ id }} }}"
        ),
        format!(
            "mutation {{ record_delete(id: \"{id}\", table: \"modules/payments/payment\") {{ id }} }}"
        ),
    ] {
        let answer = run(&host, &query);
        assert_eq!(answer["errors"][0]["extensions"]["code"], "not_found", "{query}: {answer}");
    }
    let note = host.records("note").remove(0);
    assert_eq!((&note["properties"]["text"], &note["deleted_at"]), (&json!("t"), &Json::Null));
    // Attributes of a generic mutation are kept as well.
    let change = format!(
        "mutation {{ n: record_update(id: \"{id}\", record: {{ table: \"note\", user_id: \"8\", external_id: \"y\" }}) {{ user_id external_id }} }}"
    );
    assert_eq!(run(&host, &change)["data"]["n"], json!({ "user_id": "8", "external_id": "y" }));
}
