//! Customers' cash balances: bank transfers arrive, and pay what waits for them.

use super::client::{PLATFORM, Sandbox, id};
use serde_json::json;

const TRANSFER: &str = "currency=usd&confirm=true&payment_method_data[type]=customer_balance\
    &allowed_payment_method_types[]=customer_balance\
    &payment_method_options[customer_balance][funding_type]=bank_transfer\
    &payment_method_options[customer_balance][bank_transfer][type]=us_bank_transfer";

async fn customer(sandbox: &Sandbox) -> String {
    id(&sandbox.post("/v1/customers", "name=Jo").await.ok())
}

async fn fund(sandbox: &Sandbox, customer: &str, form: &str) {
    let path = format!("/v1/test_helpers/customers/{customer}/fund_cash_balance");
    let entry = sandbox.post(&path, form).await.ok();
    assert_eq!(entry["type"], "funded");
    assert_eq!(entry["funded"]["bank_transfer"]["type"], "us_bank_transfer");
}

async fn waiting(sandbox: &Sandbox, customer: &str, amount: i64) -> serde_json::Value {
    let form = format!("{TRANSFER}&amount={amount}&customer={customer}");
    sandbox.post("/v1/payment_intents", &form).await.ok()
}

#[tokio::test]
async fn a_payment_waits_for_its_transfer_and_takes_it_in_parts() {
    let sandbox = Sandbox::settling().await;
    let customer = customer(&sandbox).await;
    let intent = waiting(&sandbox, &customer, 5_000).await;
    assert_eq!(intent["status"], "requires_action");
    let shown = &intent["next_action"]["display_bank_transfer_instructions"];
    assert_eq!(shown["amount_remaining"], 5_000);
    assert_eq!(shown["financial_addresses"][0]["type"], "aba");

    fund(&sandbox, &customer, "amount=2000&currency=usd").await;
    let path = format!("/v1/payment_intents/{}", id(&intent));
    let partly = sandbox.get(&path).await.ok();
    assert_eq!(partly["status"], "requires_action");
    let shown = &partly["next_action"]["display_bank_transfer_instructions"];
    assert_eq!(shown["amount_remaining"], 3_000);
    assert_eq!(sandbox.balance(PLATFORM).await.0, 0, "the customer's cash is not the merchant's");

    fund(&sandbox, &customer, "amount=3500&currency=usd").await;
    let paid = sandbox.get(&path).await.ok();
    assert_eq!((&paid["status"], &paid["amount_received"]), (&json!("succeeded"), &json!(5_000)));
    let cash = sandbox.get(&format!("/v1/customers/{customer}/cash_balance")).await.ok();
    assert_eq!(cash["available"], json!({"usd": 500}));
    assert!(sandbox.balance(PLATFORM).await.0 > 0);
    assert_eq!(sandbox.ledger().await["balanced"], true);

    let path = format!("/v1/customers/{customer}/cash_balance_transactions");
    let list = sandbox.get(&path).await.ok();
    let types: Vec<_> = list["data"].as_array().unwrap().iter().map(|one| &one["type"]).collect();
    assert_eq!(types, ["applied_to_payment", "funded", "applied_to_payment", "funded"]);
    let first = sandbox.get(&format!("{path}/{}", id(&list["data"][0]))).await.ok();
    assert_eq!((&first["net_amount"], &first["ending_balance"]), (&json!(-3_000), &json!(500)));
    let told = sandbox.event_types(PLATFORM).await;
    for kind in
        ["payment_intent.partially_funded", "cash_balance.funds_available", "charge.succeeded"]
    {
        assert_eq!(told.iter().filter(|told| *told == kind).count(), 1, "{kind} in {told:?}");
    }
}

#[tokio::test]
async fn cash_that_is_there_pays_at_once_and_a_reference_goes_first() {
    let sandbox = Sandbox::start().await;
    let customer = customer(&sandbox).await;
    fund(&sandbox, &customer, "amount=1000&currency=usd").await;
    assert_eq!(waiting(&sandbox, &customer, 600).await["status"], "succeeded");
    let older = waiting(&sandbox, &customer, 900).await;
    let newer = waiting(&sandbox, &customer, 700).await;
    assert_eq!(older["status"], "requires_action");
    let shown = &newer["next_action"]["display_bank_transfer_instructions"];
    let reference = shown["reference"].as_str().unwrap();
    fund(&sandbox, &customer, &format!("amount=700&currency=usd&reference={reference}")).await;
    let path = format!("/v1/payment_intents/{}", id(&newer));
    assert_eq!(sandbox.get(&path).await.ok()["status"], "succeeded");
    // The older one has 400 of before, which a cancellation gives back.
    let path = format!("/v1/payment_intents/{}/cancel", id(&older));
    assert_eq!(sandbox.post(&path, "").await.ok()["status"], "canceled");
    let cash = sandbox.get(&format!("/v1/customers/{customer}/cash_balance")).await.ok();
    assert_eq!(cash["available"], json!({"usd": 400}));
}

#[tokio::test]
async fn manual_reconciliation_waits_for_a_request() {
    let sandbox = Sandbox::start().await;
    let customer = customer(&sandbox).await;
    let path = format!("/v1/customers/{customer}/cash_balance");
    let cash = sandbox.post(&path, "settings[reconciliation_mode]=manual").await.ok();
    assert_eq!(cash["settings"]["reconciliation_mode"], "manual");
    let intent = waiting(&sandbox, &customer, 800).await;
    let path = format!("/v1/payment_intents/{}/apply_customer_balance", id(&intent));
    sandbox.post(&path, "").await.refused(400);
    fund(&sandbox, &customer, "amount=1000&currency=usd").await;
    let refused = sandbox.post(&path, "amount=900&currency=usd").await.refused(400);
    assert_eq!(refused["param"], "amount");
    assert_eq!(sandbox.post(&path, "").await.ok()["status"], "succeeded");
}

#[tokio::test]
async fn another_method_pays_the_whole_and_applied_cash_goes_back() {
    let sandbox = Sandbox::start().await;
    let customer = customer(&sandbox).await;
    let more = "&allowed_payment_method_types[]=card";
    let form = format!("{TRANSFER}{more}&amount=900&customer={customer}");
    let intent = sandbox.post("/v1/payment_intents", &form).await.ok();
    fund(&sandbox, &customer, "amount=400&currency=usd").await;
    let path = format!("/v1/payment_intents/{}/confirm", id(&intent));
    let paid = sandbox.post(&path, "payment_method=pm_card_visa").await.ok();
    assert_eq!((&paid["status"], &paid["amount_received"]), (&json!("succeeded"), &json!(900)));
    let cash = sandbox.get(&format!("/v1/customers/{customer}/cash_balance")).await.ok();
    assert_eq!(cash["available"], json!({"usd": 400}));
}

#[tokio::test]
async fn instructions_are_of_the_currency_and_a_payment_needs_a_customer() {
    let sandbox = Sandbox::start().await;
    let customer = customer(&sandbox).await;
    let path = format!("/v1/customers/{customer}/funding_instructions");
    let form = "currency=eur&funding_type=bank_transfer&bank_transfer[type]=eu_bank_transfer\
        &bank_transfer[eu_bank_transfer][country]=FR";
    let shown = sandbox.post(&path, form).await.ok();
    assert_eq!(shown["bank_transfer"]["country"], "FR");
    let iban = shown["bank_transfer"]["financial_addresses"][0]["iban"]["iban"].as_str().unwrap();
    assert!(iban.starts_with("FR"), "{iban}");
    let wrong = "currency=usd&funding_type=bank_transfer&bank_transfer[type]=jp_bank_transfer";
    let refused = sandbox.post(&path, wrong).await.refused(400);
    assert_eq!(refused["param"], "bank_transfer[type]");
    let form = format!("{TRANSFER}&amount=500");
    let refused = sandbox.post("/v1/payment_intents", &form).await.refused(400);
    assert_eq!(refused["param"], "customer");
    sandbox.get("/v1/customers/cus_none/cash_balance").await.refused(404);
}
