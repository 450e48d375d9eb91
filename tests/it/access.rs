//! Who may do what: every operation of the schema by every kind of caller, and the JSON endpoints.

use crate::support::host::{Instance, TestHost};
use crate::support::http::{Answer, Visitor, send};
use serde_json::{Value as Json, json};
use sluicegate::graphql::schema::Schema;
use sluicegate_module::catalog::Catalog;
use sluicegate_secret::api_token::TokenScope;
use std::collections::BTreeMap;

const READ: &str = "read-token-of-the-matrix-0123456789";
const OPERATE: &str = "operate-token-of-the-matrix-0123456789";
const ADMINISTER: &str = "administer-token-of-the-matrix-0123456789";

/// Signs a visitor in, and shows the token for further posts.
const SIGN_IN: &str = "---\nslug: sign-in-test\nlayout: ''\n---\n\
    {% parse_json user %}{\"id\": \"7\"}{% endparse_json %}{% session current_user = user %}\
    {{ context.authenticity_token }}";
/// Runs the query that is asked, as a template.
const AS_TEMPLATE: &str = "---\nslug: as-template\nlayout: ''\n---\n\
    {% graphql r %}{{ context.params.query }}{% endgraphql %}{{ r | json }}";

fn instance() -> Instance {
    let instance = Instance::new();
    instance.write("views/pages/sign_in_test.liquid", SIGN_IN);
    instance.write("views/pages/as_template.liquid", AS_TEMPLATE);
    instance
}

fn with_tokens(instance: Instance) -> Instance {
    instance
        .variable("SLUICEGATE_API_TOKEN", ADMINISTER)
        .variable("SLUICEGATE_API_TOKENS", &format!("read:{READ}, operate:{OPERATE}"))
}

/// A visitor who is signed in, and the token of their session.
fn signed_in(host: &TestHost) -> (Visitor, String) {
    let mut visitor = host.visitor();
    visitor.get("/sign-in-test").expect(200);
    let token = visitor.get("/sign-in-test").expect(200).text().trim().to_owned();
    (visitor, token)
}

fn body(query: &str) -> Vec<u8> {
    json!({ "query": query }).to_string().into_bytes()
}

/// One root field, as a document that is valid and does little.
struct Operation {
    name: String,
    stated: Option<TokenScope>,
    document: String,
}

/// Every root field of the schema of this instance.
fn operations(host: &TestHost) -> Vec<Operation> {
    let catalog = Catalog::load(host.instance.root(), &|_| Some("sk_test_x".to_owned()));
    let schema = Schema::build(&catalog).expect("a schema");
    let shapes = shapes(host);
    let operation = |(root, name, stated): (&str, &str, Option<TokenScope>)| {
        let fields = shapes[root]["fields"].as_array().expect("fields");
        let field = fields.iter().find(|field| field["name"] == name).expect("introspected");
        let arguments = filled(&field["args"], &shapes).join(", ");
        let arguments = if arguments.is_empty() { arguments } else { format!("({arguments})") };
        let selection = if is_object(&field["type"]) { " { __typename }" } else { "" };
        let kind = root.to_lowercase();
        let document = format!("{kind} {{ {name}{arguments}{selection} }}");
        Operation { name: name.to_owned(), stated, document }
    };
    schema.root_fields().into_iter().map(operation).collect()
}

/// All types by name, as the explorer reads them.
fn shapes(host: &TestHost) -> BTreeMap<String, Json> {
    let of = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";
    let query = format!(
        "{{ __schema {{ types {{ kind name enumValues {{ name }} \
         inputFields {{ name defaultValue type {{ {of} }} }} \
         fields {{ name type {{ {of} }} args {{ name defaultValue type {{ {of} }} }} }} }} }} }}"
    );
    let all = host.graphql(&query, &json!({}))["__schema"]["types"].clone();
    let all = all.as_array().expect("types").clone();
    all.into_iter().map(|one| (one["name"].as_str().expect("a name").to_owned(), one)).collect()
}

fn is_object(ty: &Json) -> bool {
    if ty["ofType"].is_null() { ty["kind"] == "OBJECT" } else { is_object(&ty["ofType"]) }
}

/// The needed inputs, each with some value.
fn filled(inputs: &Json, shapes: &BTreeMap<String, Json>) -> Vec<String> {
    let inputs = inputs.as_array().expect("inputs").iter();
    let needed = inputs.filter(|i| i["type"]["kind"] == "NON_NULL" && i["defaultValue"].is_null());
    let name = |input: &Json| input["name"].as_str().expect("a name").to_owned();
    needed.map(|input| format!("{}: {}", name(input), value(&input["type"], shapes))).collect()
}

fn value(ty: &Json, shapes: &BTreeMap<String, Json>) -> String {
    let name = ty["name"].as_str().unwrap_or_default();
    match ty["kind"].as_str().expect("a kind") {
        "NON_NULL" => value(&ty["ofType"], shapes),
        "LIST" => "[]".to_owned(),
        "ENUM" => shapes[name]["enumValues"][0]["name"].as_str().expect("a value").to_owned(),
        "INPUT_OBJECT" => {
            format!("{{{}}}", filled(&shapes[name]["inputFields"], shapes).join(", "))
        }
        _ => match name {
            "String" | "ID" => "\"matrix\"".to_owned(),
            "Int" | "Float" => "1".to_owned(),
            "Boolean" => "false".to_owned(),
            _ => "{a: 1}".to_owned(),
        },
    }
}

/// True when the operation was let in, whatever became of it; false when it was refused.
#[track_caller]
fn is_let_in(what: &str, answer: &Answer) -> bool {
    match answer.status {
        401 | 403 => {
            assert!(answer.json().get("data").is_none(), "{what}: {}", answer.text());
            false
        }
        200 => {
            let answer = answer.json();
            let code = answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default();
            assert_ne!(code, "forbidden", "{what}: {answer}");
            true
        }
        status => panic!("{what}: {status} {}", answer.text()),
    }
}

/// A kind of caller: how it sends a document.
type Caller<'a> = (&'a str, Box<dyn FnMut(&str) -> Answer + 'a>);

fn program<'a>(
    host: &'a TestHost,
    headers: &[(&'a str, String)],
) -> Box<dyn FnMut(&str) -> Answer + 'a> {
    let mut headers = headers.to_vec();
    headers.push(("Content-Type", "application/json".to_owned()));
    Box::new(move |query| {
        let headers: Vec<_> = headers.iter().map(|(name, text)| (*name, text.as_str())).collect();
        host.send("POST", "/graphql", &headers, &body(query))
    })
}

fn visitor_of(host: &TestHost) -> Box<dyn FnMut(&str) -> Answer> {
    let (mut visitor, token) = signed_in(host);
    Box::new(move |query| {
        let headers = [("Content-Type", "application/json"), ("X-CSRF-Token", token.as_str())];
        visitor.send("POST", "/graphql", &headers, &body(query))
    })
}

fn bearer(token: &str) -> Vec<(&'static str, String)> {
    vec![("Authorization", format!("Bearer {token}"))]
}

/// What a field has to need; a new field has to be put here, or it is one of a request type.
fn expected(name: &str) -> TokenScope {
    match name {
        "records" | "customizations" | "executions" | "execution" => TokenScope::Read,
        name if crate::request_types::ALL.contains(&name) => TokenScope::Operate,
        _ => TokenScope::Administer,
    }
}

#[test]
fn every_operation_by_every_caller() {
    let open = instance().serve();
    let all = operations(&open);
    assert!(all.len() > 40, "{}", all.len());
    for operation in &all {
        let Operation { name, stated, .. } = operation;
        let stated = stated.unwrap_or_else(|| panic!("`{name}` states no @requiresScope"));
        assert_eq!(stated, expected(name), "{name}");
    }
    let closed = with_tokens(instance()).variable("SLUICEGATE_ENV", "production").serve();
    let foreign = |origin: &str| vec![("Origin", origin.to_owned())];
    let mut with_token = foreign("https://evil.example");
    with_token.extend(bearer("wrong"));
    let callers: Vec<(Caller<'_>, Option<TokenScope>)> = vec![
        (("no credentials", program(&closed, &[])), None),
        (("foreign page", program(&closed, &foreign("https://evil.example"))), None),
        (("wrong token", program(&closed, &bearer("wrong"))), None),
        (("foreign page, wrong token", program(&closed, &with_token)), None),
        (("signed-in visitor", visitor_of(&closed)), None),
        (("read", program(&closed, &bearer(READ))), Some(TokenScope::Read)),
        (("operate", program(&closed, &bearer(OPERATE))), Some(TokenScope::Operate)),
        (("administer", program(&closed, &bearer(ADMINISTER))), Some(TokenScope::Administer)),
        (("loopback", program(&open, &[])), Some(TokenScope::Administer)),
        (("foreign page on loopback", program(&open, &foreign("https://evil.example"))), None),
        (("a page without origin", program(&open, &foreign("null"))), None),
        (("signed-in visitor on loopback", visitor_of(&open)), None),
    ];
    for ((kind, mut ask), scope) in callers {
        for Operation { name, document, .. } in &all {
            let what = format!("{name} by {kind}: {document}");
            let answer = ask(document);
            assert_eq!(is_let_in(&what, &answer), scope >= Some(expected(name)), "{what}");
        }
    }
    for Operation { name, document, .. } in &all {
        let query: String = form_urlencoded::byte_serialize(document.as_bytes()).collect();
        let answer = open.visitor().get(&format!("/as-template?query={query}")).expect(200);
        assert!(!answer.text().contains("forbidden"), "{name}: {}", answer.text());
    }
}

#[test]
fn a_refused_document_does_nothing_at_all() {
    let host = with_tokens(instance()).serve();
    // The first field alone would be allowed, and fragments hide nothing.
    for document in [
        "mutation { create_customer(data: { email: \"a@b.example\" }) { state } constant_set(name: \"a\", value: \"b\") { name } }",
        "mutation { ...f } fragment f on Mutation { constant_set(name: \"a\", value: \"b\") { name } }",
        "mutation { ... on Mutation { x: constant_set(name: \"a\", value: \"b\") { name } } }",
        "mutation { create_customer: constant_set(name: \"a\", value: \"b\") { name } }",
        "query { records { per_page } constants { results { name } } }",
    ] {
        let answer = program(&host, &bearer(OPERATE))(document).expect(403).json();
        assert_eq!(answer["errors"][0]["extensions"]["code"], "forbidden", "{answer}");
    }
    assert_eq!(host.stripe.read("/v1/customers")["data"], json!([]));
    let names = program(&host, &bearer(ADMINISTER))("{ constants { results { name } } }").json();
    assert!(!names.to_string().contains("\"a\""), "{names}");
}

#[test]
fn the_json_endpoints_and_the_console_have_the_same_scopes() {
    let host = with_tokens(instance()).serve();
    let kind = ("Content-Type", "application/json");
    let ask = |method: &str, path: &str, token: &str| {
        let auth = format!("Bearer {token}");
        let body = if method == "POST" { b"{\"data\": {}}".as_slice() } else { b"" };
        host.send(method, path, &[kind, ("Authorization", &auth)], body).status
    };
    let paid = ("POST", "/api/request_types/create_payment");
    for (token, paying, reading, source) in
        [(READ, 403, 404, 403), (OPERATE, 422, 404, 403), (ADMINISTER, 422, 404, 200)]
    {
        assert_eq!(ask(paid.0, paid.1, token), paying, "{token}");
        assert_eq!(ask("GET", "/api/executions/01J", token), reading, "{token}");
        assert_eq!(ask("GET", "/console", token), 200, "{token}");
        let file = "/console/source/views/pages/sign_in_test.liquid";
        assert_eq!(ask("GET", file, token), source, "{token}");
    }
    // A signed-in visitor is nobody here.
    let (mut visitor, csrf) = signed_in(&host);
    let headers = [kind, ("X-CSRF-Token", csrf.as_str())];
    assert_eq!(visitor.send(paid.0, paid.1, &headers, b"{\"data\": {}}").status, 401);
    assert_eq!(visitor.get("/console").status, 401);
}

#[test]
fn a_visitor_may_do_what_a_policy_grants() {
    let instance = instance();
    let values = instance.root().join("template-values.json");
    let mut values: Json =
        serde_json::from_slice(&std::fs::read(values).expect("values")).expect("JSON");
    values["graphql_grants"] =
        json!({ "records": "sees_payouts", "create_customer": "missing", "executions": "broken" });
    instance.write("template-values.json", &values.to_string());
    instance.write(
        "authorization_policies/sees_payouts.liquid",
        "---\nname: sees_payouts\n---\n\
         {%- if context.current_user.id == '7' and operation == 'records' \
         and arguments.filter.table.value == 'modules/payments/payout' -%}true{%- endif -%}",
    );
    instance.write("authorization_policies/broken.liquid", "---\n---\n{{ 1 | no_such_filter }}");
    let host = with_tokens(instance).variable("SLUICEGATE_ENV", "production").serve();
    let mut ask = visitor_of(&host);
    let of = |table: &str| {
        format!(
            "{{ a: records(filter: {{ table: {{ value: \"{table}\" }} }}) {{ total_entries }} }}"
        )
    };
    assert_eq!(
        ask(&of("modules/payments/payout")).expect(200).json()["data"]["a"]["total_entries"],
        0
    );
    let payouts = of("modules/payments/payout");
    let both = payouts.replacen('{', "{ b: records { total_entries } ", 1);
    for refused in [
        of("modules/payments/payment").as_str(),
        "{ records { total_entries } }",
        "{ executions { total_entries } }",
        "mutation { create_customer(data: {}) { state } }",
        &both,
    ] {
        assert_eq!(ask(refused).status, 403, "{refused}");
    }
    // Without the session's token there is no visitor, and a grant is for visitors.
    let (mut visitor, _) = signed_in(&host);
    let kind = [("Content-Type", "application/json")];
    let answer = visitor.send("POST", "/graphql", &kind, &body(&payouts));
    assert_eq!(answer.status, 401);
    assert_eq!(host.visitor().send("POST", "/graphql", &kind, &body(&payouts)).status, 401);
    let checked = host.run(&["check"]);
    assert!(checked.out.contains("`missing`") || checked.err.contains("`missing`"), "{checked:?}");
}

#[test]
fn a_wrong_setting_of_tokens_stops_the_start() {
    for wrong in ["abc", "root:abc", "read:"] {
        let instance = Instance::new().variable("SLUICEGATE_API_TOKENS", wrong);
        let ran = instance.run(&["serve", "--addr", "127.0.0.1:0"]);
        assert_ne!(ran.code, 0);
        assert!(ran.err.contains("SLUICEGATE_API_TOKENS") && !ran.err.contains("abc"), "{ran:?}");
    }
}

/// Writes a webhook endpoint in every generic way.
const WRITES: [&str; 5] = [
    "mutation { record_create(record: { table: \"modules/payments/webhook_endpoint\", properties: [{ name: \"secret\", value: \"whsec_mine\" }] }) { id } }",
    "mutation { record_create(record: { table: \"/modules/payments/webhook_endpoint/\", properties: [{ name: \"secret\", value: \"whsec_mine\" }] }) { id } }",
    "mutation { record_create(record: { properties: [{ name: \"gateway_id\", value: \"we_1\" }, { name: \"url\", value: \"https://x.example\" }, { name: \"secret\", value: \"whsec_mine\" }] }, form_name: \"modules/payments/create_webhook_endpoint_form\") { id } }",
    "mutation { customization_create(customization: { custom_model_type_name: \"modules/payments/webhook_endpoint\", properties: [{ name: \"secret\", value: \"whsec_mine\" }] }) { id } }",
    "mutation { customization_create(customization: { properties: [{ name: \"gateway_id\", value: \"we_1\" }, { name: \"url\", value: \"https://x.example\" }] }, form_configuration_name: \"modules/payments/create_webhook_endpoint_form\") { id } }",
];

fn by_id(id: &str) -> [String; 5] {
    [
        format!(
            "mutation {{ record_update(id: \"{id}\", record: {{ properties: [{{ name: \"secret\", value: \"whsec_mine\" }}] }}) {{ id }} }}"
        ),
        format!(
            "mutation {{ record_update(id: \"{id}\", record: {{ properties: [{{ name: \"url\", value: \"https://y.example\" }}] }}, form_name: \"modules/payments/create_webhook_endpoint_form\") {{ id }} }}"
        ),
        format!("mutation {{ record_delete(id: \"{id}\") {{ id }} }}"),
        format!("mutation {{ customization_delete(id: \"{id}\") {{ id }} }}"),
        format!(
            "mutation {{ records_delete_all(table: \"modules/payments/webhook_endpoint\", filter: {{ id: {{ value: \"{id}\" }} }}) {{ count }} }}"
        ),
    ]
}

#[test]
fn records_that_carry_trust_are_written_by_their_module_only() {
    let instance = instance();
    // The same page twice, once in the module that has the table.
    let page = AS_TEMPLATE.replace("as-template", "as-payments");
    instance.write("modules/payments/public/views/pages/as_payments.liquid", &page);
    instance.write(
        "modules/stripe/public/views/pages/as_stripe.liquid",
        &AS_TEMPLATE.replace("as-template", "as-stripe"),
    );
    instance.write(
        "form_configurations/endpoint.liquid",
        "---\nname: endpoint\nresource: modules/payments/webhook_endpoint\nresource_owner: anyone\n\
         fields:\n  properties:\n    url:\n    secret:\n---\n",
    );
    let host = instance.serve();
    let url = json!({ "data": { "url": "https://x.example/webhooks/listen" } });
    let made = host.request_type("create_webhook_endpoint", &url).expect(200).json();
    let id = made["record"]["id"].as_str().expect("an id").to_owned();
    let table = "modules/payments/webhook_endpoint";
    let before = host.records(table);
    let by_id = by_id(&id);
    let through_pages = ["/as-template", "/as-stripe"];
    for document in WRITES.into_iter().chain(by_id.iter().map(String::as_str)) {
        let answer = host.post_json("/graphql", &json!({ "query": document })).expect(200).json();
        let code = &answer["errors"][0]["extensions"]["code"];
        assert_eq!(code, "forbidden", "{document}: {answer}");
        let query: String = form_urlencoded::byte_serialize(document.as_bytes()).collect();
        for page in through_pages {
            let answer = host.visitor().get(&format!("{page}?query={query}")).expect(200).text();
            assert!(answer.contains("forbidden"), "{page} {document}: {answer}");
        }
    }
    // A form of the site for the module's table.
    let mut visitor = host.visitor();
    visitor.get("/sign-in-test");
    let token = visitor.get("/sign-in-test").text().trim().to_owned();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let pairs = [
        pair("authenticity_token", &token),
        pair("form_id", "endpoint"),
        pair("form[properties_attributes][secret]", "whsec_mine"),
    ];
    assert_eq!(visitor.post("/api/customizations", &pairs).status, 403);
    assert_eq!(visitor.post(&format!("/api/records/{id}"), &pairs).status, 403);
    assert_eq!(host.records(table), before);
    // The module's own template may.
    let query: String = form_urlencoded::byte_serialize(by_id[0].as_bytes()).collect();
    let answer = host.visitor().get(&format!("/as-payments?query={query}")).expect(200).text();
    assert!(!answer.contains("errors"), "{answer}");
}

#[test]
fn no_credentials_are_read_from_a_query() {
    let host = with_tokens(instance()).serve();
    let path = format!("/graphql?access_token={ADMINISTER}&token={ADMINISTER}");
    let kind = [("Content-Type", "application/json")];
    let answer = send(host.addr, "POST", &path, &kind, &body("{ __typename }")).expect("an answer");
    assert_eq!(answer.status, 401);
}

#[test]
fn constants_of_the_host_are_its_own() {
    let instance = instance();
    let values = instance.root().join("template-values.json");
    let mut values: Json =
        serde_json::from_slice(&std::fs::read(values).expect("values")).expect("JSON");
    values["sluicegate/mine"] = json!("${HOME}");
    instance.write("template-values.json", &values.to_string());
    instance.write(
        "views/pages/constants.liquid",
        "---\nslug: constants\nlayout: ''\n---\n{% for one in context.constants %}{{ one[0] }} {% endfor %}\
         [{{ context.constants['sluicegate/instance_key'] }}{{ context.constants['sluicegate/mine'] }}]",
    );
    let host = instance.serve();
    let mutations =
        ["sluicegate/instance_key", "sluicegate/events_listed:", " SLUICEGATE/x"].map(|name| {
            [
                format!("mutation {{ constant_set(name: \"{name}\", value: \"x\") {{ name }} }}"),
                format!("mutation {{ constant_unset(name: \"{name}\") {{ name }} }}"),
            ]
        });
    for document in mutations.iter().flatten() {
        let answer = host.post_json("/graphql", &json!({ "query": document })).expect(200).json();
        assert_eq!(answer["errors"][0]["extensions"]["code"], "forbidden", "{document}: {answer}");
        let query: String = form_urlencoded::byte_serialize(document.as_bytes()).collect();
        let answer = host.visitor().get(&format!("/as-template?query={query}")).expect(200);
        assert!(answer.text().contains("forbidden"), "{document}: {}", answer.text());
    }
    let all = host.graphql("{ constants(per_page: 1000) { results { name } } }", &json!({}));
    assert!(!all.to_string().contains("sluicegate/"), "{all}");
    let one = host.graphql("{ constant(name: \"sluicegate/mine\") { name } }", &json!({}));
    assert_eq!(one["constant"], Json::Null);
    let page = host.visitor().get("/constants").expect(200).text();
    assert!(!page.contains("sluicegate/") && page.contains("[]"), "{page}");
    // The instance key is still marked as the database's.
    let mut host = host;
    host.process.terminate();
    let other = "0".repeat(64);
    let ran = host.instance.variable("SLUICEGATE_SECRET_KEY", &other).run(&["migrate"]);
    assert_ne!(ran.code, 0, "{ran:?}");
}
