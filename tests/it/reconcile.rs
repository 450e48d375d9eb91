//! Calls whose idempotency key has expired: the host checks their effect before it sends again.

use crate::support::host::{Instance, Process, TestHost};
use crate::support::stripe::Stripe;
use crate::support::wait::eventually;
use rusqlite::Connection;
use serde_json::{Value as Json, json};
use std::path::Path;

/// A host and a Stripe in separate processes, so that Stripe outlives the host.
struct Pair {
    host: TestHost,
    sandbox: Process,
    url: String,
}

impl Pair {
    fn start() -> Self {
        let sandbox = Process::sandbox();
        let stripe = Stripe { addr: sandbox.address("/_sandbox/health") };
        let url = format!("http://{}", stripe.addr);
        let mut host = Instance::new().serve_with(&["--stripe", &url]);
        host.stripe = stripe;
        Self { host, sandbox, url }
    }

    /// Kills the host, expires Stripe's keys after a day, and restarts the host.
    fn a_day_later(self) -> Self {
        let Self { mut host, sandbox, url } = self;
        host.process.kill();
        let stripe = host.stripe;
        let TestHost { instance, process, .. } = host;
        drop(process);
        age(instance.root(), 24 * 3600);
        stripe.control("DELETE", "/faults", &Json::Null);
        stripe.control("POST", "/clock", &json!({ "advance": 25 * 3600 }));
        let mut host = instance.serve_with(&["--stripe", &url]);
        host.stripe = stripe;
        Self { host, sandbox, url }
    }

    /// Sends calls whose answers are lost.
    #[track_caller]
    fn asked(&self, calls: &[(&str, Json)]) {
        for (name, body) in calls {
            let answer = self.host.request_type(name, body);
            assert_eq!(answer.status, 202, "{name}: {}", answer.text());
        }
    }

    /// Each call is completed by what was found at Stripe: it was sent once.
    #[track_caller]
    fn found(&self, calls: &[(&str, Json)]) {
        for (name, body) in calls {
            let done = self.done(name, body);
            assert_eq!(done["state"], "completed", "{name}: {done:#}");
            let execution = done["execution"].as_str().expect("an id");
            let shown = self.host.run(&["executions", "show", "--json", execution]).good().json();
            let steps = shown["steps"].as_array().expect("steps").len();
            assert_eq!(steps, 1, "{name} was found and not sent again: {shown:#}");
        }
    }

    fn done(&self, name: &str, body: &Json) -> Json {
        eventually("it ends", || {
            let answer = self.host.request_type(name, body);
            if answer.status == 202 { Err(answer.text()) } else { Ok(answer.json()) }
        })
    }
}

/// Makes every unfinished execution older, as if time had passed.
fn age(root: &Path, seconds: i64) {
    let database = Connection::open(root.join("data/sluicegate.db")).expect("the database");
    let micros = seconds * 1_000_000;
    let steps = "UPDATE steps SET created_at = created_at - ?1 WHERE response IS NULL";
    assert!(database.execute(steps, [micros]).expect("aged") > 0, "something waits");
    let executions = "UPDATE executions SET created_at = created_at - ?1 WHERE finished_at IS NULL";
    database.execute(executions, [micros]).expect("aged");
}

fn keyed(key: &str, data: Json) -> Json {
    json!({ "data": data, "idempotency_key": key })
}

#[test]
fn what_stripe_did_is_found_when_its_key_is_gone() {
    let pair = Pair::start();
    let paid = keyed("p", json!({ "amount": 900, "currency": "usd", "source": "tok_visa" }));
    let paid = pair.host.request_type("create_payment", &paid).expect(200).json();
    let held = json!({ "amount": 400, "currency": "usd", "source": "tok_visa", "capture": false });
    let held = pair.host.request_type("create_payment", &keyed("h", held)).expect(200).json();
    let charge = |outcome: &Json| outcome["gateway"]["id"].clone();
    let calls = [
        (
            "create_payment",
            keyed("a", json!({ "amount": 700, "currency": "usd", "source": "tok_visa" })),
        ),
        (
            "create_payment",
            keyed("b", json!({ "amount": 800, "currency": "usd", "source": "tok_chargeDeclined" })),
        ),
        (
            "create_refund",
            keyed("c", json!({ "charge": charge(&paid), "payment_id": paid["record"]["id"] })),
        ),
        (
            "capture_payment",
            keyed("d", json!({ "gateway_id": charge(&held), "payment_id": held["record"]["id"] })),
        ),
        (
            "create_customer",
            keyed("e", json!({ "email": "ada@example.com", "source": "tok_visa" })),
        ),
    ];
    for path in ["/v1/charges", "/v1/refunds", "/v1/customers", "/v1/charges/*/capture"] {
        pair.host.stripe.breaks(path, "drop_after", 1000);
    }
    pair.asked(&calls);
    let pair = pair.a_day_later();
    let ended: Vec<_> = calls.iter().map(|(name, body)| pair.done(name, body)).collect();
    let states: Vec<_> =
        ended.iter().map(|one| one["state"].as_str().unwrap_or_default()).collect();
    let wanted = ["completed", "declined", "completed", "completed", "completed"];
    assert_eq!(states, wanted, "{ended:#?}");

    let stripe = pair.host.stripe;
    assert_eq!(stripe.charges().len(), 4, "nothing was charged twice");
    let refunds = stripe.read("/v1/refunds?limit=100");
    assert_eq!(refunds["data"].as_array().map(Vec::len), Some(1), "{refunds:#}");
    let customers = stripe.read("/v1/customers?limit=100");
    assert_eq!(customers["data"].as_array().map(Vec::len), Some(1), "{customers:#}");
    let first = stripe.read(&format!("/v1/charges/{}", charge(&ended[0]).as_str().expect("an id")));
    assert_eq!(first["amount"], 700);
    let mark = first["metadata"]["sluicegate_operation"].as_str().expect("a mark");
    let is_derived_from_the_key = mark.len() == 32 && mark.chars().all(|c| c.is_ascii_hexdigit());
    assert!(is_derived_from_the_key, "{mark}");
    let payments = pair.host.records("modules/payments/payment");
    let refunded = payments.iter().find(|one| one["id"] == paid["record"]["id"]).expect("it");
    assert_eq!(refunded["properties"]["state"], "refunded", "{refunded:#}");
    stripe.ledger();
}

#[test]
fn money_that_came_back_is_found_when_its_key_is_gone() {
    let pair = Pair::start();
    let done = |name: &str, data: Json| {
        let outcome = pair.host.request_type(name, &json!({ "data": data })).expect(200).json();
        outcome["gateway"]["id"].as_str().expect("an id").to_owned()
    };
    let stripe = pair.host.stripe;
    let maker = json!({ "email": "m@example.com", "country": "US", "business_type": "individual" });
    let acct = done("create_account", maker);
    let data = json!({ "amount": 10000, "currency": "usd", "source": "tok_bypassPending",
        "destination": acct, "application_fee": 1000 });
    let charge = stripe.read(&format!("/v1/charges/{}", done("create_payment", data)));
    let funds = json!({ "amount": 9000, "currency": "usd", "source": "tok_bypassPending" });
    done("create_payment", funds);
    let data = json!({ "amount": 3000, "currency": "usd", "destination": acct });
    let sent = done("create_transfer", data);
    let data = json!({ "amount": 2000, "currency": "usd", "source": "tok_createDispute" });
    done("create_payment", data);
    let dispute = eventually("a dispute", || {
        let all = stripe.read("/v1/disputes");
        all["data"][0]["id"].as_str().map(str::to_owned).ok_or_else(|| all.to_string())
    });
    let before = stripe.balance(&acct);

    let calls = [
        ("reverse_transfer", keyed("r", json!({ "gateway_id": sent, "amount": 1200 }))),
        (
            "refund_application_fee",
            keyed("f", json!({ "fee": charge["application_fee"], "amount": 400 })),
        ),
        (
            "create_external_account",
            keyed("x", json!({ "account_id": acct, "external_account": "btok_us_verified" })),
        ),
        ("close_dispute", keyed("d", json!({ "gateway_id": dispute }))),
    ];
    let paths = ["transfers/*/reversals", "application_fees/*/refunds", "disputes/*/close"];
    for path in paths.into_iter().chain(["accounts/*/external_accounts"]) {
        stripe.breaks(&format!("/v1/{path}"), "drop_after", 1000);
    }
    pair.asked(&calls);
    let pair = pair.a_day_later();
    pair.found(&calls);
    let stripe = pair.host.stripe;
    assert_eq!(stripe.balance(&acct), before - 1200 + 400, "each once");
    let accounts = stripe.read(&format!("/v1/accounts/{acct}/external_accounts"));
    assert_eq!(accounts["data"].as_array().map(Vec::len), Some(1), "{accounts:#}");
    let transfers = pair.host.records("modules/payments/transfer");
    let ours = transfers.iter().find(|one| one["properties"]["gateway_id"] == sent.as_str());
    let ours = &ours.expect("the transfer")["properties"];
    assert_eq!(ours["amount_reversed_cents"], 1200, "{ours:#}");
    stripe.ledger();
}

#[test]
fn what_is_sold_is_found_when_its_key_is_gone() {
    let pair = Pair::start();
    let done = |name: &str, data: Json| {
        let outcome = pair.host.request_type(name, &json!({ "data": data })).expect(200).json();
        outcome["gateway"]["id"].as_str().expect("an id").to_owned()
    };
    let card = "pm_card_visa";
    let customer = done(
        "create_customer",
        json!({ "payment_method": card,
        "invoice_settings": { "default_payment_method": card } }),
    );
    let price = json!({ "currency": "usd", "unit_amount": 900, "product_data": { "name": "Box" },
        "recurring": { "interval": "month" } });
    let monthly = done("create_price", price.clone());
    let items = json!([{ "price": monthly, "quantity": 1 }]);
    let funds = json!({ "amount": 9000, "currency": "usd", "source": "tok_bypassPending" });
    done("create_payment", funds);
    let calls = [
        ("create_price", keyed("p", price)),
        ("create_product", keyed("o", json!({ "name": "Mug" }))),
        ("create_payment_link", keyed("l", json!({ "line_items": items }))),
        ("create_setup_intent", keyed("i", json!({ "customer": customer }))),
        ("create_subscription", keyed("s", json!({ "customer": customer, "items": items }))),
        ("create_payout", keyed("b", json!({ "amount": 700, "currency": "usd" }))),
    ];
    let stripe = pair.host.stripe;
    let paths =
        ["prices", "products", "payment_links", "setup_intents", "subscriptions", "payouts"];
    for path in paths {
        let path = format!("/v1/{path}");
        let lost = json!({ "method": "POST", "path": path, "times": 1000, "fault": "drop_after" });
        stripe.control("POST", "/faults", &lost);
    }
    pair.asked(&calls);
    // One that has ended is in no list but that of all.
    let made = stripe.read("/v1/subscriptions?status=all")["data"][0]["id"].clone();
    let path = format!("/v1/subscriptions/{}", made.as_str().expect("an id"));
    stripe.api("DELETE", &path, &[]).expect(200);
    let pair = pair.a_day_later();
    pair.found(&calls);
    for (path, count) in paths.into_iter().zip([2, 2, 1, 1, 1, 1]) {
        let ended = if path == "subscriptions" { "&status=all" } else { "" };
        let all = stripe.read(&format!("/v1/{path}?limit=100{ended}"));
        let all = all["data"].as_array().map(Vec::len);
        assert!(path == "products" || all == Some(count), "{path}: {all:?}");
    }
    stripe.ledger();
}

#[test]
fn an_intent_is_declined_only_by_the_call_that_confirms_it() {
    let pair = Pair::start();
    let stripe = pair.host.stripe;
    let asked = json!({ "amount": 700, "currency": "usd" });
    let mut confirmed = asked.clone();
    confirmed["confirm"] = json!(true);
    confirmed["payment_method"] = json!("pm_card_chargeDeclined");
    let calls = [
        ("create_payment_intent", keyed("c", confirmed)),
        ("create_payment_intent", keyed("a", asked)),
    ];
    let lost = json!({ "method": "POST", "path": "/v1/payment_intents", "times": 1000,
        "fault": "drop_after" });
    stripe.control("POST", "/faults", &lost);
    pair.asked(&calls);
    // The customer confirms the second one in the browser, with a card that is declined.
    let made = stripe.read("/v1/payment_intents")["data"][0]["id"].clone();
    let path = format!("/v1/payment_intents/{}/confirm", made.as_str().expect("an id"));
    let card = [("payment_method", "pm_card_chargeDeclined"), ("return_url", "http://localhost/")];
    stripe.api("POST", &path, &card).expect(402);
    let pair = pair.a_day_later();
    let states = calls.each_ref().map(|(name, body)| pair.done(name, body)["state"].clone());
    assert_eq!(states, [json!("declined"), json!("completed")]);
    let payments = pair.host.records("modules/payments/payment");
    let states: Vec<_> = payments.iter().map(|one| &one["properties"]["state"]).collect();
    assert_eq!(states, ["pending", "pending"], "each waits for another card");
    assert_eq!(stripe.charges().len(), 2, "both declines, and nothing more");
}

#[test]
fn what_stripe_did_not_do_is_sent_once_more_under_a_new_key() {
    let pair = Pair::start();
    let lost =
        json!({ "method": "POST", "path": "/v1/charges", "times": 1000, "fault": "drop_before" });
    pair.host.stripe.control("POST", "/faults", &lost);
    let body = keyed("n", json!({ "amount": 700, "currency": "usd", "source": "tok_visa" }));
    pair.host.request_type("create_payment", &body).expect(202);
    assert!(pair.host.stripe.charges().is_empty());
    let pair = pair.a_day_later();
    let done = pair.done("create_payment", &body);
    assert_eq!(done["state"], "completed", "{done:#}");
    assert_eq!(pair.host.stripe.charges().len(), 1);
    assert_eq!(pair.host.records("modules/payments/payment").len(), 1);
    let shown = pair.host.run(&[
        "executions",
        "show",
        "--json",
        done["execution"].as_str().expect("an id"),
    ]);
    let steps = shown.good().json()["steps"].clone();
    assert_eq!(steps.as_array().map(Vec::len), Some(2), "two generations: {steps:#}");
    assert_eq!(steps[0]["response"]["looked"], "not done");
    assert_eq!(steps[0]["request"]["body"], steps[1]["request"]["body"], "the same bytes");
    drop(pair.sandbox);
}

#[test]
fn a_key_that_only_replays_an_error_is_reconciled() {
    // Stripe stores a 500 under its key: retrying with it returns the same for a day.
    let pair = Pair::start();
    pair.host.stripe.breaks("/v1/charges", "error_executed", 1);
    let body = keyed("s", json!({ "amount": 700, "currency": "usd", "source": "tok_visa" }));
    let done = pair.done("create_payment", &body);
    assert_eq!(done["state"], "completed", "{done:#}");
    assert_eq!(pair.host.stripe.charges().len(), 1);
}

#[test]
fn a_deletion_done_twice_is_done() {
    let pair = Pair::start();
    let account =
        json!({ "email": "m@example.com", "country": "US", "business_type": "individual" });
    let account = pair.host.request_type("create_account", &keyed("m", account)).expect(200).json();
    pair.host.stripe.breaks("/v1/accounts/*", "drop_after", 1);
    let body = keyed("x", json!({ "gateway_id": account["gateway"]["id"] }));
    let done = pair.done("delete_account", &body);
    assert_eq!(done["state"], "completed", "{done:#}");
    assert!(pair.host.records("modules/payments/account").is_empty());
}
