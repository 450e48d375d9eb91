//! An answer changes only the record that it belongs to.

use super::run;
use crate::support::host::{Instance, TestHost};
use serde_json::{Value as Json, json};

#[track_caller]
fn pay(host: &TestHost, capture: bool) -> Json {
    let data =
        json!({ "amount": 1000, "currency": "usd", "source": "tok_visa", "capture": capture });
    run(host, "create_payment", &data)
}

/// The properties of a record, or null.
fn properties(host: &TestHost, table: &str, outcome: &Json) -> Json {
    let all = host.records(&format!("modules/payments/{table}"));
    let found = all.iter().find(|one| one["id"] == outcome["record"]["id"]);
    found.map_or(Json::Null, |one| one["properties"].clone())
}

#[test]
fn another_records_id_changes_nothing_of_it() {
    let host = TestHost::start();
    let customer =
        run(&host, "create_customer", &json!({ "email": "a@example.com", "source": "tok_visa" }));
    let account = json!({ "country": "US", "email": "m@example.com" });
    let account = run(&host, "create_account", &account);
    let (a, b) = (pay(&host, true), pay(&host, true));
    let untouched = [("payment", &b), ("customer", &customer), ("account", &account)];
    let before = untouched.map(|(table, one)| properties(&host, table, one));
    let others = [&b["record"]["id"], &customer["record"]["id"], &account["record"]["id"]];
    let others =
        others.map(Json::clone).into_iter().chain([json!("abc"), json!("999999"), json!("-1")]);

    for other in others {
        let data = json!({ "charge": a["gateway"]["id"], "amount": 10, "payment_id": other });
        let refund = run(&host, "create_refund", &data);
        assert_eq!(refund["errors"], json!([]), "{refund:#}");
        assert_eq!(refund["record"]["properties"]["payment_id"], a["record"]["id"], "{other}");

        let held = pay(&host, false);
        let data = json!({ "gateway_id": held["gateway"]["id"], "payment_id": other });
        let captured = run(&host, "capture_payment", &data);
        assert_eq!(captured["record"]["id"], held["record"]["id"], "{other}");

        if other != account["record"]["id"] {
            let data = json!({ "gateway_id": account["gateway"]["id"], "id": other,
                "email": "m@example.com" });
            let changed = run(&host, "create_account", &data);
            assert_eq!(changed["record"]["id"], account["record"]["id"], "{other}");
        }

        let person = json!({ "account_id": account["gateway"]["id"], "first_name": "Ada" });
        let person = run(&host, "create_person", &person);
        let data = json!({ "account_id": account["gateway"]["id"], "id": other,
            "gateway_id": person["gateway"]["id"], "first_name": "Eve" });
        let changed = run(&host, "create_person", &data);
        assert_eq!(changed["record"]["id"], person["record"]["id"], "{other}");

        let data = json!({ "customer_id": customer["gateway"]["id"], "source": "tok_visa" });
        let card = run(&host, "create_credit_card", &data);
        let data = json!({ "customer_id": customer["gateway"]["id"], "id": other,
            "gateway_id": card["gateway"]["id"] });
        // The event of the deletion may have deleted the record before.
        let gone = run(&host, "delete_credit_card", &data)["record"]["id"].clone();
        assert!(gone == card["record"]["id"] || gone.is_null(), "{other}");
        assert_eq!(properties(&host, "credit_card", &card), Json::Null, "{other}");

        let empty = json!({ "country": "US", "email": "e@example.com" });
        let empty = run(&host, "create_account", &empty);
        let data = json!({ "gateway_id": empty["gateway"]["id"], "id": other });
        let gone = run(&host, "delete_account", &data);
        assert_eq!(gone["record"]["id"], empty["record"]["id"], "{other}");
    }
    let after = untouched.map(|(table, one)| properties(&host, table, one));
    assert_eq!(after, before);
    assert_eq!(properties(&host, "payment", &a)["state"], "partially_refunded");
}

#[test]
fn of_two_records_of_one_object_the_named_one_changes() {
    let host = TestHost::start();
    let held = pay(&host, false);
    let copy = "mutation($id: String!) { record_create(record: { table: \"modules/payments/payment\", \
        properties: [{ name: \"gateway_id\", value: $id }] }) { id } }";
    let copy = host.graphql(copy, &json!({ "id": held["gateway"]["id"] }));
    assert_ne!(copy["record_create"]["id"], held["record"]["id"]);
    let data = json!({ "gateway_id": held["gateway"]["id"], "payment_id": held["record"]["id"] });
    let captured = run(&host, "capture_payment", &data);
    assert_eq!(captured["record"]["id"], held["record"]["id"]);
}

/// A module whose mapper answers what the caller says.
fn with_module() -> TestHost {
    let instance = Instance::new();
    let call = "---\nname: create_note\nto: https://api.stripe.com/v1/customers\nrequest_type: POST\n\
        params:\n  id: { type: string }\n  gateway_id: { type: string }\n  count: { type: string }\n\
        headers: >-\n  {%- function headers = 'modules/stripe/request/headers' -%}\n  {{ headers | json }}\n---\n";
    let mapper = "{ \"id\": {{ data.id | json }}, \"properties\": [\n\
        { \"name\": \"gateway_id\", \"value\": {{ data.gateway_id | json }} },\n\
        { \"name\": \"count\", \"value\": {{ data.count | json }} }],\n\
        \"records\": [{ \"form\": \"modules/notes/create_note_form\", \"action\": \"create\", \"properties\": [\n\
        { \"name\": \"count\", \"value\": 7 }] }] }";
    let form = "---\nname: create_note_form\nresource: modules/notes/note\nresource_owner: anyone\n\
        request_allowed: false\nfields:\n  properties:\n    gateway_id:\n      validation:\n        presence: true\n    count:\n---\n";
    let table = "name: note\nproperties:\n  - name: gateway_id\n    type: string\n  - name: count\n    type: integer\n";
    let values = r#"{ "name": "Notes", "machine_name": "notes", "version": "1.0.0", "profile": "modern",
        "dependencies": { "payments": "^1.0.0", "stripe": "^1.0.0" }, "default_gateway": "notes" }"#;
    for (path, text) in [
        ("public/notifications/api_call_notifications/create_note.liquid", call),
        ("public/views/partials/response_mapper/create_note.liquid", mapper),
        ("public/form_configurations/create_note_form.liquid", form),
        ("public/custom_model_types/note.yml", table),
        ("template-values.json", values),
    ] {
        instance.write(&format!("modules/notes/{path}"), text);
    }
    instance.serve()
}

#[test]
fn an_answer_without_an_id_is_kept_and_told_but_no_record_is_written() {
    let host = with_module();
    let ask = |data: Json| {
        let body = json!({ "data": data });
        host.request_type("create_note", &body).expect(200).json()
    };
    let outcome = ask(json!({ "count": "3" }));
    assert_eq!(outcome["record"], Json::Null, "{outcome:#}");
    let codes: Vec<_> =
        outcome["errors"].as_array().expect("errors").iter().map(|e| &e["code"]).collect();
    assert_eq!(
        codes,
        ["record_without_id", "record_without_id"],
        "the related one too: {outcome:#}"
    );
    assert!(host.records("modules/notes/note").is_empty());

    let outcome = ask(json!({ "gateway_id": "n1", "count": "many" }));
    assert_eq!(outcome["errors"][0]["code"], "record_invalid", "{outcome:#}");
    assert_eq!(outcome["errors"][0]["field"], "count");
    let first = outcome["record"]["id"].clone();
    let outcome = ask(json!({ "gateway_id": "n1", "count": "4", "id": first }));
    assert_eq!(
        (&outcome["record"]["id"], &outcome["record"]["properties"]["count"]),
        (&first, &json!(4))
    );
    let outcome = ask(json!({ "gateway_id": "n2", "count": "5", "id": first }));
    assert_ne!(outcome["record"]["id"], first, "another object's record is not overwritten");
    assert_eq!(host.records("modules/notes/note").len(), 2);
}
