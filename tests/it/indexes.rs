//! Indexes that tables declare: made while running, unique ones at the doors, named by `check`.

use crate::support::host::{Instance, TestHost};
use crate::support::wait::eventually;
use serde_json::{Value as Json, json};

const TABLE: &str = "custom_model_types/coupon.yml";

fn table(code: &str) -> String {
    format!(
        "name: coupon\nproperties:\n  - name: code\n    type: string\n{code}  - name: note\n    type: string\n"
    )
}

fn create(host: &TestHost, code: &str) -> Json {
    let query = "mutation($code: String) { record_create(record: { table: \"coupon\", \
                 properties: [{ name: \"code\", value: $code }] }) { id } }";
    let body = json!({ "query": query, "variables": { "code": code } });
    host.post_json("/graphql", &body).json()
}

fn message(answer: &Json) -> String {
    answer["errors"][0]["message"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_property_becomes_unique_while_the_server_runs() {
    let instance = Instance::new();
    instance.write(TABLE, &table(""));
    let host = instance.serve();
    assert_eq!(message(&create(&host, "winter")), "");
    assert_eq!(message(&create(&host, "spring")), "");
    host.instance.write(TABLE, &table("    unique: true\n"));
    let refused = eventually("it is unique", || {
        let answer = create(&host, "winter");
        if answer["errors"].is_null() {
            // Made before the index, which two of the same code may have kept from being made: out
            // of the way again, and the file is loaded once more.
            let id = answer["data"]["record_create"]["id"].clone();
            let delete = "mutation($id: ID!) { record_delete(id: $id) { id } }";
            host.graphql(delete, &json!({ "id": id }));
            let again = format!("{}# {id}\n", table("    unique: true\n"));
            host.instance.write(TABLE, &again);
            return Err("it was taken".to_owned());
        }
        Ok(answer)
    });
    let told = message(&refused);
    assert!(told.contains("another record of coupon has the same code, which is unique"), "{told}");
    assert_eq!(refused["errors"][0]["extensions"]["code"], "invalid", "{refused:#}");
    assert_eq!(message(&create(&host, "summer")), "");
    let told = message(&create(&host, &"x".repeat(501)));
    assert!(told.contains("`code` has an index and takes at most 500 characters"), "{told}");
    // No longer, once the file does not say so.
    host.instance.write(TABLE, &table(""));
    eventually("it is not unique", || {
        let told = message(&create(&host, "winter"));
        if told.is_empty() { Ok(()) } else { Err(told) }
    });
}

#[test]
fn an_index_that_cannot_be_made_is_told_on_the_console() {
    let instance = Instance::new();
    instance.write(TABLE, &table(""));
    let host = instance.serve();
    for _ in 0..2 {
        assert_eq!(message(&create(&host, "same")), "");
    }
    host.instance.write(TABLE, &table("    unique: true\n"));
    eventually("the console names it", || {
        let page = host.send("GET", "/console", &[], b"").expect(200).text();
        let told = page.contains("table coupon, property code: the index could not be made");
        if told { Ok(()) } else { Err(page) }
    });
}

#[test]
fn check_names_a_filter_without_an_index() {
    let instance = Instance::new();
    instance.write(TABLE, &table("    index: true\n"));
    let query = |property: &str, value: &str| {
        format!(
            "query coupons($it: String) {{ records(per_page: 5, filter: {{ table: {{ value: \
             \"coupon\" }} properties: [{{ name: \"{property}\", {value} }}] }}) {{ results {{ id \
             }} }} }}"
        )
    };
    let by_note = "coupon` has no index, so this reads the whole table";
    for (property, value, is_named) in [
        ("code", "value: $it", false),
        ("note", "value: $it", true),
        ("note", "range: { gt: \"a\" }", true),
        // No index would answer it.
        ("note", "contains: $it", false),
    ] {
        instance.write("graph_queries/coupons.graphql", &query(property, value));
        let told = instance.run(&["check"]).good().out;
        assert_eq!(told.contains(by_note), is_named, "{property} {value}: {told}");
    }
    instance.write(TABLE, &table("    secret: true\n    index: true\n"));
    let told = instance.run(&["check"]);
    let told = format!("{}{}", told.out, told.err);
    assert!(told.contains("the secret property `code` has an index"), "{told}");
}
