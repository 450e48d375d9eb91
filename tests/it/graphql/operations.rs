//! The platform's operations, executions, and one typed mutation per request type.

use super::bench::{bench, message};
use serde_json::json;
use std::fmt::Write as _;

#[test]
fn the_schema_of_a_small_catalog() {
    let bench = bench();
    insta::assert_snapshot!("graphql_schema", bench.schema.sdl());
    let diagnostics =
        bench.schema.diagnostics().iter().fold(String::new(), |mut all, diagnostic| {
            let _ = writeln!(all, "{diagnostic}");
            all
        });
    insta::assert_snapshot!("graphql_faults", diagnostics);
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
    insta::assert_snapshot!("graphql_operations_said", bench.fake.calls().join("\n"));
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
            execution request_type state replayed gateway { status id request_id body }
            record { id table properties amount: property_int(name: \"amount\") } errors { message code field } } }",
        json!({ "data": { "amount": 500, "currency": "usd", "metadata": { "b": 1, "a": 2 }, "capture": null } }),
    );
    insta::assert_json_snapshot!("graphql_request_type", answer);
    assert!(!answer.to_string().contains("canary"));
    bench
        .outside("mutation { zebra_create_payment(data: {any: {thing: 1}}) { state } }", json!({}));
    assert_eq!(
        bench.fake.calls(),
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
    assert_eq!(bench.fake.calls().len(), 2, "what has a wrong type reaches nobody");
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
        assert!(message(&answer).contains("names `create_payment` twice"), "{source}: {answer}");
    }
    assert!(bench.fake.calls().is_empty());
    let skipped = pay.replace(") {", ") @skip(if: true) {");
    let source = format!("mutation {{ {pay} {skipped} b: {pay} }}");
    assert_eq!(bench.outside(&source, json!({}))["errors"], json!(null));
    assert_eq!(bench.fake.calls().len(), 2);
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
    assert_eq!(bench.fake.calls(), ["executions [Unknown, Running] Some(\"webhook_event\") None"]);
}
