//! The request types of what is sold again and again: products, prices, payment links, saved methods,
//! subscriptions with their invoices, the customer's page; and what the events of Stripe change.

use crate::support::host::TestHost;
use crate::support::wait::eventually;
use serde_json::{Value as Json, json};

/// 2026-01-01T00:00:00Z, in seconds since 1970.
const NEW_YEAR: i64 = 1_767_225_600;
const DAY: i64 = 24 * 3600;

/// The properties of all records of a table, the newest first.
fn all(host: &TestHost, table: &str) -> Vec<Json> {
    let records = host.records(&format!("modules/payments/{table}"));
    records.into_iter().map(|record| record["properties"].clone()).collect()
}

/// Waits until the one record with this gateway id is as it should be.
#[track_caller]
fn until(host: &TestHost, table: &str, id: &Json, what: &str, is: impl Fn(&Json) -> bool) -> Json {
    eventually(what, || {
        let found = all(host, table).into_iter().filter(|one| one["gateway_id"] == *id);
        let found: Vec<_> = found.collect();
        match &found[..] {
            [one] if is(one) => Ok(one.clone()),
            _ => Err(format!("{found:#?}")),
        }
    })
}

/// A monthly price of nine dollars.
fn monthly(host: &TestHost) -> Json {
    let price = json!({ "currency": "usd", "unit_amount": 900, "recurring": { "interval": "month" },
        "product_data": { "name": "Box" }, "lookup_key": "box_monthly", "external_id": "box" });
    host.completed("create_price", &price)
}

/// A customer of a clock, who pays by a card that Stripe knows.
fn customer(host: &TestHost, clock: &Json, card: &str) -> Json {
    let data = json!({ "email": "ada@example.com", "payment_method": card, "test_clock": clock,
        "invoice_settings": { "default_payment_method": card }, "external_id": "user-7" });
    host.completed("create_customer", &data)["gateway_id"].clone()
}

fn clock(host: &TestHost) -> Json {
    let data = json!({ "frozen_time": NEW_YEAR, "name": "A year of boxes" });
    host.completed("create_test_clock", &data)["gateway_id"].clone()
}

fn advance(host: &TestHost, clock: &Json, days: i64) {
    let data = json!({ "gateway_id": clock, "frozen_time": NEW_YEAR + days * DAY });
    host.completed("advance_test_clock", &data);
    until(host, "test_clock", clock, "the clock arrives", |one| one["state"] == "ready");
}

#[test]
fn what_is_sold_is_kept_and_follows_the_dashboard() {
    let host = TestHost::start();
    let data = json!({ "name": "Box", "external_id": "box", "description": "Twelve notebooks",
        "default_price_data": { "currency": "usd", "unit_amount": 900, "recurring": { "interval": "month" } } });
    let product = host.completed("create_product", &data);
    assert_eq!((&product["name"], &product["active"]), (&json!("Box"), &json!(true)));
    assert!(product["default_price"].as_str().is_some_and(|id| id.starts_with("price_")));
    let data = json!({ "product": product["gateway_id"], "currency": "usd", "unit_amount": 2500 });
    let once = host.completed("create_price", &data);
    assert_eq!((&once["amount_cents"], &once["interval"]), (&json!(2500), &json!(null)));
    let price = monthly(&host);
    assert_eq!((&price["interval"], &price["external_id"]), (&json!("month"), &json!("box")));

    let items = json!([{ "price": once["gateway_id"], "quantity": 2 }]);
    let link = host.completed("create_payment_link", &json!({ "line_items": items }));
    assert_eq!((&link["active"], &link["currency"]), (&json!(true), &json!("usd")));
    assert!(link["url"].as_str().is_some_and(|url| url.starts_with("http")), "{link:#}");

    let at = |kind: &str, of: &Json| format!("/v1/{kind}/{}", of["gateway_id"].as_str().unwrap());
    let change = |path: &str, name: &str, value: &str| {
        host.stripe.api("POST", path, &[(name, value)]).expect(200);
    };
    change(&at("products", &product), "name", "Large box");
    change(&at("prices", &once), "active", "false");
    change(&at("payment_links", &link), "active", "false");
    until(&host, "product", &product["gateway_id"], "renamed", |one| one["name"] == "Large box");
    until(&host, "price", &once["gateway_id"], "not sold", |one| one["active"] == false);
    until(&host, "payment_link", &link["gateway_id"], "closed", |one| one["active"] == false);
}

#[test]
fn a_method_is_kept_and_pays_later() {
    let host = TestHost::start();
    let customer = host.completed("create_customer", &json!({ "external_id": "user-7" }));
    let customer = &customer["gateway_id"];
    let data = json!({ "customer": customer, "confirm": true, "payment_method": "pm_card_visa",
        "external_id": "user-7" });
    let kept = host.completed("create_setup_intent", &data);
    assert_eq!((&kept["state"], &kept["usage"]), (&json!("succeeded"), &json!("off_session")));
    let card = until(&host, "credit_card", &kept["payment_method"], "the card is kept", |_| true);
    assert_eq!((&card["last4"], &card["customer_id"]), (&json!("4242"), customer));
    assert_eq!(card["external_id"], "user-7", "as its customer's");
    let data = json!({ "amount": 900, "currency": "usd", "confirm": true, "off_session": true,
        "customer": customer, "payment_method": kept["payment_method"] });
    assert_eq!(host.completed("create_payment_intent", &data)["state"], "paid");

    let data = json!({ "customer": customer, "confirm": true,
        "payment_method": "pm_card_chargeDeclined" });
    let refused = host.outcome("create_setup_intent", &data);
    assert_eq!(refused["state"], "declined", "{refused:#}");
    let intents = all(&host, "setup_intent");
    let refused = intents.iter().find(|one| one["state"] == "requires_payment_method");
    assert_eq!(refused.expect("it stays")["failure_code"], "generic_decline");

    let data = json!({ "customer": customer, "confirm": true, "return_url": "http://localhost/back",
        "payment_method": "pm_card_authenticationRequired" });
    let asked = host.completed("create_setup_intent", &data);
    assert_eq!(asked["state"], "requires_action");
    // An outcome shows no secret of an address; the record has it.
    let stored = until(&host, "setup_intent", &asked["gateway_id"], "it is kept", |_| true);
    let page = stored["next_action_url"].as_str().expect("the bank's page");
    host.stripe.answers_challenge(page, "complete");
    let id = &asked["gateway_id"];
    let done = until(&host, "setup_intent", id, "kept", |one| one["state"] == "succeeded");
    assert_eq!(done["next_action_url"].as_str().unwrap_or_default(), "");

    let path = format!("/v1/payment_methods/{}/detach", kept["payment_method"].as_str().unwrap());
    host.stripe.api("POST", &path, &[]).expect(200);
    eventually("a detached card is gone", || {
        let cards = all(&host, "credit_card");
        let is_there = cards.iter().any(|one| one["gateway_id"] == kept["payment_method"]);
        if is_there { Err(format!("{cards:#?}")) } else { Ok(()) }
    });
}

#[test]
fn a_renewal_fails_and_recovers_with_another_card() {
    let host = TestHost::start();
    let (price, clock) = (monthly(&host), clock(&host));
    let customer = customer(&host, &clock, "pm_card_visa");
    let data = json!({ "customer": customer, "external_id": "user-7",
        "items": [{ "price": price["gateway_id"], "quantity": 2 }] });
    let subscription = host.completed("create_subscription", &data);
    let id = &subscription["gateway_id"];
    assert_eq!(subscription["state"], "active");
    assert_eq!(
        (&subscription["amount_cents"], &subscription["quantity"]),
        (&json!(1800), &json!(2))
    );
    assert_eq!(subscription["current_period_end"], "2026-02-01T00:00:00Z");
    let first = until(&host, "invoice", &subscription["latest_invoice"], "paid", |one| {
        one["state"] == "paid" && one["paid_at"].is_string()
    });
    assert_eq!((&first["amount_paid_cents"], &first["subscription"]), (&json!(1800), id));

    // The card stops working, and the month ends.
    let data = json!({ "customer": customer, "confirm": true,
        "payment_method": "pm_card_chargeCustomerFail" });
    let bad = host.completed("create_setup_intent", &data)["payment_method"].clone();
    let data = json!({ "gateway_id": id, "default_payment_method": bad });
    host.completed("update_subscription", &data);
    advance(&host, &clock, 32);
    let late = until(&host, "subscription", id, "past due", |one| one["state"] == "past_due");
    assert_eq!(late["current_period_end"], "2026-03-01T00:00:00Z");
    let open = until(&host, "invoice", &late["latest_invoice"], "unpaid", |one| {
        one["state"] == "open" && one["next_payment_attempt"].is_string()
    });
    assert_eq!((&open["attempt_count"], &open["amount_paid_cents"]), (&json!(1), &json!(0)));
    assert!(open["payment_url"].as_str().is_some_and(|url| url.starts_with("http")), "{open:#}");

    // Another card, and the next try.
    let data =
        json!({ "customer": customer, "confirm": true, "payment_method": "pm_card_mastercard" });
    let good = host.completed("create_setup_intent", &data)["payment_method"].clone();
    let data = json!({ "gateway_id": id, "default_payment_method": good });
    assert_eq!(host.completed("update_subscription", &data)["default_payment_method"], good);
    advance(&host, &clock, 36);
    until(&host, "subscription", id, "active again", |one| one["state"] == "active");
    let paid = until(&host, "invoice", &open["gateway_id"], "paid", |one| one["state"] == "paid");
    assert_eq!((&paid["attempt_count"], &paid["amount_paid_cents"]), (&json!(2), &json!(1800)));
    assert_eq!(paid["payment_url"].as_str().unwrap_or_default(), "", "nothing is left to pay");
    assert!(paid["next_payment_attempt"].is_null(), "{paid:#}");
    host.stripe.ledger();
}

#[test]
fn a_subscription_changes_and_ends_once() {
    let host = TestHost::start();
    let (price, clock) = (monthly(&host), clock(&host));
    let customer = customer(&host, &clock, "pm_card_visa");
    let data = json!({ "customer": customer, "trial_period_days": 14,
        "items": [{ "price": price["gateway_id"] }] });
    let subscription = host.completed("create_subscription", &data);
    let id = &subscription["gateway_id"];
    assert_eq!(subscription["state"], "trialing");
    assert_eq!(subscription["trial_end"], "2026-01-15T00:00:00Z");
    let data = json!({ "gateway_id": id, "cancel_at_period_end": true,
        "items": [{ "id": subscription["item_id"], "quantity": 3 }] });
    let changed = host.completed("update_subscription", &data);
    assert_eq!((&changed["quantity"], &changed["amount_cents"]), (&json!(3), &json!(2700)));
    assert_eq!(changed["cancel_at_period_end"], true);

    let portal = json!({ "customer": customer, "return_url": "https://shop.example/account" });
    host.stripe.api(
        "POST",
        "/v1/billing_portal/configurations",
        &[("features[invoice_history][enabled]", "true")],
    );
    let portal = host.completed("create_billing_portal_session", &portal);
    assert_eq!(portal["kind"], "billing_portal_session");

    // The answer of the end is lost; the repeated call hears that it is missing.
    let path = format!("/v1/subscriptions/{}", id.as_str().expect("an id"));
    let fault = json!({ "method": "DELETE", "path": path, "times": 1, "fault": "drop_after" });
    host.stripe.control("POST", "/faults", &fault);
    let data = json!({ "data": { "gateway_id": id, "prorate": false,
        "cancellation_details": { "feedback": "too_expensive" } }, "idempotency_key": "end" });
    let ended = eventually("it ends", || {
        let answer = host.request_type("cancel_subscription", &data);
        if answer.status == 202 { Err(answer.text()) } else { Ok(answer.json()) }
    });
    assert_eq!(ended["state"], "completed", "{ended:#}");
    let at_stripe = host.stripe.read(&path);
    assert_eq!(at_stripe["status"], "canceled");
    assert_eq!(at_stripe["cancellation_details"]["feedback"], "too_expensive");
    let ended = until(&host, "subscription", id, "canceled", |one| {
        one["state"] == "canceled" && one["ended_at"].is_string()
    });
    assert_eq!(ended["quantity"], 3, "the rest is kept");
    // A change that comes late moves nothing back.
    let late = json!({ "gateway_id": id, "cancel_at_period_end": false });
    let refused = host.outcome("update_subscription", &late);
    assert_ne!(refused["state"], "completed", "{refused:#}");
    let again = host.outcome("cancel_subscription", &json!({ "gateway_id": id }));
    assert_eq!(again["state"], "failed", "it was not this call that ended it: {again:#}");
}

#[test]
fn a_subscription_that_is_made_elsewhere_is_recorded() {
    let host = TestHost::start();
    let price = monthly(&host);
    let customer = customer(&host, &json!(null), "pm_card_visa");
    let made = host.stripe.api(
        "POST",
        "/v1/subscriptions",
        &[
            ("customer", customer.as_str().expect("an id")),
            ("items[0][price]", price["gateway_id"].as_str().expect("an id")),
        ],
    );
    let id = made.expect(200).json()["id"].clone();
    let ours = until(&host, "subscription", &id, "it is known", |one| one["state"] == "active");
    assert_eq!((&ours["amount_cents"], &ours["customer_id"]), (&json!(900), &customer));
    eventually("its invoice too", || {
        let invoices = all(&host, "invoice");
        let ours = invoices.iter().filter(|one| one["subscription"] == id);
        let paid = ours.filter(|one| one["state"] == "paid").count();
        if paid == 1 { Ok(()) } else { Err(format!("{invoices:#?}")) }
    });
}

#[test]
fn a_balance_is_paid_out() {
    let host = TestHost::start();
    let funds = json!({ "amount": 10000, "currency": "usd", "source": "tok_bypassPending" });
    host.completed("create_payment", &funds);
    let before = host.stripe.balance("acct_1SluicegatePlatform");
    let data = json!({ "amount": 2500, "currency": "USD", "statement_descriptor": "MILLRACE" });
    let payout = host.completed("create_payout", &data);
    assert_eq!((&payout["amount_cents"], &payout["currency"]), (&json!(2500), &json!("usd")));
    assert_eq!(host.stripe.balance("acct_1SluicegatePlatform"), before - 2500);
    until(&host, "payout", &payout["gateway_id"], "its events change the same record", |one| {
        ["pending", "in_transit", "paid"].contains(&one["state"].as_str().unwrap_or_default())
    });
    let too_much = json!({ "amount": 9_000_000, "currency": "usd" });
    let refused = host.outcome("create_payout", &too_much);
    assert_eq!(refused["state"], "failed", "{refused:#}");
    assert_eq!(refused["errors"][0]["code"], "balance_insufficient");
    host.stripe.ledger();
}
