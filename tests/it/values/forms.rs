//! Every value that is posted is read once, the same way by validation and cast.

use super::SECRET;
use crate::support::host::{Instance, TestHost};
use crate::support::html::form;
use crate::support::http::Visitor;
use serde_json::{Value as Json, json};

/// An instance with a form of every kind of number and date.
fn host() -> TestHost {
    let instance = Instance::new().variable("STRIPE_WEBHOOK_SECRET", SECRET);
    let table = "name: event\nproperties:\n  - name: seats\n    type: integer\n  - name: limit\n    type: integer\n  \
        - name: price\n    type: float\n  - name: day\n    type: date\n  - name: starts_at\n    type: datetime\n  \
        - name: email\n    type: string\n  - name: lines\n    type: json\n";
    let rules = "---\nname: event_form\nresource: modules/shop/event\nresource_owner: anyone\nfields:\n  properties:\n    \
        seats:\n      validation:\n        numericality:\n          only_integer: true\n          allow_nil: true\n    limit:\n    \
        price:\n    email:\n    lines:\n    day:\n      validation:\n        date:\n          after: 2030-01-01\n          \
        on_or_before: \"{{ '2040-01-01' }}\"\n          allow_nil: true\n    starts_at:\n      validation:\n        \
        datetime:\n          after: 2020-06-01T10:00\n          allow_nil: true\n---\n\
        {% form %}<button data-test=\"send\">Send</button>{% endform %}";
    let values =
        r#"{ "name": "Shop", "machine_name": "shop", "version": "1.0.0", "profile": "modern" }"#;
    instance.write("modules/shop/template-values.json", values);
    instance.write("modules/shop/public/custom_model_types/event.yml", table);
    instance.write("modules/shop/public/form_configurations/event_form.liquid", rules);
    let page = "---\nslug: event\n---\n{% include_form 'modules/shop/event_form' %}";
    instance.write("views/pages/event.liquid", page);
    instance.serve_with(&["--sandbox-addr", "127.0.0.1:0"])
}

/// Posts further bytes with the form; the status, and the newest record's properties if one was
/// made.
#[track_caller]
fn post(host: &TestHost, visitor: &mut Visitor, more: &str) -> (u16, Option<Json>) {
    let before = host.records("modules/shop/event").len();
    let sent = form(&visitor.get("/event").expect(200).text(), "send");
    let body = format!("{}&{more}", crate::support::http::encode(&sent.pairs));
    let headers =
        [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")];
    let answer = visitor.send("POST", &sent.action, &headers, body.as_bytes());
    let records = host.records("modules/shop/event");
    let made = records.len() > before;
    (answer.status, made.then(|| records[0]["properties"].clone()))
}

#[track_caller]
fn property(
    host: &TestHost,
    visitor: &mut Visitor,
    name: &str,
    value: &str,
) -> (u16, Option<Json>) {
    let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let (status, record) =
        post(host, visitor, &format!("form[properties_attributes][{name}]={value}"));
    (status, record.map(|record| record[name].clone()))
}

#[test]
fn dates_and_numbers_are_stored_as_such_or_refused() {
    let host = host();
    let mut visitor = host.visitor();
    for (name, value, stored) in [
        ("day", "2031-01-01", json!("2031-01-01")),
        ("day", "2040-01-01", json!("2040-01-01")),
        ("starts_at", "2029-01-01T10:00", json!("2029-01-01T10:00:00Z")),
        ("starts_at", "2029-01-01T10:00:30+02:00", json!("2029-01-01T08:00:30Z")),
        ("starts_at", "2029-01-01", json!("2029-01-01T00:00:00Z")),
        ("seats", " 7 ", json!(7)),
        ("seats", "-0", json!(0)),
        ("limit", "", json!(null)),
        ("price", "1e3", json!(1000.0)),
        ("price", ".5", json!(0.5)),
    ] {
        assert_eq!(
            property(&host, &mut visitor, name, value),
            (200, Some(stored)),
            "{name} {value}"
        );
    }
    for (name, value) in [
        ("day", "2020-01-01"),
        ("day", "2030-01-01"),
        ("day", "2040-01-02"),
        ("day", "2031-01-01rubbish"),
        ("day", "2031-02-29"),
        ("starts_at", "2020-06-01T10:00"),
        ("starts_at", "2029-01-01T10:00rubbish"),
        ("starts_at", "soon"),
        ("seats", "1e1"),
        ("seats", "3.0"),
        ("seats", "99999999999999999999"),
        ("limit", "1e1"),
        ("limit", "many"),
        ("price", "inf"),
        ("price", "1e400"),
        ("price", "NaN"),
    ] {
        assert_eq!(property(&host, &mut visitor, name, value), (422, None), "{name} {value}");
    }
    // A range filter finds the times.
    let query = "{ records(filter: { table: { value: \"modules/shop/event\" }, properties: [{ name: \"starts_at\", \
        range: { gte: \"2029-01-01T09:00:00Z\" } }] }) { total_entries } }";
    assert_eq!(host.graphql(query, &json!({}))["records"]["total_entries"], 1);
}

#[test]
fn bytes_that_are_not_text_are_400() {
    let host = host();
    let mut visitor = host.visitor();
    let name = "form[properties_attributes][email]";
    for bad in ["zo%EB@x.org", "%C3", "%ED%A0%80"] {
        assert_eq!(post(&host, &mut visitor, &format!("{name}={bad}")), (400, None), "{bad}");
        assert_eq!(visitor.get(&format!("/event?q={bad}")).status, 400, "{bad}");
    }
    let (status, record) = post(&host, &mut visitor, &format!("{name}=zo%C3%AB@x.org"));
    assert_eq!((status, &record.expect("a record")["email"]), (200, &json!("zoë@x.org")));
    let part = b"--b\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nzo\xeb\r\n--b--\r\n";
    let headers = [("Content-Type", "multipart/form-data; boundary=b")];
    assert_eq!(visitor.send("POST", "/api/customizations", &headers, part).status, 400);
    let json = b"{\"data\": {\"amount\": 500, \"currency\": \"usd\", \"description\": \"zo\xeb\"}}";
    let headers = [("Content-Type", "application/json")];
    assert_eq!(host.send("POST", "/api/request_types/create_payment", &headers, json).status, 400);
    let (status, record) = post(&host, &mut visitor, &format!("{name}=a%00b"));
    assert!(status < 500 || record.is_none(), "{status}");
    assert_ne!(status, 500);
}

#[test]
fn a_basket_keeps_its_prices() {
    let host = host();
    let mut visitor = host.visitor();
    let lines = "form[properties_attributes][lines]";
    let basket = format!(
        "{lines}[][price][name]=A&{lines}[][price][amount]=1&{lines}[][quantity]=1&\
        {lines}[][price][name]=B&{lines}[][price][amount]=2&{lines}[][quantity]=2"
    );
    let (status, record) = post(&host, &mut visitor, &basket);
    let whole = json!([{ "price": { "name": "A", "amount": "1" }, "quantity": "1" },
        { "price": { "name": "B", "amount": "2" }, "quantity": "2" }]);
    assert_eq!((status, &record.expect("a record")["lines"]), (200, &whole));
}

#[test]
fn names_of_metadata_are_kept_or_refused() {
    let host = host();
    let pay = |metadata: Json| {
        let data =
            json!({ "amount": 500, "currency": "usd", "source": "tok_visa", "metadata": metadata });
        host.request_type("create_payment", &json!({ "data": data }))
    };
    for bad in [
        json!({ "": "x" }),
        json!({ " ": "x" }),
        json!({ "a": { "": "x" } }),
        json!("{\"\": \"x\"}"),
        json!({ "sluicegate_operation": "mine" }),
        json!({ "a[b]": "x" }),
        json!({ "sluicegate_operation]": "mine" }),
        json!("{\"sluicegate_operation\": \"mine\"}"),
    ] {
        let refused = pay(bad.clone()).expect(422).json();
        assert_eq!(
            (&refused["state"], &refused["errors"][0]["field"]),
            (&json!("invalid"), &json!("metadata")),
            "{bad}"
        );
    }
    assert!(host.stripe.charges().is_empty());
    let paid = pay(json!({ "a b": "1", "é": "2" }));
    let kept = host.stripe.charges()[0]["metadata"].clone();
    assert_eq!((paid.status, &kept["a b"], &kept["é"]), (200, &json!("1"), &json!("2")), "{kept}");
    let account = json!({ "country": "US", "business_profile": { "": "x" } });
    let refused =
        host.request_type("create_account", &json!({ "data": account })).expect(422).json();
    assert_eq!(refused["errors"][0]["field"], "business_profile");
}
