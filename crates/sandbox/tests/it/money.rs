//! The ledger over Connect: destination charges, direct charges, transfers, reversals, payouts.

use super::client::{PLATFORM, Sandbox, id};
use serde_json::{Value, json};

async fn balanced(sandbox: &Sandbox) {
    let ledger = sandbox.ledger().await;
    assert_eq!(ledger["balanced"], true, "{ledger:#}");
}

#[tokio::test]
async fn money_becomes_available_after_two_days_or_at_once() {
    let sandbox = Sandbox::start().await;
    sandbox.post("/v1/charges", "amount=2000&currency=usd&source=tok_visa").await.ok();
    assert_eq!(sandbox.balance(PLATFORM).await, (0, 1912));
    sandbox.post("/v1/charges", "amount=2000&currency=usd&source=tok_bypassPending").await.ok();
    assert_eq!(sandbox.balance(PLATFORM).await, (1912, 1912));
    sandbox.control("/clock", json!({"days": 2})).await.ok();
    assert_eq!(sandbox.balance(PLATFORM).await, (3824, 0));
    assert!(sandbox.event_types(PLATFORM).await.contains(&"balance.available".into()));
    sandbox.control("/settings", json!({"settle_immediately": true})).await.ok();
    sandbox.post("/v1/charges", "amount=2000&currency=usd&source=tok_visa").await.ok();
    assert_eq!(sandbox.balance(PLATFORM).await, (5736, 0));
    balanced(&sandbox).await;
}

#[tokio::test]
async fn a_destination_charge_with_a_fee_and_its_refund() {
    let sandbox = Sandbox::old(true).await;
    let account = sandbox.account().await;
    let form = format!(
        "amount=10000&currency=usd&source=tok_visa&destination={account}&application_fee=1000"
    );
    let charge = sandbox.post("/v1/charges", &form).await.ok();
    assert_eq!(charge["destination"], account);
    assert_eq!(charge["transfer_data"]["destination"], account);
    // The platform pays 290 + 30, keeps 1000.
    assert_eq!(sandbox.balance(PLATFORM).await, (1000 - 320, 0));
    assert_eq!(sandbox.balance(&account).await, (9000, 0));
    let transfer = sandbox
        .get(&format!(
            "/v1/transfers/{}?expand[]=destination_payment",
            charge["transfer"].as_str().unwrap()
        ))
        .await
        .ok();
    assert_eq!(transfer["destination_payment"]["application_fee_amount"], 1000);

    let refund = |extra: &str| format!("charge={}&amount=5000{extra}", id(&charge));
    sandbox.post("/v1/refunds", &refund("&refund_application_fee=true")).await.refused(400);
    sandbox
        .post("/v1/refunds", &refund("&reverse_transfer=true&refund_application_fee=true"))
        .await
        .ok();
    assert_eq!(sandbox.balance(PLATFORM).await, (680 - 5000 + 5000 - 500, 0));
    assert_eq!(sandbox.balance(&account).await, (9000 - 5000 + 500, 0));
    sandbox.post("/v1/refunds", &refund("")).await.ok();
    assert_eq!(sandbox.balance(PLATFORM).await, (180 - 5000, 0), "the platform bears it");
    assert_eq!(sandbox.balance(&account).await, (4500, 0));
    let fees = sandbox.get("/v1/application_fees").await.ok();
    assert_eq!(fees["data"][0]["amount_refunded"], 500);
    balanced(&sandbox).await;
}

#[tokio::test]
async fn a_direct_charge_with_a_fee() {
    let sandbox = Sandbox::settling().await;
    let account = sandbox.account().await;
    let at = [("stripe-account", account.as_str())];
    let form = "amount=10000&currency=usd&source=tok_visa&application_fee_amount=1000";
    let ours = sandbox.post("/v1/charges", form).await.refused(400);
    assert_eq!(ours["code"], "application_fees_not_allowed");
    let charge = sandbox.post_with("/v1/charges", form, &at).await.ok();
    assert_eq!(sandbox.balance(PLATFORM).await, (1000, 0));
    assert_eq!(sandbox.balance(&account).await, (10000 - 320 - 1000, 0));
    sandbox.get(&format!("/v1/charges/{}", id(&charge))).await.refused(404);
    let refund = format!("charge={}&refund_application_fee=true", id(&charge));
    sandbox.post_with("/v1/refunds", &refund, &at).await.ok();
    assert_eq!(sandbox.balance(PLATFORM).await, (0, 0));
    assert_eq!(sandbox.balance(&account).await, (-320, 0));
    balanced(&sandbox).await;
}

#[tokio::test]
async fn transfers_need_available_money_and_can_be_reversed() {
    let sandbox = Sandbox::start().await;
    let account = sandbox.account().await;
    let charge =
        sandbox.post("/v1/charges", "amount=10000&currency=usd&source=tok_visa").await.ok();
    let form = format!("amount=3000&currency=usd&destination={account}&metadata[a]=b");
    let poor = sandbox.post("/v1/transfers", &form).await.refused(400);
    assert_eq!(poor["code"], "balance_insufficient");
    // For a charge, money may be transferred while it is pending.
    let linked = format!(
        "amount=4000&currency=usd&destination={account}&source_transaction={}",
        id(&charge)
    );
    let transfer = sandbox.post("/v1/transfers", &linked).await.ok();
    assert_eq!(sandbox.balance(&account).await, (0, 4000));
    let more = linked.replace("4000", "6001");
    sandbox.post("/v1/transfers", &more).await.refused(400);
    sandbox.control("/clock", json!({"days": 3})).await.ok();
    sandbox.post("/v1/transfers", &form).await.ok();
    assert_eq!(sandbox.balance(&account).await, (7000, 0));
    assert_eq!(sandbox.balance(PLATFORM).await, (9680 - 7000, 0));
    let path = format!("/v1/transfers/{}/reversals", id(&transfer));
    sandbox.post(&path, "amount=1000&description=Back").await.ok();
    sandbox.post(&path, "amount=3001").await.refused(400);
    sandbox.post(&path, "").await.ok();
    sandbox.post(&path, "").await.refused(400);
    let reversed = sandbox.get(&format!("/v1/transfers/{}", id(&transfer))).await.ok();
    assert_eq!((&reversed["reversed"], &reversed["amount_reversed"]), (&json!(true), &json!(4000)));
    assert_eq!(sandbox.balance(&account).await, (3000, 0));
    sandbox.post("/v1/transfers", "amount=1&currency=usd&destination=acct_x").await.refused(400);
    balanced(&sandbox).await;
}

#[tokio::test]
async fn a_refund_without_cover_for_its_reversal_moves_nothing() {
    let sandbox = Sandbox::settling().await;
    let account = sandbox.account().await;
    let form =
        format!("amount=10000&currency=usd&source=tok_visa&transfer_data[destination]={account}");
    let charge = sandbox.post("/v1/charges", &form).await.ok();
    let at = [("stripe-account", account.as_str())];
    let bank = format!("/v1/accounts/{account}/external_accounts");
    sandbox.post(&bank, "external_account=btok_us_verified").await.ok();
    sandbox.post_with("/v1/payouts", "amount=9999&currency=usd", &at).await.ok();
    let before = sandbox.ledger().await;
    let refund = format!("charge={}&reverse_transfer=true", id(&charge));
    assert_eq!(
        sandbox.post("/v1/refunds", &refund).await.refused(400)["code"],
        "balance_insufficient"
    );
    assert_eq!(sandbox.ledger().await, before, "nothing of it happened");
    assert_eq!(sandbox.get(&format!("/v1/charges/{}", id(&charge))).await.ok()["refunded"], false);
}

#[tokio::test]
async fn payouts_arrive_fail_and_are_canceled() {
    let sandbox = Sandbox::start().await;
    sandbox.post("/v1/charges", "amount=10000&currency=usd&source=tok_bypassPending").await.ok();
    let poor = sandbox.post("/v1/payouts", "amount=20000&currency=usd").await.refused(400);
    assert_eq!(poor["code"], "balance_insufficient");
    let paid = sandbox.post("/v1/payouts", "amount=1000&currency=usd").await.ok();
    assert_eq!(paid["status"], "pending");
    let canceled = sandbox.post("/v1/payouts", "amount=2000&currency=usd").await.ok();
    let path = format!("/v1/payouts/{}/cancel", id(&canceled));
    assert_eq!(sandbox.post(&path, "").await.ok()["status"], "canceled");
    sandbox.post(&path, "").await.refused(400);
    assert_eq!(sandbox.balance(PLATFORM).await, (8680, 0));
    sandbox.control("/clock", json!({"days": 3})).await.ok();
    let paid = sandbox.get(&format!("/v1/payouts/{}", id(&paid))).await.ok();
    assert_eq!(paid["status"], "paid");

    let account = sandbox.account().await;
    let at = [("stripe-account", account.as_str())];
    sandbox
        .post("/v1/transfers", &format!("amount=500&currency=usd&destination={account}"))
        .await
        .ok();
    let homeless =
        sandbox.post_with("/v1/payouts", "amount=500&currency=usd", &at).await.refused(400);
    assert!(homeless["message"].as_str().unwrap().contains("external accounts"));
    let bank = "external_account[object]=bank_account&external_account[country]=US\
        &external_account[currency]=usd&external_account[routing_number]=110000000\
        &external_account[account_number]=000111111116";
    sandbox.post(&format!("/v1/accounts/{account}/external_accounts"), bank).await.ok();
    let failing = sandbox.post_with("/v1/payouts", "amount=500&currency=usd", &at).await.ok();
    assert_eq!(sandbox.balance(&account).await, (0, 0));
    sandbox.control("/clock", json!({"days": 3})).await.ok();
    let failed = sandbox.get_as(&account, &format!("/v1/payouts/{}", id(&failing))).await.ok();
    assert_eq!(
        (&failed["status"], &failed["failure_code"]),
        (&json!("failed"), &json!("no_account"))
    );
    assert_eq!(sandbox.balance(&account).await, (500, 0));
    assert!(sandbox.event_types(&account).await.contains(&"payout.failed".into()));
    balanced(&sandbox).await;
}

#[tokio::test]
async fn an_automatic_payout_lists_its_rows() {
    let sandbox = Sandbox::settling().await;
    let account = sandbox.account().await;
    sandbox
        .post(
            &format!("/v1/accounts/{account}/external_accounts"),
            "external_account=btok_us_verified",
        )
        .await
        .ok();
    for amount in [3000, 5000] {
        let form = format!("amount={amount}&currency=usd&source=tok_visa&destination={account}");
        sandbox.post("/v1/charges", &form).await.ok();
    }
    let payout = sandbox.control("/payouts", json!({"account": account})).await.ok();
    assert_eq!((&payout["amount"], &payout["automatic"]), (&json!(8000), &json!(true)));
    let path = format!(
        "/v1/balance/history?payout={}&limit=1000&expand[]=data.source.source_transfer",
        id(&payout)
    );
    let rows = sandbox.get_as(&account, &path).await.ok();
    let kinds: Vec<&Value> =
        rows["data"].as_array().unwrap().iter().map(|row| &row["type"]).collect();
    assert_eq!(kinds, ["payout", "payment", "payment"]);
    assert!(rows["data"][1]["source"]["source_transfer"]["source_transaction"].is_string());
    let manual = sandbox.post("/v1/charges", "amount=1000&currency=usd&source=tok_visa").await;
    manual.ok();
    let manual = sandbox.post("/v1/payouts", "amount=100&currency=usd").await.ok();
    sandbox.get(&format!("/v1/balance_transactions?payout={}", id(&manual))).await.refused(400);
}
