//! GraphQL over HTTP: records, a typed mutation per request type, limits, and authorization.

use crate::support::host::{Instance, TestHost};
use serde_json::{Value as Json, json};

#[track_caller]
fn ask(host: &TestHost, query: &str, headers: &[(&str, &str)]) -> (u16, Json) {
    let body = json!({ "query": query }).to_string();
    let mut all = vec![("Content-Type", "application/json")];
    all.extend_from_slice(headers);
    let answer = host.send("POST", "/graphql", &all, body.as_bytes());
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or(Json::Null))
}

#[track_caller]
fn refused(host: &TestHost, query: &str) -> String {
    let (_, answer) = ask(host, query, &[]);
    let message = answer["errors"][0]["message"].as_str().or(answer["error"]["message"].as_str());
    message.unwrap_or_else(|| panic!("{query} is not refused: {answer:#}")).to_owned()
}

#[test]
fn a_mutation_pays_and_refunds() {
    let host = TestHost::start();
    let paid = host.graphql(
        "mutation { create_payment(data: { amount: 700, currency: \"usd\", source: \"tok_visa\", metadata: { order: \"7\" } }, \
         idempotency_key: \"k1\") { execution state replayed record { id table properties } gateway { status id request_id } \
         errors { message code field } } }",
        &json!({}),
    )["create_payment"].clone();
    assert_eq!(
        paid["state"].as_str().map(str::to_lowercase).as_deref(),
        Some("completed"),
        "{paid:#}"
    );
    assert_eq!(paid["record"]["properties"]["amount_cents"], 700);
    assert_eq!(host.stripe.charges()[0]["id"], paid["gateway"]["id"]);
    assert_eq!(host.stripe.charges()[0]["metadata"]["order"], "7");
    let charge = paid["gateway"]["id"].as_str().expect("an id");
    // The example of the README.
    let query = format!(
        "mutation {{ create_refund(data: {{ charge: \"{charge}\" }}) {{ state record {{ id }} errors {{ message }} }} }}"
    );
    let refund = host.graphql(&query, &json!({}))["create_refund"].clone();
    assert_eq!(refund["errors"], json!([]), "{refund:#}");
    assert_eq!(host.stripe.charges()[0]["refunded"], true);
}

#[test]
fn a_repeat_is_the_same_outcome_and_a_decline_is_one() {
    let host = TestHost::start();
    let query = "mutation { create_payment(data: { amount: 700, currency: \"usd\", source: \"tok_visa\" }, idempotency_key: \"k1\") \
        { execution replayed gateway { id } } }";
    let first = host.graphql(query, &json!({}))["create_payment"].clone();
    let again = host.graphql(query, &json!({}))["create_payment"].clone();
    assert_eq!((&first["replayed"], &again["replayed"]), (&json!(false), &json!(true)));
    assert_eq!(first["execution"], again["execution"]);
    // The JSON endpoint finds the same key.
    let data = json!({ "data": { "amount": 700, "currency": "usd", "source": "tok_visa" }, "idempotency_key": "k1" });
    let by_json = host.request_type("create_payment", &data).expect(200).json();
    assert_eq!(by_json["execution"], first["execution"]);
    let declined = host.graphql(
        "mutation { create_payment(data: { amount: 700, currency: \"usd\", source: \"tok_chargeDeclined\" }) { state errors { code } } }",
        &json!({}),
    )["create_payment"].clone();
    assert_eq!(declined["errors"][0]["code"], "card_declined", "{declined:#}");
    assert_eq!(host.stripe.charges().iter().filter(|c| c["paid"] == true).count(), 1);
}

#[test]
fn the_mutation_is_typed_by_its_params() {
    let host = TestHost::start();
    // Errors that GraphQL can detect are GraphQL errors.
    for query in [
        "mutation { create_payment(data: { amount: \"five\", currency: \"usd\" }) { state } }",
        "mutation { create_payment(data: { amount: 700, currency: \"usd\", sourse: \"tok_visa\" }) { state } }",
        "mutation { create_paymant(data: { amount: 700, currency: \"usd\" }) { state } }",
    ] {
        assert!(!refused(&host, query).is_empty());
    }
    // Errors that only the request type detects are an outcome, and name the field.
    let query =
        "mutation { create_payment(data: { currency: \"usd\" }) { state errors { field } } }";
    let outcome = host.graphql(query, &json!({}))["create_payment"].clone();
    assert_eq!(
        (&outcome["state"], &outcome["errors"][0]["field"]),
        (&json!("invalid"), &json!("amount"))
    );
    assert!(host.stripe.charges().is_empty());
    let types = host.graphql("{ __schema { mutationType { fields { name } } } }", &json!({}));
    let fields = types["__schema"]["mutationType"]["fields"].as_array().expect("fields").clone();
    let names: Vec<_> = fields.iter().filter_map(|f| f["name"].as_str()).collect();
    for name in crate::request_types::ALL {
        assert!(names.contains(&name), "{name} is no mutation");
    }
}

#[test]
fn records_are_created_found_changed_and_deleted() {
    let host = TestHost::start();
    let made = host.graphql(
        "mutation { record: record_create(record: { table: \"modules/payments/payout\", \
         properties: [{ name: \"gateway_id\", value: \"po_1\" }, { name: \"amount_cents\", value_int: 5 }] }) { id properties } }",
        &json!({}),
    )["record"].clone();
    assert_eq!(made["properties"]["amount_cents"], 5, "{made:#}");
    let id = made["id"].as_str().expect("a text").to_owned();
    let query = "query($id: ID!) { records(per_page: 10, filter: { id: { value: $id } }) { total_entries results { id table properties } } }";
    let found = host.graphql(query, &json!({ "id": id }))["records"].clone();
    assert_eq!(found["total_entries"], 1, "{found:#}");
    assert_eq!(found["results"][0]["table"], "modules/payments/payout");
    let change = "mutation($id: ID!) { record_update(id: $id, record: { properties: [{ name: \"state\", value: \"paid\" }] }) { id properties } }";
    let changed = host.graphql(change, &json!({ "id": id }))["record_update"].clone();
    assert_eq!(changed["properties"]["state"], "paid");
    assert_eq!(changed["properties"]["amount_cents"], 5, "the rest stays");
    host.graphql("mutation($id: ID!) { record_delete(id: $id) { id } }", &json!({ "id": id }));
    let found = host.graphql(query, &json!({ "id": id }))["records"].clone();
    assert_eq!(found["total_entries"], 0);
}

#[test]
fn an_execution_is_there_with_its_steps_and_without_secrets() {
    let host = TestHost::start();
    let data = json!({ "data": { "amount": 700, "currency": "usd", "source": "tok_visa" } });
    let outcome = host.request_type("create_payment", &data).expect(200).json();
    let query =
        "query($id: ID!) { execution(id: $id) { id kind name state attempt steps { seq kind } } }";
    let found = host.graphql(query, &json!({ "id": outcome["execution"] }))["execution"].clone();
    assert_eq!(found["name"], "create_payment", "{found:#}");
    assert!(found["steps"].as_array().is_some_and(|steps| !steps.is_empty()));
    let list = host.graphql(
        "{ executions(states: [completed], kind: \"request_type\", name: \"create_payment\", page: 1, per_page: 5) \
         { total_entries total_pages results { id kind name state attempt error created_at finished_at } } }",
        &json!({}),
    );
    assert_eq!(list["executions"]["total_entries"], 1, "{list:#}");
    assert!(!found.to_string().contains("sk_test"));
}

#[test]
fn too_deep_and_too_much_are_refused() {
    let mut host = TestHost::start();
    let deep = format!("{}{}{}", "{ a".repeat(2_000), "", "}".repeat(2_000));
    refused(&host, &deep);
    let nested = format!(
        "{{ __schema {{ types {{ {} name {} }} }} }}",
        "fields { type {".repeat(40),
        "} }".repeat(40)
    );
    refused(&host, &nested);
    let wide: String = (0..2_000)
        .map(|n| format!("a{n}: records(per_page: 100) {{ results {{ id }} }} "))
        .collect();
    refused(&host, &format!("{{ {wide} }}"));
    let circle = "query { ...a } fragment a on RootQuery { ...b } fragment b on RootQuery { ...a }";
    refused(&host, circle);
    let list = format!(
        "mutation {{ create_payment(data: {{ metadata: {}{} }}) {{ state }} }}",
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    refused(&host, &list);
    let long = format!("{{ records {{ results {{ id }} }} }} # {}", "x".repeat(400_000));
    let (status, _) = ask(&host, &long, &[]);
    assert_eq!(status, 413);
    assert!(host.process.is_alive());
    assert!(host.graphql("{ __typename }", &json!({}))["__typename"].is_string());
}

#[test]
fn nonsense_is_answered_with_its_place() {
    let host = TestHost::start();
    for query in
        ["", "{", "query { nothing }", "mutation { }", "{ records(filter: 5) { results { id } } }"]
    {
        let (status, answer) = ask(&host, query, &[]);
        assert!(status < 500, "{query}: {status}");
        assert!(
            answer.get("errors").is_some() || answer.get("error").is_some(),
            "{query}: {answer:#}"
        );
    }
}

#[test]
fn other_pages_and_other_names_are_kept_out() {
    let host = TestHost::start();
    for headers in [
        [("Origin", "https://evil.example")],
        [("Origin", "null")],
        [("Host", "evil.example")],
        [("Host", "evil.example:3000")],
        [("Sec-Fetch-Site", "cross-site")],
    ] {
        let (status, answer) = ask(&host, "{ __typename }", &headers);
        assert_eq!(status, 403, "{headers:?}: {answer}");
        let kind = ("Content-Type", "application/json");
        let body =
            b"{\"data\": {\"amount\": 700, \"currency\": \"usd\", \"source\": \"tok_visa\"}}";
        let answer =
            host.send("POST", "/api/request_types/create_payment", &[kind, headers[0]], body);
        assert_eq!(answer.status, 403, "{headers:?}");
    }
    // A form of another site can send text/plain without a preflight request.
    let body = b"{\"query\": \"{ __typename }\"}";
    let plain = host.send("POST", "/graphql", &[("Content-Type", "text/plain")], body);
    assert!(plain.status >= 400, "{}", plain.status);
    assert!(host.stripe.charges().is_empty());
}

#[test]
fn with_a_token_only_the_token_counts() {
    let host = Instance::new()
        .variable("SLUICEGATE_API_TOKEN", "token-of-the-test-0123456789abcdef")
        .serve();
    let paths = ["/graphql", "/api/request_types/create_payment"];
    let body = b"{\"query\": \"{ __typename }\"}";
    for given in [
        "",
        "Bearer",
        "Bearer wrong",
        "Bearer token-of-the-tes",
        "Basic token-of-the-test-0123456789abcdef",
        "token-of-the-test-0123456789abcdef",
    ] {
        for path in paths {
            let mut headers = vec![("Content-Type", "application/json")];
            if !given.is_empty() {
                headers.push(("Authorization", given));
            }
            let answer = host.send("POST", path, &headers, body);
            assert_eq!(answer.status, 401, "{path} with {given:?}");
            assert!(!answer.text().contains("token-of-the-test-0123456789abcdef"));
        }
    }
    let (status, answer) = ask(
        &host,
        "{ __typename }",
        &[("Authorization", "Bearer token-of-the-test-0123456789abcdef")],
    );
    assert_eq!(status, 200, "{answer}");
    assert!(answer["data"]["__typename"].is_string());
}

#[test]
fn outside_development_there_is_no_door_without_a_token() {
    for environment in ["staging", "production"] {
        let host = Instance::new().variable("SLUICEGATE_ENV", environment).serve();
        let (status, _) = ask(&host, "{ __typename }", &[]);
        assert_eq!(status, 403, "{environment}");
        let answer = host.request_type("create_payment", &json!({ "data": {} }));
        assert_eq!(answer.status, 403, "{environment}");
        assert!(host.visitor().get("/graphql").status >= 400, "{environment}");
    }
}

/// An API call that creates a customer, and writes the answer into a record.
fn greets(name: &str, rest: &str) -> (String, String) {
    let text = format!(
        "---\nname: {name}\nto: https://api.stripe.com/v1/customers\nrequest_type: POST\n{rest}\n\
         headers: '{{ \"Authorization\": \"Bearer {{{{ context.constants.stripe_sk_key }}}}\", \"Content-Type\": \"application/x-www-form-urlencoded\" }}'\n\
         ---\ndescription={{{{ data.note | url_encode }}}}"
    );
    (format!("notifications/api_call_notifications/{name}.liquid"), text)
}

#[test]
fn the_callback_of_an_api_call_runs_before_it_returns() {
    let instance = Instance::new();
    instance.write(
        "custom_model_types/greeted.yml",
        "name: greeted\nproperties:\n  - name: customer\n    type: string\n  - name: note\n    type: string\n",
    );
    let keeps = "callback: \"{% assign c = response.body | parse_json %}{% graphql g, c: c.id, n: data.note %}\
        mutation($c: String, $n: String) { record_create(record: { table: \\\"greeted\\\", properties: [\
        { name: \\\"customer\\\", value: $c }, { name: \\\"note\\\", value: $n }] }) { id } }{% endgraphql %}\"";
    for (path, text) in [
        greets("keeps", keeps),
        greets("trips", "callback: \"{% raise %}{{ 1 | divided_by: 0 }}\""),
        greets("off", "enabled: false"),
    ] {
        instance.write(&path, &text);
    }
    let host = instance.serve();
    let send = |name: &str| {
        let query = format!(
            "mutation {{ api_call_send(data: {{ note: \"Hello\" }}, template: {{ name: \"{name}\" }}) \
             {{ response {{ status body }} errors {{ message }} }} }}"
        );
        host.graphql(&query, &json!({}))["api_call_send"].clone()
    };
    let kept = send("keeps");
    assert_eq!((&kept["errors"], &kept["response"]["status"]), (&Json::Null, &json!(200)));
    let greeted = host.records("greeted");
    let customers = host.stripe.read("/v1/customers")["data"].clone();
    assert_eq!(greeted.len(), 1);
    assert_eq!(greeted[0]["properties"]["customer"], customers[0]["id"]);
    assert_eq!(greeted[0]["properties"]["note"], "Hello");
    let off = send("off");
    assert_eq!(off["response"], Json::Null);
    assert!(off["errors"][0]["message"].as_str().expect("why").contains("switched off"), "{off}");
    // What was sent stays sent, and is reported.
    let tripped = send("trips");
    assert_eq!(tripped["response"]["status"], 200);
    assert!(tripped["errors"][0]["message"].as_str().expect("why").contains("callback"));
    assert_eq!(host.stripe.read("/v1/customers")["data"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_call_without_an_answer_is_not_told_as_success_to_a_classic_template() {
    let instance = Instance::new();
    let values = r#"{ "machine_name": "classic", "version": "1.0.0", "profile": "legacy" }"#;
    instance.write("modules/classic/template-values.json", values);
    let (path, text) = greets("greet", "");
    instance.write(&format!("modules/classic/public/{path}"), &text);
    // The way of the classic modules: a status of 200 or a blank one is a success.
    let page = "---\nslug: greet\nlayout: ''\n---\n{% graphql g %}mutation { api_call_send(data: \
                { note: \"Hello\" }, template: { name: \"modules/classic/greet\" }) { response { status body } } }\
                {% endgraphql %}{% assign r = g.api_call_send.response %}\
                {% if r.status == blank or r.status == 200 %}thanks{% else %}\
                {% assign b = r.body | parse_json %}{{ r.status }} {{ b.error.message }}{% endif %}";
    instance.write("views/pages/greet.liquid", page);
    // Nobody listens there.
    let host = instance.serve_with(&["--stripe", "http://127.0.0.1:1"]);
    let told = host.visitor().get("/greet").expect(200).text();
    assert!(told.starts_with("504 ") && told.len() > 10 && !told.contains("thanks"), "{told}");
}
