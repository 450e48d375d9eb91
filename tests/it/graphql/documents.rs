//! Documents: variables, choice of operation, errors with their location, limits, bombs.

use super::bench::{bench, message};
use serde_json::json;
use sluicegate::graphql::limits::Limits;
use std::fmt::Write as _;

#[test]
fn a_large_variable_is_not_multiplied() {
    let bench = bench();
    let list = "$v ".repeat(20_000);
    let source =
        format!("mutation ($v: Any) {{ session_create_field(name: \"n\", value: [{list}]) }}");
    let answer = bench.outside(&source, json!({ "v": "x".repeat(100_000) }));
    assert!(message(&answer).contains("too large"), "{}", message(&answer));
    assert!(bench.fake.calls().is_empty());
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
    // For external callers, case matters.
    let answer = bench.outside(source, json!({ "id": 1, "page": "1" }));
    assert!(answer.get("data").is_none() && message(&answer).contains("is a text"), "{answer}");
    let answer =
        bench.outside("{ records(sort: {created_at: {order: desc}}) { per_page } }", json!({}));
    assert!(message(&answer).contains("is not one of ASC, DESC"), "{answer}");
}

#[test]
fn operations_are_chosen_by_name() {
    let bench = bench();
    let source = "query b { records { per_page } } mutation a { constant_set(name: \"a\", value: \"b\") { name } }";
    let run = |name| bench.execute(source, name, &json!({}), Limits::EXTERNAL);
    assert!(message(&run(None)).contains("several operations"));
    assert!(message(&run(Some(""))).contains("several operations"));
    assert_eq!(run(Some("b"))["data"]["records"]["per_page"], 20);
    assert!(message(&run(Some("c"))).contains("no operation `c`"));
    assert!(bench.fake.calls().is_empty(), "the other operation did not run");
}

#[test]
fn errors_of_a_document_have_their_location() {
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
        ("{ __schema { types { name } } }".to_owned(), "Introspection is disabled"),
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
    let limits = Limits::EXTERNAL.with_introspection();
    let variables = json!({ "n": "CreatePaymentData" });
    let answer = bench.execute(source, None, &variables, limits);
    assert_eq!(answer["data"]["__schema"]["queryType"]["name"], "Query");
    assert_eq!(
        answer["data"]["__type"]["inputFields"][0],
        json!({ "name": "amount", "type": { "name": "Int" } })
    );
}

#[test]
fn full_introspection_stays_within_its_limits() {
    let bench = bench();
    let of = "ofType { kind name ".repeat(8) + &"}".repeat(8);
    let source = format!(
        "query IntrospectionQuery {{ __schema {{ queryType {{ name }} mutationType {{ name }}
            types {{ ...whole }} directives {{ name locations args {{ ...input }} }} }} }}
        fragment whole on __Type {{ kind name description fields(includeDeprecated: true) {{
            name description args {{ ...input }} type {{ ...ref }} isDeprecated deprecationReason }}
            inputFields {{ ...input }} interfaces {{ ...ref }}
            enumValues(includeDeprecated: true) {{ name description }} possibleTypes {{ ...ref }} }}
        fragment input on __InputValue {{ name description type {{ ...ref }} defaultValue }}
        fragment ref on __Type {{ kind name {of} }}"
    );
    let limits = Limits::EXTERNAL.with_introspection();
    let answer = bench.execute(&source, None, &json!({}), limits);
    assert_eq!(answer["errors"], json!(null));
    let types = answer["data"]["__schema"]["types"].as_array().map_or(0, Vec::len);
    assert!(types > 50, "{types}");
}

#[test]
fn a_damaged_document_is_answered() {
    fn is_shared<T: Send + Sync>(_: &T) {}
    let bench = bench();
    is_shared(&bench.schema);
    let source = "query q($id: ID = 1, $on: Boolean! = true, $f: [PropertyFilter!]) { a: records(per_page: 2, filter: {id:         {value: $id}, properties: $f}) { results { ...r @include(if: $on) ... on Record { property(name: \"a\\n\") } } } }         fragment r on Record { id related_records(table: [\"refund\"], limit: 3) { properties } }";
    let mut ran = 0;
    for at in 0..source.len() {
        for put in ["", "{", "}", "(", "\"", "$", "!", "x", "9"] {
            let damaged = format!("{}{put}{}", &source[..at], &source[at + 1..]);
            let answer = bench.outside(&damaged, json!({ "f": null }));
            assert!(answer["data"].is_object() || !message(&answer).is_empty(), "{damaged}");
            ran += usize::from(answer["data"].is_object());
            bench.schema.check(&damaged);
        }
    }
    assert!(ran > 100, "some of them are still documents: {ran}");
}

#[test]
fn what_is_left_out_is_not_asked() {
    let bench = bench();
    let source = "mutation ($on: Boolean = false) { constant_set(name: \"a\", value: \"b\") @include(if: $on) { name } }";
    assert_eq!(bench.outside(source, json!({})), json!({ "data": {} }));
    assert_eq!(
        bench.liquid(source, json!({ "on": "" })),
        json!({ "errors": [
        { "message": "`if` is null, and Boolean! is asked for", "locations": [{ "line": 1, "column": 84 }] }] })
    );
    assert!(bench.fake.calls().is_empty());
    let answer = bench.outside("{ records { nothing } }", json!({}));
    assert!(answer.get("data").is_none(), "a document that did not run has no data: {answer}");
}
