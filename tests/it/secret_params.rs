//! Parameters marked `secret`: sealed at rest, sent as they are, shown nowhere.

use crate::support::host::{Instance, Process, TestHost};
use crate::support::html::{flash, forms};
use crate::support::stripe::Stripe;
use crate::support::wait::eventually;
use serde_json::{Value as Json, json};

const NUMBER: &str = "000-12-canary";
const NESTED: &str = "canary-9876";
const CANARIES: [&str; 4] = [NUMBER, NESTED, "7654321098", "canary+9876"];

const CALL: &str = "---\nname: create_holder\nto: https://api.stripe.com/v1/customers\nrequest_type: POST\nparams:\n  \
    name: string\n  id_number: { type: string, secret: true }\n  code: { type: integer, secret: true }\n  \
    individual: { type: hash, secret: [id_number] }\n  flags: { type: array, secret: true }\nheaders: >\n  \
    { \"Authorization\": \"Bearer {{ context.constants.stripe_sk_key }}\", \"X-Number\": \"{{ data.id_number }}\" }\n---\n\
    name={{ data.name | url_encode }}&description={{ data.id_number | url_encode }}&metadata[code]={{ data.code }}\
    &metadata[nested]={{ data.individual.id_number | url_encode }}&metadata[city]={{ data.individual.city }}\
    &metadata[flag]={{ data.flags[0] }}{% log data.id_number %}";
const MAPPER: &str = "{% parse_json body %}{{ gateway_response.body }}{% endparse_json %}\
    {% if body.error %}{\"errors\": [{{ body.error.message | json }}, {{ data.id_number | json }}]}{% else %}\
    {\"properties\": {\"gateway_id\": {{ body.id | json }}, \"echo\": {{ body.description | json }}, \
    \"posted\": {{ data.id_number | json }}, \"nested\": {{ data.individual | json }}, \
    \"city\": {{ body.metadata.city | json }}}}{% endif %}";

fn instance() -> Instance {
    let instance = Instance::new()
        .variable("SLUICEGATE_LOG", "trace")
        .variable("SLUICEGATE_EVENTS_EVERY", "0");
    let module = "modules/stripe/public";
    instance.write(
        &format!("{module}/notifications/api_call_notifications/create_holder.liquid"),
        CALL,
    );
    instance
        .write(&format!("{module}/views/partials/response_mapper/create_holder.liquid"), MAPPER);
    instance.write(
        &format!("{module}/views/partials/templates/create_holder.liquid"),
        "---\nmetadata:\n  open: id_number\n---\n<input name=\"{{ data_attribute }}[id_number]\"><button>Go</button>",
    );
    instance.write(
        "modules/payments/public/form_configurations/create_holder_form.liquid",
        "---\nname: create_holder_form\nresource: modules/payments/holder\nfields:\n  properties:\n    gateway_id:\n    \
         echo:\n    posted:\n    nested:\n    city:\n---\n",
    );
    instance.write(
        "modules/payments/public/custom_model_types/holder.yml",
        "name: holder\nproperties:\n- { name: gateway_id, type: string }\n- { name: echo, type: string }\n\
         - { name: posted, type: string }\n- { name: nested, type: json }\n- { name: city, type: string }\n",
    );
    instance.write(
        "form_configurations/holder.liquid",
        "---\nname: holder\nresource: modules/payments/gateway_request\nrequest_type: '{{ form.request_type }}'\n\
         flash_notice: 'took {{ form.properties.data | json }}'\n\
         flash_alert: 'refused {{ form.properties.data | json }} {{ form.properties.request_errors | json }}'\n\
         redirect_to: /holder\nfields:\n  properties:\n    data:\n---\n\
         {% form gateway: 'stripe', request_type: 'create_holder' %}{% include 'modules/stripe/templates/create_holder', data_attribute: 'form[properties_attributes][data_attributes]' %}{% endform %}",
    );
    instance.write(
        "views/pages/holder.liquid",
        "---\nslug: holder\n---\n{% parse_json c %}{\"request_type\": \"create_holder\"}{% endparse_json %}\
         {% parse_json d %}{\"name\": \"Ada\"}{% endparse_json %}{% include_form 'holder', config: c, data: d %}",
    );
    instance
}

/// Serves it with a separate sandbox, which delivers no events: those repeat what was sent.
fn serve(instance: Instance) -> (TestHost, Process) {
    let sandbox = Process::sandbox();
    let stripe = Stripe { addr: sandbox.address("/_sandbox/health") };
    let mut host = instance.serve_with(&["--stripe", &format!("http://{}", stripe.addr)]);
    host.stripe = stripe;
    (host, sandbox)
}

fn data() -> Json {
    json!({ "name": "Ada", "id_number": NUMBER, "code": 7_654_321_098_u64,
        "individual": { "id_number": NESTED, "city": "Graz" }, "flags": ["canary-flag"] })
}

#[track_caller]
fn clean(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for canary in CANARIES.iter().chain(&["canary-flag"]) {
        assert!(!text.contains(canary), "{canary} is in {what}:\n{text}");
    }
}

/// Everything that shows or keeps something.
#[track_caller]
fn all_clean(host: &TestHost) {
    let query = "{ executions(per_page: 100) { results { id error outcome } } \
                 records(per_page: 100) { results { properties } } }";
    let found = host.graphql(query, &json!({}));
    clean("GraphQL", found.to_string().as_bytes());
    let ids = found["executions"]["results"].as_array().unwrap().clone();
    assert!(!ids.is_empty());
    for one in &ids {
        let id = one["id"].as_str().unwrap();
        let query =
            format!("{{ execution(id: \"{id}\") {{ outcome steps {{ request response }} }} }}");
        clean("steps", host.graphql(&query, &json!({})).to_string().as_bytes());
        clean(
            "console",
            &host.visitor().get(&format!("/console/executions/{id}")).expect(200).body,
        );
        clean("the API", &host.send("GET", &format!("/api/executions/{id}"), &[], b"").body);
        for arguments in [&["executions", "show", id][..], &["executions", "show", id, "--json"]] {
            let ran = host.run(arguments).good();
            clean("executions show", ran.out.as_bytes());
            assert!(ran.out.contains("[secret]"), "{}", ran.out);
        }
    }
    clean("the log", host.process.printed().as_bytes());
    for entry in std::fs::read_dir(host.instance.root().join("data")).unwrap().flatten() {
        clean(&entry.path().display().to_string(), &std::fs::read(entry.path()).unwrap());
    }
}

#[test]
fn secret_parameters_are_sent_and_kept_nowhere_in_clear() {
    let (host, _sandbox) = serve(instance());
    let body = json!({ "data": data(), "idempotency_key": "holder-1" });
    let answer = host.request_type("create_holder", &body).expect(200);
    clean("the outcome", &answer.body);
    // Sent as they are.
    let customer = host.stripe.read("/v1/customers")["data"][0].clone();
    assert_eq!(customer["description"], NUMBER);
    assert_eq!(customer["metadata"]["code"], "7654321098");
    assert_eq!(customer["metadata"]["nested"], NESTED);
    assert_eq!(customer["metadata"]["flag"], "canary-flag");
    // The mapper sees the mask, in what was posted and in what was answered.
    let record = answer.json()["record"]["properties"].clone();
    assert_eq!((&record["echo"], &record["posted"]), (&json!("[secret]"), &json!("[secret]")));
    assert_eq!(record["nested"], json!({ "id_number": "[secret]", "city": "Graz" }));
    assert_eq!((&record["city"], &record["gateway_id"]), (&json!("Graz"), &customer["id"]));
    all_clean(&host);
    // The same key with the same values is the same request; with another it is not.
    let again = host.request_type("create_holder", &body).expect(200).json();
    assert_eq!(again["replayed"], true);
    let mut other = body.clone();
    other["data"]["individual"]["id_number"] = json!("canary-other");
    assert_eq!(host.request_type("create_holder", &other).expect(409).json()["state"], "conflict");
    assert_eq!(host.stripe.read("/v1/customers")["data"].as_array().unwrap().len(), 1);
}

#[test]
fn an_interrupted_call_is_sent_again_byte_for_byte() {
    let (host, _sandbox) = serve(instance());
    host.stripe.breaks("/v1/customers", "drop_after", 8);
    let body = json!({ "data": data(), "idempotency_key": "holder-2" });
    let first = host.request_type("create_holder", &body).expect(202).json();
    clean("a pending outcome", first.to_string().as_bytes());
    let id = first["execution"].as_str().unwrap().to_owned();
    all_clean(&host);
    host.run(&["executions", "retry", &id]).good();
    let query = format!("{{ execution(id: \"{id}\") {{ state }} }}");
    eventually("the worker completes it", || {
        let state = host.graphql(&query, &json!({}))["execution"]["state"].clone();
        if state == "completed" { Ok(()) } else { Err(state) }
    });
    // The sandbox answers one key with other bytes by an error: the bytes were the same.
    let customers = host.stripe.read("/v1/customers")["data"].clone();
    assert_eq!(customers.as_array().unwrap().len(), 1);
    assert_eq!(customers[0]["description"], NUMBER);
    all_clean(&host);
}

#[test]
fn a_refusal_and_a_flash_do_not_repeat_a_secret_parameter() {
    let (host, _sandbox) = serve(instance());
    let mut visitor = host.visitor();
    visitor.get("/holder");
    let form = forms(&visitor.get("/holder").expect(200).text()).remove(0);
    let name = form.field("id_number");
    let form = form.with(&name, NUMBER);
    let page = visitor.submit(&form.action, &form.pairs).expect(200).text();
    let (kind, text) = flash(&page).expect("a flash");
    assert_eq!(kind, "notice", "{text}");
    assert!(text.contains("[secret]") && text.contains("Ada"), "{text}");
    clean("the page", page.as_bytes());
    // The gateway's message repeats what was sent.
    let long = json!({ "data": { "name": "Ada", "id_number": NUMBER, "individual": { "id_number": NESTED },
        "code": "x" } });
    let answer = host.request_type("create_holder", &long).expect(422);
    clean("an invalid outcome", &answer.body);
    all_clean(&host);
}

#[test]
fn a_call_of_a_template_seals_its_secret_parameters_too() {
    let instance = instance();
    instance.write(
        "views/pages/send.liquid",
        &format!(
            "---\nslug: send\nlayout: ''\n---\n{{% graphql r %}}mutation {{ api_call_send(data: {{ name: \"Ada\", id_number: \"{NUMBER}\", \
             individual: {{ id_number: \"{NESTED}\" }} }}, template: {{ name: \"modules/stripe/create_holder\" }}) {{ errors {{ message }} }} }}{{% endgraphql %}}{{{{ r | json }}}}"
        ),
    );
    let (host, _sandbox) = serve(instance);
    let page = host.visitor().get("/send").expect(200).text();
    let customers = host.stripe.read("/v1/customers")["data"].clone();
    assert_eq!(customers[0]["description"], NUMBER, "{page}");
    all_clean(&host);
}

const SEALED: &str = "name: vault\nwritable_by: anyone\nproperties:\n- { name: number, type: integer, secret: true }\n\
    - { name: yes, type: boolean, secret: true }\n- { name: list, type: array, secret: true }\n\
    - { name: json, type: json, secret: true }\n- { name: text, type: string, secret: true }\n";

#[test]
fn a_secret_property_of_any_type_is_sealed() {
    let instance = Instance::new();
    instance.write("custom_model_types/vault.yml", SEALED);
    let host = instance.serve();
    let mutation = "mutation { n: record_create(record: { table: \"vault\", properties: [\
        { name: \"number\", value_int: 7654321098 }, { name: \"yes\", value_boolean: true }, \
        { name: \"list\", value_array: [\"canary-9876\"] }, { name: \"text\", value: \"000-12-canary\" } ] }) { id properties } }";
    let made = host.graphql(mutation, &json!({}))["n"].clone();
    clean("the answer", made.to_string().as_bytes());
    let id = made["id"].as_str().unwrap();
    let change = format!(
        "mutation {{ record_update(id: \"{id}\", record: {{ properties: [{{ name: \"list\", array_append: \"canary-9876\" }}] }}) {{ id }} }}"
    );
    let refused = host.post_json("/graphql", &json!({ "query": change })).expect(200).json();
    assert_eq!(refused["errors"][0]["extensions"]["code"], "invalid", "{refused}");
    for entry in std::fs::read_dir(host.instance.root().join("data")).unwrap().flatten() {
        clean(&entry.path().display().to_string(), &std::fs::read(entry.path()).unwrap());
    }
}
