//! The schema: both vocabularies, coercion, limits, request types, and what must never leave.

mod fake;

use fake::Fake;
use serde_json::{Value as Json, json};
use sluicegate::graphql::limits::Limits;
use sluicegate::graphql::schema::Schema;
use sluicegate::module::catalog::Catalog;
use std::fmt::Write as _;
use std::sync::Arc;

const API_CALL: &str = "---\nto: https://x.test/\nrequest_type: Post\n---\n";
const CREATE_PAYMENT: &str = "---
to: https://x.test/
request_type: Post
description: Takes money from a card.
params:
  amount: { type: integer, required: true, minimum: 50, example: 500, description: In cents }
  currency: { type: string, required: true, enum: [usd, eur], max_length: 3 }
  capture: boolean
  rate: { type: number, description: 'A share, if any.' }
  metadata: hash
  expand: array
---
";
const PAYMENT: &str = "name: payment
properties:
- { name: amount, type: integer }
- { name: livemode, type: boolean }
- { name: external_id, type: string }
- { name: tags, type: array }
- { name: data, type: string }
- { name: pin, type: string, secret: true }
";

fn catalog() -> Catalog {
    let call = |gateway: &str, name: &str| {
        format!("modules/{gateway}/public/notifications/api_call_notifications/{name}.liquid")
    };
    let partial = |gateway: &str, name: &str| {
        format!("modules/{gateway}/public/views/partials/response_mapper/{name}.liquid")
    };
    let files = [
        ("modules/payments/public/custom_model_types/payment.yml".to_owned(), PAYMENT),
        (call("stripe", "create_payment"), CREATE_PAYMENT),
        (partial("stripe", "create_payment"), "{}"),
        // This one is called as an operation of the platform is.
        (call("stripe", "constant_set"), API_CALL),
        (call("zebra", "create_payment"), API_CALL),
        (call("zebra", "9-lives"), API_CALL),
        (partial("zebra", "create_payment"), "---\nmetadata: { shown: yes }\n---\n{}"),
    ];
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        std::fs::write(path, text).expect("a file");
    }
    Catalog::load(folder.path(), &|_| None)
}

struct Bench {
    schema: Schema,
    fake: Arc<Fake>,
}

fn bench() -> Bench {
    let catalog = catalog();
    let schema = Schema::build(&catalog).expect("a schema");
    let bench = Bench { schema, fake: Arc::new(Fake::new(catalog)) };
    let fake = &bench.fake;
    let payment = "modules/payments/payment";
    fake.add(
        payment,
        json!({ "amount": 500, "livemode": true, "external_id": "a", "pin": "canary",
                              "tags": ["x", "y"], "data": "{\"k\":[1]}" }),
    );
    fake.add(
        payment,
        json!({ "amount": 70, "livemode": false, "external_id": "b", "tags": ["y"] }),
    );
    fake.add("refund", json!({ "payment_id": "1", "amount": 20 }));
    fake.add("refund", json!({ "payment_id": "1", "amount": 10, "user_id": "u" }));
    bench
}

impl Bench {
    fn outside(&self, source: &str, variables: Json) -> Json {
        self.schema.execute(source, None, &variables, self.fake.clone(), Limits::OUTSIDE)
    }

    fn liquid(&self, source: &str, variables: Json) -> Json {
        self.schema.run_for_liquid(source, &variables, self.fake.clone(), Limits::TEMPLATE)
    }

    fn ids(&self, filter: &str) -> Vec<i64> {
        let source = format!("{{ r: records(filter: {filter}) {{ results {{ id }} }} }}");
        let answer = self.outside(&source, json!({}));
        let rows = answer["data"]["r"]["results"].as_array();
        let rows = rows.unwrap_or_else(|| panic!("{filter}: {answer}"));
        rows.iter().filter_map(|row| row["id"].as_str()?.parse().ok()).collect()
    }
}

fn message(answer: &Json) -> &str {
    answer["errors"][0]["message"].as_str().unwrap_or("no error")
}

#[test]
fn the_schema_of_a_small_catalog() {
    let bench = bench();
    insta::assert_snapshot!("graphql_schema", bench.schema.sdl());
    let faults = bench.schema.faults().iter().fold(String::new(), |mut all, fault| {
        let _ = writeln!(all, "{fault}");
        all
    });
    insta::assert_snapshot!("graphql_faults", faults);
}

#[test]
fn records_are_found_by_the_modern_language() {
    let bench = bench();
    for (filter, ids) in [
        ("{table: {value: \"modules/payments/payment\"}}", vec![1, 2]),
        ("{table: {ends_with: \"fund\"}}", vec![3, 4]),
        ("{id: {value_in: [2, 3]}, table: {value: \"refund\"}}", vec![3]),
        ("{id: {value: \"abc\"}}", vec![]),
        ("{id: {not_value_in: [1, 2]}}", vec![3, 4]),
        ("{properties: {name: \"amount\", value: \"500\"}}", vec![1]),
        ("{properties: {name: \"livemode\", value: \"true\"}}", vec![1]),
        ("{properties: [{name: \"amount\", range: {gt: \"15\", lte: \"70\"}}]}", vec![2, 3]),
        ("{properties: [{name: \"amount\", value_int: 10}]}", vec![4]),
        ("{properties: [{name: \"tags\", array_contains: [\"x\", \"y\"]}]}", vec![1]),
        ("{properties: [{name: \"tags\", array_overlaps: [\"x\", \"y\"]}]}", vec![1, 2]),
        (
            "{properties: [{name: \"\", value: \"q\"}, {name: \"amount\", value: null}]}",
            vec![1, 2, 3, 4],
        ),
        ("{properties: [{name: \"external_id\", value: \"\"}]}", vec![]),
        ("{properties: [{name: \"external_id\", exists: true, not_value: \"a\"}]}", vec![2]),
        ("{or: [{id: {value: 4}}, {properties: {name: \"amount\", value: \"70\"}}]}", vec![2, 4]),
        ("{created_at: {gte: \"2023-11-14T22:13:23Z\"}}", vec![3, 4]),
    ] {
        assert_eq!(bench.ids(filter), ids, "{filter}");
    }
    bench.outside("mutation { record_delete(id: 4) { id } }", json!({}));
    assert_eq!(bench.ids("{}"), [1, 2, 3]);
    assert_eq!(bench.ids("{deleted_at: {exists: true}}"), [4]);
}

#[test]
fn a_record_shows_its_properties_as_asked() {
    let answer = bench().outside(
        "{ records(filter: {id: {value: 1}}) { total_entries has_next_page results {
            type: table created_at text: property(name: \"amount\") int: property_int(name: \"amount\")
            on: property_boolean(name: \"livemode\") tags: property_array(name: \"tags\")
            json: property_json(name: \"data\") gone: property(name: \"nothing\") pin: property(name: \"pin\")
            properties
            refunds: related_records(table: \"refund\", foreign_property: \"payment_id\",
                sort: {properties: {name: \"amount\"}}) { amount: property_int(name: \"amount\") }
            largest: related_record(table: \"refund\", foreign_property: \"payment_id\",
                sort: {properties: {name: \"amount\", order: DESC}}) {
                id back: related_record(table: \"modules/payments/payment\", join_on_property: \"payment_id\") { id } }
        } } }",
        json!({}),
    );
    insta::assert_json_snapshot!("graphql_record", answer);
}

#[test]
fn classic_queries_find_the_same() {
    let bench = bench();
    let answer = bench.liquid(
        "query get($per_page: Int = 10, $page: Int = 1, $livemode: String, $url: String) {
          payments: customizations(per_page: $per_page page: $page name: \"modules/payments/payment\"
            is_deleted: false sort: { name: \"created_at\", order: \"DESC\" }
            properties: [ { name: \"livemode\", value: $livemode }, { name: \"url\", value: $url } ]) {
            total_entries per_page results { id external: property(name: \"external_id\") properties user { name } }
          } }",
        // Templates pass what they have: a boolean, something undeclared, a number as a text.
        json!({ "livemode": true, "errors": null, "per_page": "7" }),
    );
    let expected = json!({ "payments": { "total_entries": 1, "per_page": 7, "results": [
        { "id": "1", "external": "a", "properties": { "amount": 500, "livemode": true,
          "external_id": "a", "pin": null, "tags": ["x", "y"], "data": "{\"k\":[1]}" }, "user": null }] } });
    assert_eq!(answer, expected);
}

#[test]
fn writes_say_only_what_was_given() {
    let bench = bench();
    let update = "mutation u($id: ID!, $data: CustomizationInputType!, $form: String) {
        customization_update(id: $id, customization: $data, form_configuration_name: $form) { id properties } }";
    let data = json!({ "id": "", "properties": [{ "name": "amount", "value": 7 }, { "name": "", "value": "x" }] });
    bench.liquid(update, json!({ "id": 2, "data": data, "form": "modules/payments/payment_form" }));
    let record = "mutation u($id: ID!, $status: String, $tag: String) { record: record_update(id: $id,
        record: { properties: [{ name: \"status\", value: $status }, { name: \"tags\", array_append: $tag }
        { name: \"amount\", increment: 3 }, { name: \"data\", value_json: { a: [1] } }] }) { id } }";
    bench.liquid(record, json!({ "id": "1", "tag": "z" }));
    let create = "mutation { a: record_create(record: { table: \"t\" properties: { name: \"n\", value_int: 5 } }) { id }
        refused: record_create(record: { table: \"t\", properties: [{ name: \"refuse\", value: \"\" }] }) { id }
        b: customization_create(customization: { properties: [] }, form_configuration_name: \"f\") { id } }";
    let answer = bench.outside(create, json!({}));
    assert_eq!(answer["data"], json!({ "a": { "id": "5" }, "refused": null, "b": { "id": "6" } }));
    assert_eq!(answer["errors"][0]["path"], json!(["refused"]));
    assert_eq!(
        answer["errors"][0]["extensions"],
        json!({ "code": "invalid", "details": { "refuse": ["is refused"] } })
    );
    insta::assert_snapshot!("graphql_writes", bench.fake.said().join("\n"));
}

#[test]
fn deleting_all_needs_a_filter_that_says_something() {
    let bench = bench();
    let source = "mutation d($id: ID, $amount: String) { records_delete_all(table: \"refund\",
        filter: { id: { value: $id }, properties: { name: \"amount\", value: $amount } }) { count } }";
    assert_eq!(bench.liquid(source, json!({ "amount": 10 }))["records_delete_all"]["count"], 1);
    let answer = bench.liquid(source, json!({ "id": null }));
    assert_eq!(answer["records_delete_all"], json!(null));
    assert!(message(&answer).contains("needs a filter"), "{answer}");
}

#[test]
fn the_platforms_operations_reach_the_backend() {
    let bench = bench();
    let answer = bench.liquid(
        "mutation ($template: String!, $data: HashObject) {
          api_call: api_call_send(data: $data template: { name: $template }, options: {timeout: 5}) { response { status body } errors { message } }
          constant_set(name: \"a\", value: \"b\") { name value }
          session_create_field(name: \"n\", value: {k: [1, E]}) session_delete_field(name: \"n\")
          activity_create(payload: {type: \"Order\"}) { uuid payload }
          email_send(template: {name: \"hello\"}, data: {}) { is_scheduled_to_send errors { message } } }",
        json!({ "template": "modules/stripe/create_payment", "data": { "b": 1, "a": { "c": null } } }),
    );
    insta::assert_json_snapshot!("graphql_operations", answer);
    insta::assert_snapshot!("graphql_operations_said", bench.fake.said().join("\n"));
    let answer = bench.liquid(
        "query ($name: String) { admin_liquid_partials(filter: { path: { ends_with: $name } }) { total_entries results { path metadata } }
          admin_pages(filter: {metadata: {has_key: \"description\"}}) { results { slug } } user(email: \"a@b.c\") { id }
          activities(uuids: [], sort: {created_at: {order: DESC}}) { total_entries } constants { results { name value } } }",
        json!({ "name": "create_payment" }),
    );
    insta::assert_json_snapshot!("graphql_catalog", answer);
}

#[test]
fn request_types_are_typed_mutations() {
    let bench = bench();
    let answer = bench.outside(
        "mutation pay($data: CreatePaymentData) {
          create_payment(data: $data, config: {gateway: \"stripe\"}, idempotency_key: \"k1\") {
            execution request_type state replayed gateway { status id request_id }
            record { id table properties amount: property_int(name: \"amount\") } errors { message code field } } }",
        json!({ "data": { "amount": 500, "currency": "usd", "metadata": { "b": 1, "a": 2 }, "capture": null } }),
    );
    insta::assert_json_snapshot!("graphql_request_type", answer);
    assert!(!answer.to_string().contains("canary"));
    bench
        .outside("mutation { zebra_create_payment(data: {any: {thing: 1}}) { state } }", json!({}));
    assert_eq!(
        bench.fake.said(),
        [
            "stripe create_payment {\"amount\":500,\"currency\":\"usd\",\"metadata\":{\"b\":1,\"a\":2}} {\"gateway\":\"stripe\"} Some(\"k1\")",
            "zebra create_payment {\"any\":{\"thing\":1}} null None",
        ]
    );
    for (data, says) in [
        ("{amount: \"500\"}", "`data`.amount is a text, and Int is asked for"),
        ("{amount: 5.5}", "`data`.amount is a decimal number, and Int is asked for"),
        ("{amout: 500}", "`data` has a key `amout` that CreatePaymentData does not know"),
    ] {
        let source = format!("mutation {{ create_payment(data: {data}) {{ state }} }}");
        assert_eq!(message(&bench.outside(&source, json!({}))), says);
    }
    assert_eq!(bench.fake.said().len(), 2, "what has a wrong type reaches nobody");
}

#[test]
fn no_slip_runs_a_mutation_twice() {
    let bench = bench();
    let pay = "create_payment(data: {amount: 500}) { state }";
    for source in [
        format!("mutation {{ {pay} {pay} }}"),
        format!("mutation {{ {pay} ...again }} fragment again on Mutation {{ {pay} }}"),
        format!("mutation {{ {pay} ... {{ ... on Mutation {{ {pay} }} }} }}"),
    ] {
        let answer = bench.outside(&source, json!({}));
        assert!(message(&answer).contains("two mutations `create_payment`"), "{source}: {answer}");
    }
    assert!(bench.fake.said().is_empty());
    let skipped = pay.replace(") {", ") @skip(if: true) {");
    let source = format!("mutation {{ {pay} {skipped} b: {pay} }}");
    assert_eq!(bench.outside(&source, json!({}))["errors"], json!(null));
    assert_eq!(bench.fake.said().len(), 2);
}

#[test]
fn a_large_variable_is_not_multiplied() {
    let bench = bench();
    let list = "$v ".repeat(20_000);
    let source =
        format!("mutation ($v: Any) {{ session_create_field(name: \"n\", value: [{list}]) }}");
    let answer = bench.outside(&source, json!({ "v": "x".repeat(100_000) }));
    assert!(message(&answer).contains("too large"), "{}", message(&answer));
    assert!(bench.fake.said().is_empty());
}

#[test]
fn executions_are_shown_without_secrets() {
    let bench = bench();
    let list = bench.outside(
        "{ executions(states: [unknown, running], kind: \"webhook_event\") { total_entries total_pages
            results { id kind name state attempt error created_at finished_at outcome event steps { seq } } } }",
        json!({}),
    );
    let one = bench.outside(
        "query ($id: ID!) { execution(id: $id) { name event outcome steps { seq kind request response created_at } }
          none: execution(id: \"none\") { id } }",
        json!({ "id": "01J" }),
    );
    insta::assert_json_snapshot!("graphql_executions", [list, one]);
    let answer = bench.outside("{ executions(states: [lost]) { total_entries } }", json!({}));
    assert!(message(&answer).contains("is not one of available, running"), "{answer}");
    assert_eq!(bench.fake.said(), ["executions [Unknown, Running] Some(\"webhook_event\") None"]);
}

#[test]
fn secrets_neither_leave_nor_are_guessed() {
    let bench = bench();
    for source in [
        "{ records(filter: {properties: {name: \"pin\", starts_with: \"c\"}}) { total_entries } }",
        "{ records(filter: {or: [{properties: {name: \"pin\", value: \"canary\"}}]}) { total_entries } }",
        "{ records(sort: {properties: {name: \"pin\"}}) { total_entries } }",
        "{ customizations(properties: {name: \"pin\", value: \"canary\"}) { total_entries } }",
        "{ customizations(sort: {name: \"properties.pin\"}) { total_entries } }",
    ] {
        let answer = bench.outside(source, json!({}));
        assert!(message(&answer).contains("is secret"), "{source}: {answer}");
    }
    let all = "{ records { results { properties a: property(name: \"pin\") b: property_json(name: \"pin\") } }
        customizations { results { properties property(name: \"pin\") } } constants { results { name value } } }";
    assert!(!bench.outside(all, json!({})).to_string().contains("canary"));
    // Templates see constants anyway, and secret properties no more than others do.
    let seen = bench.liquid(all, json!({})).to_string();
    assert_eq!((seen.matches("canary").count(), seen.matches("sk_test_canary").count()), (1, 1));
}

#[test]
fn variables_are_read_as_the_platform_does() {
    let bench = bench();
    let source = "query q($id: ID!, $page: Int = 1, $on: Boolean = false) {
        records(filter: { id: { value: $id } }, page: $page, sort: [{ created_at: { order: desc } }]) { current_page
          ...rows @include(if: $on) results @skip(if: $on) { id } } }
        fragment rows on RecordCollection { results { ...row } } fragment row on Record { table }";
    let plain = bench.liquid(source, json!({ "id": 1 }));
    assert_eq!(plain, json!({ "records": { "current_page": 1, "results": [{ "id": "1" }] } }));
    let other = bench.liquid(source, json!({ "id": 1, "on": "true", "page": null }));
    assert_eq!(other["records"]["results"], json!([{ "table": "modules/payments/payment" }]));
    let missing = bench.liquid(source, json!({ "id": null }));
    assert_eq!(
        missing,
        json!({ "errors": [{ "message": "The variable $id of type ID! is null, and ID! is asked for",
            "locations": [{ "line": 1, "column": 9 }] }] })
    );
    // From outside the letter counts.
    let answer = bench.outside(source, json!({ "id": 1, "page": "1" }));
    assert!(answer["data"].is_null() && message(&answer).contains("is a text"), "{answer}");
    let answer =
        bench.outside("{ records(sort: {created_at: {order: desc}}) { per_page } }", json!({}));
    assert!(message(&answer).contains("is not one of ASC, DESC"), "{answer}");
}

#[test]
fn operations_are_chosen_by_name() {
    let bench = bench();
    let source = "query b { records { per_page } } mutation a { constant_set(name: \"a\", value: \"b\") { name } }";
    let run =
        |name| bench.schema.execute(source, name, &json!({}), bench.fake.clone(), Limits::OUTSIDE);
    assert!(message(&run(None)).contains("several operations"));
    assert_eq!(run(Some("b"))["data"]["records"]["per_page"], 20);
    assert!(message(&run(Some("c"))).contains("no operation `c`"));
    assert!(bench.fake.said().is_empty(), "the other operation did not run");
}

#[test]
fn faults_of_a_document_are_told_with_their_place() {
    let bench = bench();
    let source = "query q($a: Nope) {\n  records(filtre: {}) { results { idd } }\n}\nmutation m($s: String) {\n  record_create(record: {table: 5, properties: [{value: $s}]}) { id { x } }\n  record_update(record: {}) { id } customization_delete(id: $x)\n  ...lost @defer\n}\n";
    let problems = bench.schema.check(source).iter().fold(String::new(), |mut all, problem| {
        let _ = writeln!(all, "{}:{} {}", problem.line, problem.column, problem.message);
        all
    });
    insta::assert_snapshot!("graphql_problems", problems);
    assert_eq!(bench.schema.check("query ($t: String, $d: [String!]) { records(filter: {table: {value: $t, value_in: $d}}) { per_page } }"), []);
    for broken in ["", "{", "{ records( }", "subscription { a }", "query {}"] {
        assert_eq!(bench.schema.check(broken).len(), 1, "{broken}");
    }
}

#[test]
fn bombs_are_answered_with_an_error() {
    let bench = bench();
    let nested = |n: usize| {
        format!(
            "{{ records {{ results {{ {} id {} }} }} }}",
            "related_record(table: \"t\") { ".repeat(n),
            "}".repeat(n)
        )
    };
    let spread: String = (0..40).fold(String::new(), |mut all, n| {
        let _ = write!(all, "fragment f{n} on Record {{ ...f{} ...f{} }} ", n + 1, n + 1);
        all
    });
    let spread =
        format!("{{ records {{ results {{ ...f0 }} }} }} {spread} fragment f40 on Record {{ id }}");
    let many: String = (0..1_000).fold(String::new(), |mut all, n| {
        let _ = write!(all, "a{n}: records {{ per_page }} ");
        all
    });
    for (source, says) in [
        (nested(20), "has depth 23"),
        (nested(1_000), "nested deeper"),
        (spread, "has complexity"),
        (format!("{{ {many} }}"), "has complexity"),
        ("{ records(per_page: 9999) { results { id } } }".to_owned(), "has complexity"),
        (
            "{ records { ...a } } fragment a on RecordCollection { ...a }".to_owned(),
            "contains itself",
        ),
        (
            format!(
                "{{ records(page: {}1{}) {{ per_page }} }}",
                "[".repeat(30_000),
                "]".repeat(30_000)
            ),
            "nested deeper",
        ),
        (format!("{{ records {{ per_page }} }} #{}", "x".repeat(70_000)), "longer than"),
        (
            format!("{{ records(page: {}1{}) {{ per_page }} }}", "[".repeat(55), "]".repeat(55)),
            "is a list, and Int",
        ),
        (
            format!("{{ {} records {{ per_page }} {} }}", "... { ".repeat(55), "}".repeat(55)),
            "no error",
        ),
        ("{ records(per_page: 0) { per_page } }".to_owned(), "from 1 to"),
        ("{ __schema { types { name } } }".to_owned(), "can not be read here"),
    ] {
        let answer = bench.outside(&source, json!({}));
        assert!(message(&answer).contains(says), "{says}: {answer}");
    }
}

#[test]
fn the_schema_is_read_where_the_caller_says_so() {
    let bench = bench();
    let source = "query ($n: String!) { __schema { queryType { ...t } } __type(name: $n) { ...t inputFields { name type { name } } } }
        fragment t on __Type { __typename name }";
    let limits = Limits::OUTSIDE.with_introspection();
    let variables = json!({ "n": "CreatePaymentData" });
    let answer = bench.schema.execute(source, None, &variables, bench.fake.clone(), limits);
    assert_eq!(answer["data"]["__schema"]["queryType"]["name"], "Query");
    assert_eq!(
        answer["data"]["__type"]["inputFields"][0],
        json!({ "name": "amount", "type": { "name": "Int" } })
    );
}
