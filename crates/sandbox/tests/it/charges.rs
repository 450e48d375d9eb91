//! Customers, cards, charges, capture, refunds, declines.

use super::client::{PLATFORM, Sandbox, id};
use serde_json::json;

#[tokio::test]
async fn a_charge_is_paid_captured_and_refunded() {
    let sandbox = Sandbox::old(false).await;
    let form =
        "amount=2000&currency=usd&source=tok_visa&capture=false&metadata[order]=7&description=Tea";
    let charge = sandbox.post("/v1/charges", form).await.ok();
    assert_eq!(charge["captured"], false);
    assert_eq!(charge["balance_transaction"], json!(null));
    assert_eq!(charge["source"]["last4"], "4242");
    assert_eq!(charge["metadata"], json!({"order": "7"}));
    assert!(!charge.to_string().contains("\"_"), "hidden fields stay hidden");
    let path = format!("/v1/charges/{}", id(&charge));
    let captured = sandbox.post(&format!("{path}/capture"), "").await.ok();
    assert_eq!(captured["captured"], true);
    let row = captured["balance_transaction"].as_str().unwrap();
    let row = sandbox.get(&format!("/v1/balance_transactions/{row}")).await.ok();
    assert_eq!(
        (&row["fee"], &row["net"], &row["status"]),
        (&json!(88), &json!(1912), &json!("pending"))
    );
    let again = sandbox.post(&format!("{path}/capture"), "").await.refused(400);
    assert_eq!(again["code"], "charge_already_captured");

    let refund = format!("charge={}&amount=500&reason=requested_by_customer", id(&charge));
    let refund = sandbox.post("/v1/refunds", &refund).await.ok();
    assert_eq!(refund["amount"], 500);
    let over = sandbox
        .post("/v1/refunds", &format!("charge={}&amount=1501", id(&charge)))
        .await
        .refused(400);
    assert_eq!(
        over["message"],
        "Refund amount ($15.01) is greater than unrefunded amount on charge ($15.00)"
    );
    sandbox.post("/v1/refunds", &format!("charge={}", id(&charge))).await.ok();
    let twice = sandbox.post("/v1/refunds", &format!("charge={}", id(&charge))).await.refused(400);
    assert_eq!(twice["code"], "charge_already_refunded");
    let after = sandbox.get(&path).await.ok();
    assert_eq!((&after["refunded"], &after["amount_refunded"]), (&json!(true), &json!(2000)));
    assert_eq!(after["refunds"]["data"].as_array().unwrap().len(), 2);
    let told = [
        "charge.succeeded",
        "charge.captured",
        "charge.refunded",
        "refund.created",
        "charge.refunded",
        "refund.created",
    ];
    assert_eq!(sandbox.event_types(PLATFORM).await, told);
}

#[tokio::test]
async fn a_partial_capture_releases_the_rest() {
    let sandbox = Sandbox::start().await;
    let charge = sandbox
        .post("/v1/charges", "amount=2000&currency=usd&source=tok_visa&capture=false")
        .await
        .ok();
    let path = format!("/v1/charges/{}/capture", id(&charge));
    assert_eq!(sandbox.post(&path, "amount=2001").await.refused(400)["code"], "amount_too_large");
    let charge = sandbox.post(&path, "amount=1200").await.ok();
    assert_eq!(
        (&charge["amount_captured"], &charge["amount_refunded"]),
        (&json!(1200), &json!(800))
    );
    assert_eq!(sandbox.balance(PLATFORM).await, (0, 1200 - 35 - 30));
    let refund = sandbox.post("/v1/refunds", &format!("charge={}", id(&charge))).await.ok();
    assert_eq!(refund["amount"], 1200);
}

#[tokio::test]
async fn a_released_authorization_moves_no_money() {
    let sandbox = Sandbox::start().await;
    let charge = sandbox
        .post("/v1/charges", "amount=900&currency=usd&source=tok_visa&capture=false")
        .await
        .ok();
    let part = format!("charge={}&amount=10", id(&charge));
    assert!(
        sandbox.post("/v1/refunds", &part).await.refused(400)["message"]
            .as_str()
            .unwrap()
            .contains("uncaptured")
    );
    sandbox.post("/v1/refunds", &format!("charge={}", id(&charge))).await.ok();
    assert_eq!(sandbox.balance(PLATFORM).await, (0, 0));
    let late = sandbox.post(&format!("/v1/charges/{}/capture", id(&charge)), "").await.refused(400);
    assert_eq!(late["code"], "charge_already_refunded");
}

#[tokio::test]
async fn an_authorization_expires_after_seven_days() {
    let sandbox = Sandbox::start().await;
    let charge = sandbox
        .post("/v1/charges", "amount=900&currency=usd&source=tok_visa&capture=false")
        .await
        .ok();
    sandbox.control("/clock", json!({"days": 8})).await.ok();
    let late = sandbox.post(&format!("/v1/charges/{}/capture", id(&charge)), "").await.refused(400);
    assert_eq!(late["code"], "charge_expired_for_capture");
    assert_eq!(sandbox.event_types(PLATFORM).await, ["charge.succeeded", "charge.expired"]);
}

#[tokio::test]
async fn every_declining_token_says_why_and_leaves_a_failed_charge() {
    let sandbox = Sandbox::start().await;
    for (token, code, decline_code) in [
        ("tok_chargeDeclined", "card_declined", json!("generic_decline")),
        ("tok_chargeDeclinedInsufficientFunds", "card_declined", json!("insufficient_funds")),
        ("tok_visa_chargeDeclinedLostCard", "card_declined", json!("lost_card")),
        ("tok_chargeDeclinedFraudulent", "card_declined", json!("fraudulent")),
        ("tok_chargeDeclinedExpiredCard", "expired_card", json!(null)),
        ("tok_chargeDeclinedIncorrectCvc", "incorrect_cvc", json!(null)),
        ("tok_chargeDeclinedProcessingError", "processing_error", json!(null)),
    ] {
        let form = format!("amount=2000&currency=usd&source={token}");
        let error = sandbox.post("/v1/charges", &form).await.refused(402);
        assert_eq!(error["type"], "card_error");
        assert_eq!(
            (&error["code"], &error["decline_code"]),
            (&json!(code), &decline_code),
            "{token}"
        );
        let path = format!("/v1/charges/{}", error["charge"].as_str().unwrap());
        let charge = sandbox.get(&path).await.ok();
        assert_eq!((&charge["status"], &charge["failure_code"]), (&json!("failed"), &json!(code)));
        assert_eq!(charge["paid"], false);
        let attach = sandbox.post("/v1/customers", &format!("source={token}")).await.refused(402);
        assert_eq!(attach["code"], code);
        assert_eq!(attach["charge"], json!(null));
    }
    assert_eq!(sandbox.balance(PLATFORM).await, (0, 0));
    let customers = sandbox.get("/v1/customers").await.ok();
    assert_eq!(customers["data"], json!([]), "a refused card leaves no customer");
}

#[tokio::test]
async fn a_card_can_attach_and_then_fail() {
    let sandbox = Sandbox::start().await;
    let customer =
        sandbox.post("/v1/customers", "source=tok_chargeCustomerFail&email=a@b.c").await.ok();
    let form = format!("amount=2000&currency=usd&customer={}", id(&customer));
    let error = sandbox.post("/v1/charges", &form).await.refused(402);
    assert_eq!(error["decline_code"], "generic_decline");
}

#[tokio::test]
async fn a_customer_stores_cards() {
    let sandbox = Sandbox::old(false).await;
    let customer =
        sandbox.post("/v1/customers", "email=a%40b.c&source=tok_visa&metadata[x]=1").await.ok();
    assert_eq!(customer["sources"]["data"][0]["brand"], "Visa");
    assert_eq!(customer["default_source"], customer["sources"]["data"][0]["id"]);
    let path = format!("/v1/customers/{}", id(&customer));
    let card = sandbox.post(&format!("{path}/sources"), "source=tok_mastercard").await.ok();
    assert_eq!(card["customer"], customer["id"]);
    let list = sandbox.get(&format!("{path}/sources?object=card")).await.ok();
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
    let changed =
        sandbox.post(&format!("{path}/sources/{}", id(&card)), "exp_year=2040&name=Ann").await.ok();
    assert_eq!((&changed["exp_year"], &changed["name"]), (&json!(2040), &json!("Ann")));
    let gone = sandbox.delete(&format!("{path}/sources/{}", id(&card))).await.ok();
    assert_eq!(gone["deleted"], true);
    let charge = format!("amount=500&currency=usd&customer={}", id(&customer));
    let charge = sandbox.post("/v1/charges", &charge).await.ok();
    assert_eq!(charge["source"]["id"], customer["default_source"]);
    let foreign = format!("amount=500&currency=usd&customer={}&source=tok_visa", id(&customer));
    assert_eq!(sandbox.post("/v1/charges", &foreign).await.refused(404)["code"], "missing");

    assert_eq!(sandbox.delete(&path).await.ok()["deleted"], true);
    assert_eq!(sandbox.get(&path).await.ok()["deleted"], true);
    let dead = format!("amount=500&currency=usd&customer={}", id(&customer));
    let dead = sandbox.post("/v1/charges", &dead).await.refused(400);
    assert_eq!(dead["message"], format!("No such customer: '{}'", id(&customer)));
    let told = sandbox.event_types(PLATFORM).await;
    assert!(
        told.contains(&"customer.source.deleted".into())
            && told.contains(&"customer.deleted".into())
    );
}

#[tokio::test]
async fn tokens_are_checked_and_used_once() {
    let sandbox = Sandbox::start().await;
    let token = |fields: &'static str| sandbox.post("/v1/tokens", fields);
    let good = token(
        "card[number]=4242 4242 4242 4242&card[exp_month]=12&card[exp_year]=2040&card[cvc]=123",
    )
    .await
    .ok();
    assert_eq!((&good["used"], &good["card"]["cvc_check"]), (&json!(false), &json!("pass")));
    let form = format!("amount=500&currency=usd&source={}", id(&good));
    sandbox.post("/v1/charges", &form).await.ok();
    let twice = sandbox.post("/v1/charges", &form).await.refused(400);
    assert_eq!(
        twice["message"],
        format!("You cannot use a Stripe token more than once: {}.", id(&good))
    );
    for (fields, code, param) in [
        (
            "card[number]=4242424242424241&card[exp_month]=1&card[exp_year]=2040",
            "incorrect_number",
            "number",
        ),
        ("card[number]=42&card[exp_month]=1&card[exp_year]=2040", "invalid_number", "number"),
        (
            "card[number]=4242424242424242&card[exp_month]=13&card[exp_year]=2040",
            "invalid_expiry_month",
            "exp_month",
        ),
        (
            "card[number]=4242424242424242&card[exp_month]=1&card[exp_year]=2019",
            "invalid_expiry_year",
            "exp_year",
        ),
        (
            "card[number]=4242424242424242&card[exp_month]=1&card[exp_year]=2040&card[cvc]=12",
            "invalid_cvc",
            "cvc",
        ),
    ] {
        let error = token(fields).await.refused(402);
        assert_eq!((&error["code"], &error["param"]), (&json!(code), &json!(param)));
    }
    let real =
        token("card[number]=4111111111111111&card[exp_month]=1&card[exp_year]=2040").await.ok();
    let form = format!("amount=500&currency=usd&source={}", id(&real));
    assert_eq!(
        sandbox.post("/v1/charges", &form).await.refused(402)["decline_code"],
        "test_mode_live_card"
    );
}

#[tokio::test]
async fn a_disputed_charge_loses_its_money_until_it_is_won() {
    let sandbox = Sandbox::settling().await;
    let charge =
        sandbox.post("/v1/charges", "amount=2000&currency=usd&source=tok_createDispute").await.ok();
    assert_eq!(sandbox.balance(PLATFORM).await, (1912 - 2000 - 1500, 0));
    let refused =
        sandbox.post("/v1/refunds", &format!("charge={}", id(&charge))).await.refused(400);
    assert_eq!(refused["code"], "charge_disputed");
    let list = sandbox.get(&format!("/v1/disputes?charge={}", id(&charge))).await.ok();
    let path = format!("/v1/disputes/{}", id(&list["data"][0]));
    let won = sandbox.post(&path, "evidence[uncategorized_text]=winning_evidence").await.ok();
    assert_eq!(won["status"], "won");
    assert_eq!(sandbox.balance(PLATFORM).await, (1912 - 1500, 0));
    sandbox.post(&format!("{path}/close"), "").await.ok();
    assert_eq!(sandbox.balance(PLATFORM).await, (1912 - 1500, 0));
}

#[tokio::test]
async fn a_refund_can_come_back() {
    let sandbox = Sandbox::settling().await;
    let form = "amount=2000&currency=usd&source=tok_refundFail";
    let charge = sandbox.post("/v1/charges", form).await.ok();
    let refund = sandbox.post("/v1/refunds", &format!("charge={}", id(&charge))).await.ok();
    assert_eq!(sandbox.balance(PLATFORM).await, (-88, 0));
    sandbox.control("/clock", json!({"hours": 1})).await.ok();
    let refund = sandbox.get(&format!("/v1/refunds/{}", id(&refund))).await.ok();
    assert_eq!(refund["status"], "failed");
    assert_eq!(sandbox.balance(PLATFORM).await, (1912, 0));
    assert_eq!(sandbox.get(&format!("/v1/charges/{}", id(&charge))).await.ok()["refunded"], false);
}

#[tokio::test]
async fn amounts_of_special_currencies() {
    let sandbox = Sandbox::start().await;
    for (currency, good, bad) in [
        ("isk", 500, 505),
        ("ugx", 500, 510),
        ("kwd", 5120, 5124),
        ("BHD", 5120, 5125),
        ("jod", 10, 5),
        ("omr", 10, 9),
        ("tnd", 10, 11),
    ] {
        let charge = |amount: i64| format!("amount={amount}&currency={currency}&source=tok_visa");
        let refused = sandbox.post("/v1/charges", &charge(bad)).await.refused(400);
        assert_eq!(refused["param"], "amount", "{currency}");
        let paid = sandbox.post("/v1/charges", &charge(good)).await.ok();
        let refund = format!("charge={}&amount=1", id(&paid));
        sandbox.post("/v1/refunds", &refund).await.refused(400);
        sandbox.post("/v1/refunds", &format!("charge={}", id(&paid))).await.ok();
        let held = sandbox.post("/v1/charges", &(charge(good) + "&capture=false")).await.ok();
        let path = format!("/v1/charges/{}/capture", id(&held));
        sandbox.post(&path, "amount=1").await.refused(400);
    }
    for (currency, amount) in [("huf", 150), ("twd", 101), ("isk", 150), ("kwd", 11)] {
        let payout = format!("amount={amount}&currency={currency}");
        let refused = sandbox.post("/v1/payouts", &payout).await.refused(400);
        assert_eq!(refused["param"], "amount", "{currency}");
    }
    sandbox.post("/v1/charges", "amount=20050&currency=huf&source=tok_visa").await.ok();
}
