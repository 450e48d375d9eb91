//! The payments of today in the newest version of the API: every answer is checked field by field
//! with Stripe's description (see client.rs).

use super::client::{Sandbox, id};
use serde_json::json;

const CARD: &str = "amount=2000&currency=usd&automatic_payment_methods[enabled]=true\
    &automatic_payment_methods[allow_redirects]=never";

#[tokio::test]
async fn a_payment_intent_in_all_its_states() {
    let sandbox = Sandbox::start().await;
    let path = |id: &str, operation: &str| format!("/v1/payment_intents/{id}/{operation}");
    let open = sandbox.post("/v1/payment_intents", CARD).await.ok();
    sandbox.post(&path(&id(&open), "confirm"), "payment_method=pm_card_visa").await.ok();
    let held = format!("{CARD}&capture_method=manual&confirm=true&payment_method=pm_card_visa");
    let held = sandbox.post("/v1/payment_intents", &held).await.ok();
    assert_eq!(held["status"], "requires_capture");
    let expand = "expand[]=latest_charge.balance_transaction&expand[]=payment_method";
    sandbox.post(&path(&id(&held), "capture"), expand).await.ok();
    let asked = format!("{CARD}&confirm=true&payment_method=pm_card_authenticationRequired");
    let asked = sandbox.post("/v1/payment_intents", &asked).await.ok();
    assert_eq!(asked["status"], "requires_action");
    sandbox.post(&path(&id(&asked), "cancel"), "").await.ok();
    let declined = format!("{CARD}&confirm=true&payment_method=pm_card_chargeDeclined");
    let declined = sandbox.post("/v1/payment_intents", &declined).await.refused(402);
    let declined = declined["payment_intent"]["id"].as_str().unwrap();
    let declined = sandbox.get(&path(declined, "")).await.ok();
    assert_eq!(declined["last_payment_error"]["code"], "card_declined");
    sandbox.get("/v1/payment_intents?expand[]=data.latest_charge").await.ok();
    sandbox.get("/v1/charges").await.ok();
}

#[tokio::test]
async fn setups_methods_and_sessions() {
    let sandbox = Sandbox::start().await;
    let customer = id(&sandbox.post("/v1/customers", "email=a@b.c").await.ok());
    let form = format!(
        "customer={customer}&confirm=true&payment_method=pm_card_visa\
        &automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never"
    );
    let setup = sandbox.post("/v1/setup_intents", &form).await.ok();
    assert_eq!(setup["status"], "succeeded");
    let list = format!("/v1/setup_attempts?setup_intent={}", id(&setup));
    sandbox.get(&list).await.ok();
    sandbox.get(&format!("/v1/customers/{customer}/payment_methods")).await.ok();
    let debit = "type=us_bank_account&us_bank_account[account_number]=000123456789\
        &us_bank_account[routing_number]=110000000\
        &us_bank_account[account_holder_type]=individual&billing_details[name]=Jenny";
    sandbox.post("/v1/payment_methods", debit).await.ok();
    let sepa = "type=sepa_debit&sepa_debit[iban]=DE89370400440532013000\
        &billing_details[name]=Jenny&billing_details[email]=a@b.c";
    sandbox.post("/v1/payment_methods", sepa).await.ok();
    let session = "mode=payment&success_url=http://localhost/done&line_items[0][quantity]=2\
        &line_items[0][price_data][currency]=usd&line_items[0][price_data][unit_amount]=500\
        &line_items[0][price_data][product_data][name]=Mug";
    let session = sandbox.post("/v1/checkout/sessions", session).await.ok();
    assert_eq!(session["amount_total"], 1_000);
    let path = format!("/v1/checkout/sessions/{}", id(&session));
    let lines = sandbox.get(&format!("{path}/line_items")).await.ok();
    assert_eq!(lines["data"][0]["quantity"], json!(2));
    sandbox.post(&format!("{path}/expire"), "").await.ok();
    let token = "payment_method_data[type]=card&payment_method_data[card][token]=tok_visa";
    sandbox.post("/v1/test_helpers/confirmation_tokens", token).await.ok();
}
