//! The request types of payment intents: taken at once, declined and tried again, confirmed with the
//! bank, authorized and captured, canceled, refunded; and what the events of Stripe change.

use crate::support::host::TestHost;
use crate::support::wait::eventually;
use serde_json::{Value as Json, json};

/// Waits until the payment of an intent is as it should be.
#[track_caller]
fn until(host: &TestHost, intent: &Json, what: &str, holds: impl Fn(&Json) -> bool) -> Json {
    eventually(what, || {
        let now = payment(host, intent);
        if holds(&now) { Ok(now) } else { Err(format!("{now:#}")) }
    })
}

/// The stored payment of an intent.
#[track_caller]
fn payment(host: &TestHost, intent: &Json) -> Json {
    let all = host.records("modules/payments/payment");
    let mut own = all.into_iter().filter(|one| one["properties"]["gateway_id"] == *intent);
    let found = own.next().unwrap_or_else(|| panic!("no payment of {intent}"));
    assert!(own.next().is_none(), "{intent} has one payment");
    found["properties"].clone()
}

fn asked(more: &Json) -> Json {
    let mut data = json!({ "amount": 2000, "currency": "usd" });
    for (name, value) in more.as_object().expect("an object") {
        data[name] = value.clone();
    }
    data
}

#[test]
fn a_payment_is_taken_at_once_and_refunded_by_its_intent() {
    let host = TestHost::start();
    let data = asked(&json!({ "confirm": true, "payment_method": "pm_card_visa",
        "external_id": "order-7", "metadata": { "order": "7" }, "transfer_group": "G" }));
    let paid = host.completed("create_payment_intent", &data);
    let intent = &paid["gateway_id"];
    assert!(intent.as_str().is_some_and(|id| id.starts_with("pi_")), "{paid:#}");
    assert_eq!((&paid["state"], &paid["amount_captured_cents"]), (&json!("paid"), &json!(2000)));
    assert_eq!((&paid["card_last4"], &paid["external_id"]), (&json!("4242"), &json!("order-7")));
    let charge = host.stripe.read(&format!("/v1/charges/{}", paid["charge_id"].as_str().unwrap()));
    assert_eq!((&charge["payment_intent"], &charge["amount"]), (intent, &json!(2000)));
    let at_stripe = host.stripe.read(&format!("/v1/payment_intents/{}", intent.as_str().unwrap()));
    assert_eq!(at_stripe["metadata"]["order"], "7");

    let refund = host.completed("create_refund", &json!({ "charge": intent, "amount": 500 }));
    assert_eq!(refund["charge"], paid["charge_id"]);
    let after = payment(&host, intent);
    assert_eq!(
        (&after["state"], &after["amount_refunded_cents"]),
        (&json!("partially_refunded"), &json!(500))
    );
    host.completed("create_refund", &json!({ "charge": paid["charge_id"] }));
    assert_eq!(payment(&host, intent)["state"], "refunded");
    host.stripe.ledger();
}

#[test]
fn a_declined_card_leaves_the_payment_pending_for_another_one() {
    let host = TestHost::start();
    let data = asked(&json!({ "confirm": true, "payment_method": "pm_card_chargeDeclined" }));
    let declined = host.outcome("create_payment_intent", &data);
    assert_eq!(declined["state"], "declined", "{declined:#}");
    assert_eq!(declined["errors"][0]["code"], "card_declined");
    let all = host.records("modules/payments/payment");
    let kept = all[0]["properties"].clone();
    assert_eq!(
        (&kept["state"], &kept["failure_code"]),
        (&json!("pending"), &json!("generic_decline"))
    );

    let again = json!({ "gateway_id": kept["gateway_id"], "return_url": "http://localhost/back",
        "payment_method": "pm_card_visa_chargeDeclinedInsufficientFunds" });
    assert_eq!(host.outcome("confirm_payment_intent", &again)["state"], "declined");
    // The event of the first decline may come after the second answer; that of the second is last.
    until(&host, &kept["gateway_id"], "the last reason stands", |now| {
        now["failure_code"] == "insufficient_funds"
    });
    let good = json!({ "gateway_id": kept["gateway_id"], "return_url": "http://localhost/back",
        "payment_method": "pm_card_visa" });
    host.completed("confirm_payment_intent", &good);
    assert_eq!(payment(&host, &kept["gateway_id"])["state"], "paid");
    // A late event of a decline may write its reason once more: that of the success is last.
    until(&host, &kept["gateway_id"], "no reason is left", |now| {
        now["failure_code"].as_str().unwrap_or_default().is_empty()
    });
    // The events of both declines come later than the answers, and move nothing back.
    eventually("the events are processed", || {
        let query = "{ executions(per_page: 50) { results { name state } } }";
        let all = host.graphql(query, &json!({}))["executions"]["results"].clone();
        let all = all.as_array().expect("a list");
        let open = all.iter().filter(|one| one["state"] != "completed").count();
        let failures = all.iter().filter(|one| one["name"] == "payment_intent.payment_failed");
        if open == 0 && failures.count() == 2 { Ok(()) } else { Err(format!("{all:#?}")) }
    });
    assert_eq!(payment(&host, &kept["gateway_id"])["state"], "paid");
}

#[test]
fn the_bank_has_its_say() {
    let host = TestHost::start();
    for (outcome, state) in [("complete", "paid"), ("fail", "pending")] {
        let data = asked(&json!({ "confirm": true, "return_url": "http://localhost/back",
            "payment_method": "pm_card_authenticationRequired" }));
        let waiting = host.completed("create_payment_intent", &data);
        assert_eq!((&waiting["state"], &waiting["charge_id"]), (&json!("pending"), &json!(null)));
        let stored = payment(&host, &waiting["gateway_id"]);
        let page = stored["next_action_url"].as_str().expect("the bank's page");
        host.stripe.answers_challenge(page, outcome);
        let now = until(&host, &waiting["gateway_id"], outcome, |now| {
            let is_asked = !now["next_action_url"].as_str().unwrap_or_default().is_empty();
            let is_told = state == "pending" || now["charge_id"].is_string();
            now["state"] == state && !is_asked && is_told
        });
        if state == "paid" {
            assert_eq!(now["amount_captured_cents"], 2000);
            assert!(now["charge_id"].as_str().is_some_and(|id| id.starts_with("ch_")));
        } else {
            assert_eq!(now["failure_code"], "payment_intent_authentication_failure");
        }
    }
}

#[test]
fn an_authorization_is_captured_in_part_or_canceled() {
    let host = TestHost::start();
    let hold = asked(&json!({ "confirm": true, "capture_method": "manual",
        "payment_method": "pm_card_visa" }));
    let held = host.completed("create_payment_intent", &hold);
    assert_eq!((&held["state"], &held["amount_captured_cents"]), (&json!("authorized"), &json!(0)));
    let capture = json!({ "gateway_id": held["gateway_id"], "amount_to_capture": 1500 });
    let paid = host.completed("capture_payment_intent", &capture);
    assert_eq!((&paid["state"], &paid["amount_captured_cents"]), (&json!("paid"), &json!(1500)));

    let other = host.completed("create_payment_intent", &hold);
    let cancel = json!({ "gateway_id": other["gateway_id"], "cancellation_reason": "abandoned" });
    let gone = host.completed("cancel_payment_intent", &cancel);
    assert_eq!((&gone["state"], &gone["failure_code"]), (&json!("failed"), &json!("canceled")));
    let late =
        host.outcome("capture_payment_intent", &json!({ "gateway_id": other["gateway_id"] }));
    assert_eq!(late["errors"][0]["code"], "payment_intent_unexpected_state", "{late:#}");
    let wrong = json!({ "gateway_id": "pi_nothing", "payment_id": "1" });
    assert_eq!(host.outcome("cancel_payment_intent", &wrong)["state"], "failed");
    host.stripe.ledger();
}

#[test]
fn what_happens_at_stripe_reaches_the_payment() {
    let host = TestHost::start();
    let hold = asked(&json!({ "confirm": true, "capture_method": "manual",
        "payment_method": "pm_card_visa" }));
    let [taken, dropped] = [(); 2].map(|()| host.completed("create_payment_intent", &hold));
    let at = |intent: &Json, action: &str| {
        let id = intent["gateway_id"].as_str().unwrap();
        host.stripe.api("POST", &format!("/v1/payment_intents/{id}/{action}"), &[]).expect(200);
    };
    at(&taken, "capture");
    at(&dropped, "cancel");
    let becomes = |intent: &Json, state: &str| {
        until(&host, &intent["gateway_id"], state, |now| now["state"] == state);
    };
    becomes(&taken, "paid");
    becomes(&dropped, "failed");
    // The release of its charge is told as a refund too, before or after; nothing was taken.
    let refunded = &payment(&host, &dropped["gateway_id"])["amount_refunded_cents"];
    assert!(refunded.is_null(), "{refunded}");
    let charge = taken["charge_id"].as_str().unwrap();
    host.stripe.api("POST", "/v1/refunds", &[("charge", charge)]).expect(200);
    becomes(&taken, "refunded");
    let disputed = asked(&json!({ "confirm": true, "payment_method": "pm_card_createDispute" }));
    let disputed = host.completed("create_payment_intent", &disputed);
    becomes(&disputed, "disputed");
}

#[test]
fn the_fee_of_an_intent_is_given_back() {
    let host = TestHost::start();
    let maker = json!({ "email": "m@example.com", "country": "US", "business_type": "individual" });
    let account = host.completed("create_account", &maker)["gateway_id"].clone();
    let data = asked(&json!({ "confirm": true, "payment_method": "pm_card_visa",
        "application_fee_amount": 300, "transfer_data": { "destination": account } }));
    let paid = host.completed("create_payment_intent", &data);
    assert_eq!(paid["application_fee_cents"], 300);
    let charge = host.stripe.read(&format!("/v1/charges/{}", paid["charge_id"].as_str().unwrap()));
    let data = json!({ "fee": charge["application_fee"], "amount": 100 });
    host.completed("refund_application_fee", &data);
    assert_eq!(payment(&host, &paid["gateway_id"])["application_fee_refunded_cents"], 100);
    let fee = charge["application_fee"].as_str().unwrap();
    let path = format!("/v1/application_fees/{fee}/refunds");
    host.stripe.api("POST", &path, &[("amount", "50")]).expect(200);
    until(&host, &paid["gateway_id"], "its event arrives", |now| {
        now["application_fee_refunded_cents"] == 150
    });
    host.stripe.ledger();
}
