//! Records in both vocabularies: queried, shown, written, with their secrets redacted.

use super::bench::{bench, message};
use serde_json::json;

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
        // Templates pass what they have: a boolean, an undeclared property, a number as a string.
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
    insta::assert_snapshot!("graphql_writes", bench.fake.calls().join("\n"));
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
    // Templates can read constants anyway, but secret properties no more than others can.
    let seen = bench.liquid(all, json!({})).to_string();
    assert_eq!((seen.matches("canary").count(), seen.matches("sk_test_canary").count()), (1, 1));
}
