//! Webhooks: signed by the sandbox and by hand, stored once, processed, shown.

use crate::support::host::{Instance, TestHost};
use crate::support::html::texts;
use crate::support::http::Answer;
use crate::support::signature::{header, now};
use crate::support::wait::eventually;
use serde_json::{Value as Json, json};

const SECRET: &str = "whsec_of_the_test_0123456789";
const OTHER: &str = "whsec_another_0123456789";

fn host() -> TestHost {
    Instance::new().variable("STRIPE_WEBHOOK_SECRET", &format!("{OTHER}, {SECRET}")).serve()
}

fn event(id: &str, kind: &str, object: &Json) -> Vec<u8> {
    event_of(id, kind, object, now())
}

fn event_of(id: &str, kind: &str, object: &Json, created: i64) -> Vec<u8> {
    let body = json!({ "id": id, "object": "event", "type": kind, "livemode": false,
        "created": created, "api_version": "2020-03-02", "data": { "object": object } });
    // Bytes that no serializer would write again: the signature covers the raw body.
    format!("{body:#}  \n").into_bytes()
}

#[track_caller]
fn deliver(host: &TestHost, body: &[u8], signature: &str) -> Answer {
    let mut headers = vec![("Content-Type", "application/json; charset=utf-8")];
    if !signature.is_empty() {
        headers.push(("Stripe-Signature", signature));
    }
    host.send("POST", "/webhooks/listen", &headers, body)
}

#[track_caller]
fn deliver_signed(host: &TestHost, body: &[u8]) -> Answer {
    deliver(host, body, &header(body, SECRET, now()))
}

/// The stored events, newest first, as `(name, state)`.
fn events(host: &TestHost) -> Vec<(String, String)> {
    let query = "{ executions(kind: \"webhook_event\", per_page: 100) { total_entries results { name state } } }";
    let found = host.graphql(query, &json!({}))["executions"]["results"].clone();
    let text = |value: &Json| value.as_str().unwrap_or_default().to_lowercase();
    let list = found.as_array().cloned().unwrap_or_default();
    list.iter().map(|e| (text(&e["name"]), text(&e["state"]))).collect()
}

#[track_caller]
fn completed(host: &TestHost, kind: &str) {
    eventually(&format!("{kind} is completed"), || {
        let all = events(host);
        let is_there = all.iter().any(|(name, state)| name == kind && state == "completed");
        if is_there { Ok(()) } else { Err(format!("{all:?}\n{}", host.process.printed())) }
    });
}

/// The newest record of a table with this property value.
#[track_caller]
fn record_with(host: &TestHost, table: &str, property: &str, value: &str) -> Json {
    eventually(&format!("a {table} whose {property} is {value}"), || {
        let all = host.records(table);
        let found = all.iter().find(|record| record["properties"][property] == value).cloned();
        found.ok_or_else(|| format!("{all:?} {:?}", events(host)))
    })
}

#[track_caller]
fn pay(host: &TestHost, data: Json) -> Json {
    host.request_type("create_payment", &json!({ "data": data })).expect(200).json()
}

#[test]
fn a_signature_from_the_future_is_refused_where_a_setting_says_so() {
    let body = |id: &str| event(id, "customer.updated", &json!({ "id": "cus_1" }));
    let send = |host: &TestHost, id: &str, ahead: i64| {
        deliver(host, &body(id), &header(&body(id), SECRET, now() + ahead)).status
    };
    let stripes = host();
    assert_eq!(send(&stripes, "evt_ahead", 1_000_000), 200, "as in Stripe's libraries");
    let strict = Instance::new()
        .variable("STRIPE_WEBHOOK_SECRET", SECRET)
        .variable("SLUICEGATE_WEBHOOK_REFUSE_FUTURE", "true")
        .serve();
    assert_eq!(send(&strict, "evt_far", 400), 400);
    assert_eq!(send(&strict, "evt_near", 200), 200);
    assert_eq!(send(&strict, "evt_now", 0), 200);
    eventually("the reason is logged", || {
        let log = strict.process.printed();
        if log.contains("from the future") { Ok(()) } else { Err(log) }
    });
    let wrong = Instance::new().variable("SLUICEGATE_WEBHOOK_REFUSE_FUTURE", "yes");
    let ran = wrong.run(&["serve", "--addr", "127.0.0.1:0"]);
    assert!(ran.code != 0 && ran.err.contains("SLUICEGATE_WEBHOOK_REFUSE_FUTURE"), "{ran:?}");
}

#[test]
fn the_event_log_fills_by_itself() {
    let host = TestHost::start();
    let paid = pay(&host, json!({ "amount": 900, "currency": "usd", "source": "tok_visa" }));
    completed(&host, "charge.succeeded");
    let refund = json!({ "data": { "charge": paid["gateway"]["id"] } });
    host.request_type("create_refund", &refund).expect(200);
    completed(&host, "charge.refunded");
    let page = host.visitor().get("/events").expect(200).text();
    let rows = texts(&page, "event-row");
    assert!(
        rows.iter().any(|row| row.contains("charge.refunded") && row.contains("completed")),
        "{rows:?}"
    );
}

#[test]
fn only_what_stripe_signed_is_taken() {
    let host = host();
    let object = json!({ "id": "ch_unknown", "object": "charge" });
    let body = event("evt_signatures", "charge.refunded", &object);
    let good = header(&body, SECRET, now());
    let forged = header(&body, "whsec_somebody_elses_secret", now());
    let mut changed = body.clone();
    let last = changed.len() - 1;
    changed[last] = b' ';
    for (what, body, signature) in [
        ("a forged signature", &body, forged),
        ("an old timestamp", &body, header(&body, SECRET, now() - 400)),
        ("a changed byte", &changed, good.clone()),
        ("no signature", &body, String::new()),
        ("no v1", &body, format!("t={}", now())),
        ("only v0", &body, good.replace("v1=", "v0=")),
        ("no time", &body, good.split_once(',').expect("two parts").1.to_owned()),
        ("nonsense", &body, "t=,v1=,,=".to_owned()),
        ("an empty secret's signature", &body, header(&body, "", now())),
    ] {
        assert_eq!(deliver(&host, body, &signature).status, 400, "{what}");
    }
    assert!(events(&host).iter().all(|(name, _)| name != "charge.refunded"), "nothing was kept");
    deliver(&host, &body, &good).expect(200);
    // While a secret is rotated, both sign.
    let body = event("evt_rolled", "charge.refunded", &object);
    let (time, mine) = (now(), header(&body, OTHER, now()));
    let mine = mine.split_once(',').expect("two parts").1.to_owned();
    deliver(&host, &body, &format!("t={time},v1={},{mine}", "0".repeat(64))).expect(200);
}

#[test]
fn without_a_secret_everything_is_refused() {
    let sandbox = TestHost::start();
    let url = format!("http://{}", sandbox.stripe.addr);
    let host = Instance::new().serve_with(&["--stripe", &url]);
    let body = event("evt_nobody", "charge.refunded", &json!({ "id": "ch_1" }));
    deliver(&host, &body, &header(&body, "", now())).expect(400);
    deliver(&host, &body, &header(&body, SECRET, now())).expect(400);
}

#[test]
fn an_event_counts_once() {
    let host = host();
    let payout = json!({ "id": "po_once", "object": "payout", "amount": 700, "currency": "usd",
        "arrival_date": now(), "status": "paid" });
    let body = event("evt_once", "payout.paid", &payout);
    deliver_signed(&host, &body).expect(200);
    for _ in 0..5 {
        let again = deliver_signed(&host, &body).expect(200).json();
        assert_eq!(again["duplicate"], true, "{again}");
    }
    record_with(&host, "modules/payments/payout", "gateway_id", "po_once");
    let count = events(&host).iter().filter(|(name, _)| name == "payout.paid").count();
    assert_eq!(count, 1);
    assert_eq!(host.records("modules/payments/payout").len(), 1);
}

#[test]
fn the_newest_word_about_an_object_stands_in_whatever_order_it_arrives() {
    let host = host();
    let data = json!({ "data": { "email": "a@example.com", "country": "US", "external_id": "m" } });
    let made = host.request_type("create_account", &data).expect(200).json();
    let id = made["gateway"]["id"].as_str().expect("an id").to_owned();
    let newest = now() + 9;
    // Minutes and hours apart, so that what was read for one is not enough for every other.
    let ages = [7_200, 60, 0, 30, 100_000, 59, 20_000, 1];
    for age in ages {
        let account = json!({ "id": id, "object": "account", "email": format!("{age}@example.com"),
            "charges_enabled": true, "payouts_enabled": true, "details_submitted": true,
            "requirements": { "currently_due": [] } });
        let event = event_of(&format!("evt_{age}"), "account.updated", &account, newest - age);
        deliver_signed(&host, &event).expect(200);
    }
    eventually("all are completed", || {
        let all = events(&host);
        let is_done = |one: &&(String, String)| one.0 == "account.updated" && one.1 == "completed";
        if all.iter().filter(is_done).count() >= ages.len() {
            Ok(())
        } else {
            Err(format!("{all:?}"))
        }
    });
    record_with(&host, "modules/payments/account", "email", "0@example.com");
}

#[test]
fn an_unknown_event_is_stored_and_acknowledged() {
    let host = host();
    let body = event("evt_new", "radar.early_fraud_warning.created", &json!({ "id": "issfr_1" }));
    deliver_signed(&host, &body).expect(200);
    completed(&host, "radar.early_fraud_warning.created");
}

#[test]
fn a_signed_body_that_is_no_event_is_refused() {
    let host = host();
    for (what, body) in [
        ("not JSON", b"hello".to_vec()),
        ("not UTF-8", vec![0xff, 0xfe, 0x00]),
        ("empty", Vec::new()),
        ("a list", b"[]".to_vec()),
        ("no id", b"{\"type\": \"charge.refunded\"}".to_vec()),
        ("deep nesting", format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000)).into_bytes()),
    ] {
        assert_eq!(deliver_signed(&host, &body).status, 400, "{what}");
    }
    assert!(events(&host).is_empty());
    // Every type that Stripe signs is kept; no processor is named outside its folder.
    for (place, kind) in ["../../secrets/steal", "charge/refunded", "{{ 1 }}"].iter().enumerate() {
        let body = event(&format!("evt_path_{place}"), kind, &json!({ "id": "ch_1" }));
        deliver_signed(&host, &body).expect(200);
        completed(&host, kind);
    }
}

#[test]
fn ten_megabytes_are_refused_and_the_process_lives() {
    let mut host = host();
    let body = vec![b' '; 10 * 1024 * 1024];
    let answer = deliver(&host, &body, &header(b"", SECRET, now()));
    assert_eq!(answer.status, 413, "{}", answer.text());
    assert!(host.process.is_alive());
    host.visitor().get("/").expect(200);
}

#[test]
fn processors_change_the_records_of_what_happened_at_stripe() {
    let host = TestHost::start();
    let stripe = host.stripe;
    // charge.refunded: a refund in Stripe's dashboard.
    let paid =
        pay(&host, json!({ "amount": 5000, "currency": "usd", "source": "tok_bypassPending" }));
    let charge = paid["gateway"]["id"].as_str().expect("an id").to_owned();
    stripe.api("POST", "/v1/refunds", &[("charge", &charge), ("amount", "1000")]).expect(200);
    let payment = record_with(&host, "modules/payments/payment", "state", "partially_refunded");
    assert_eq!(payment["properties"]["amount_refunded_cents"], 1000);
    // payout.paid, payout.failed
    stripe.api("POST", "/v1/payouts", &[("amount", "1000"), ("currency", "usd")]).expect(200);
    stripe.control("POST", "/clock", &json!({ "days": 5 }));
    record_with(&host, "modules/payments/payout", "state", "paid");
    // customer.deleted
    let customer = json!({ "data": { "email": "bob@example.com", "source": "tok_visa" } });
    let customer = host.request_type("create_customer", &customer).expect(200).json();
    let id = customer["gateway"]["id"].as_str().expect("an id").to_owned();
    stripe.api("DELETE", &format!("/v1/customers/{id}"), &[]).expect(200);
    eventually("the customer's record is gone", || {
        let all = host.records("modules/payments/customer");
        if all.is_empty() { Ok(()) } else { Err(format!("{all:?} {:?}", events(&host))) }
    });
    // account.updated, transfer.created
    let account = [
        ("type", "custom"),
        ("country", "US"),
        ("email", "eve@example.com"),
        ("capabilities[transfers][requested]", "true"),
    ];
    let known =
        json!({ "data": { "email": "potter@example.com", "country": "US", "external_id": "m1" } });
    let known = host.request_type("create_account", &known).expect(200).json();
    let id = known["gateway"]["id"].as_str().expect("an id").to_owned();
    stripe.api("POST", &format!("/v1/accounts/{id}"), &[("email", "new@example.com")]).expect(200);
    record_with(&host, "modules/payments/account", "email", "new@example.com");
    stripe.api("POST", "/v1/accounts", &account).expect(200);
}

#[test]
fn a_dispute_and_a_late_failure_reach_the_payment() {
    let host = host();
    pay(&host, json!({ "amount": 2000, "currency": "usd", "source": "tok_createDispute" }));
    record_with(&host, "modules/payments/payment", "state", "disputed");
    let dispute = record_with(&host, "modules/payments/dispute", "currency", "usd");
    assert_eq!(dispute["properties"]["amount_cents"], 2000);
    // charge.failed: an authorized payment that fails later.
    let held = json!({ "amount": 800, "currency": "usd", "source": "tok_visa", "capture": false });
    let held = pay(&host, held);
    let charge = json!({ "id": held["gateway"]["id"], "object": "charge", "status": "failed",
        "failure_code": "expired", "failure_message": "It expired.", "created": now() });
    deliver_signed(&host, &event("evt_failed", "charge.failed", &charge)).expect(200);
    let failed = record_with(&host, "modules/payments/payment", "state", "failed");
    assert_eq!(failed["properties"]["gateway_id"], held["gateway"]["id"]);
}
