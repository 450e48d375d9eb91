//! Terminal readers: actions that wait for a card, and the payments that it makes.

use super::client::{PLATFORM, Sandbox, id};
use serde_json::{Value, json};

const TEST: &str = "/v1/test_helpers/terminal/readers";

async fn reader(sandbox: &Sandbox) -> String {
    let form = "registration_code=simulated-wpe&label=Desk";
    let made = sandbox.post("/v1/terminal/readers", form).await.ok();
    assert_eq!((&made["label"], &made["status"]), (&json!("Desk"), &json!("online")));
    id(&made)
}

async fn intent(sandbox: &Sandbox, more: &str) -> String {
    let form =
        format!("amount=1500&currency=usd&allowed_payment_method_types[]=card_present{more}");
    id(&sandbox.post("/v1/payment_intents", &form).await.ok())
}

async fn act(sandbox: &Sandbox, reader: &str, action: &str, form: &str) -> Value {
    let path = format!("/v1/terminal/readers/{reader}/{action}");
    sandbox.post(&path, form).await.ok()["action"].clone()
}

async fn present(sandbox: &Sandbox, reader: &str, form: &str) -> Value {
    let path = format!("{TEST}/{reader}/present_payment_method");
    sandbox.post(&path, form).await.ok()["action"].clone()
}

#[tokio::test]
async fn a_presented_card_pays_the_intent() {
    let sandbox = Sandbox::settling().await;
    let reader = reader(&sandbox).await;
    let intent = intent(&sandbox, "").await;
    let form = format!("payment_intent={intent}");
    let action = act(&sandbox, &reader, "process_payment_intent", &form).await;
    assert_eq!(action["status"], "in_progress");
    let path = format!("/v1/terminal/readers/{reader}/process_payment_intent");
    let busy = sandbox.post(&path, &form).await.refused(409);
    assert_eq!(busy["code"], "terminal_reader_busy");
    assert_eq!(present(&sandbox, &reader, "amount_tip=200").await["status"], "succeeded");
    let paid = sandbox.get(&format!("/v1/payment_intents/{intent}")).await.ok();
    assert_eq!((&paid["status"], &paid["amount_received"]), (&json!("succeeded"), &json!(1_700)));
    let charge = format!("/v1/charges/{}", paid["latest_charge"].as_str().unwrap());
    let details = sandbox.get(&charge).await.ok()["payment_method_details"].clone();
    assert_eq!(
        (&details["type"], &details["card_present"]["last4"]),
        (&json!("card_present"), &json!("4242"))
    );
    assert!(sandbox.balance(PLATFORM).await.0 > 0);
    sandbox.post(&path, &form).await.refused(400);
    let again = format!("{TEST}/{reader}/present_payment_method");
    sandbox.post(&again, "").await.refused(400);
}

#[tokio::test]
async fn a_declined_card_fails_the_action_and_the_intent_waits_for_another() {
    let sandbox = Sandbox::settling().await;
    let reader = reader(&sandbox).await;
    let intent = intent(&sandbox, "&capture_method=manual").await;
    let form = format!("payment_intent={intent}");
    act(&sandbox, &reader, "process_payment_intent", &form).await;
    let declined = "type=card_present&card_present[number]=4000000000000002";
    let action = present(&sandbox, &reader, declined).await;
    assert_eq!(
        (&action["status"], &action["failure_code"]),
        (&json!("failed"), &json!("card_declined"))
    );
    let path = format!("/v1/payment_intents/{intent}");
    assert_eq!(sandbox.get(&path).await.ok()["status"], "requires_payment_method");
    act(&sandbox, &reader, "process_payment_intent", &form).await;
    assert_eq!(present(&sandbox, &reader, "").await["status"], "succeeded");
    assert_eq!(sandbox.get(&path).await.ok()["status"], "requires_capture");
    let captured = sandbox.post(&format!("{path}/capture"), "").await.ok();
    assert_eq!(captured["amount_received"], 1_500);
    let told = sandbox.event_types(PLATFORM).await;
    let actions: Vec<_> =
        told.iter().filter_map(|kind| kind.strip_prefix("terminal.reader.action_")).collect();
    assert_eq!(actions, ["failed", "succeeded"]);
}

#[tokio::test]
async fn a_card_is_collected_and_then_confirmed_and_refunded() {
    let sandbox = Sandbox::settling().await;
    let reader = reader(&sandbox).await;
    let intent = intent(&sandbox, "").await;
    let form = format!("payment_intent={intent}");
    let confirm = format!("/v1/terminal/readers/{reader}/confirm_payment_intent");
    assert_eq!(sandbox.post(&confirm, &form).await.refused(400)["param"], "payment_intent");
    act(&sandbox, &reader, "collect_payment_method", &form).await;
    let action = present(&sandbox, &reader, "").await;
    assert_eq!(action["collect_payment_method"]["payment_method"]["type"], "card_present");
    let action = act(&sandbox, &reader, "confirm_payment_intent", &form).await;
    assert_eq!(action["status"], "succeeded");
    let refund = format!("{form}&amount=500");
    act(&sandbox, &reader, "refund_payment", &refund).await;
    let action = present(&sandbox, &reader, "").await;
    let made = action["refund_payment"]["refund"].as_str().unwrap();
    let made = sandbox.get(&format!("/v1/refunds/{made}")).await.ok();
    assert_eq!(made["amount"], 500);
    assert_eq!(sandbox.ledger().await["balanced"], true);
    let path = format!("/v1/terminal/readers/{reader}/process_payment_intent");
    let other = "amount=500&currency=usd&allowed_payment_method_types[]=card";
    let other = id(&sandbox.post("/v1/payment_intents", other).await.ok());
    let refused = sandbox.post(&path, &format!("payment_intent={other}")).await.refused(400);
    assert_eq!(refused["param"], "payment_intent");
}

#[tokio::test]
async fn a_reader_sets_cards_up_shows_a_cart_and_asks_for_inputs() {
    let sandbox = Sandbox::start().await;
    let reader = reader(&sandbox).await;
    let customer = id(&sandbox.post("/v1/customers", "").await.ok());
    let form = format!("customer={customer}&payment_method_types[]=card");
    let headers = [("stripe-version", "2024-06-20")];
    let setup = id(&sandbox.post_with("/v1/setup_intents", &form, &headers).await.ok());
    let form = format!("setup_intent={setup}&allow_redisplay=always");
    act(&sandbox, &reader, "process_setup_intent", &form).await;
    assert_eq!(present(&sandbox, &reader, "").await["status"], "succeeded");
    let done = sandbox.get(&format!("/v1/setup_intents/{setup}")).await.ok();
    assert_eq!(done["status"], "succeeded");

    let cart = "type=cart&cart[currency]=usd&cart[total]=500&cart[line_items][0][amount]=500\
        &cart[line_items][0][description]=Tea&cart[line_items][0][quantity]=1";
    let action = act(&sandbox, &reader, "set_reader_display", cart).await;
    assert_eq!(action["set_reader_display"]["cart"]["total"], 500);
    let ask = "inputs[0][type]=email&inputs[0][custom_text][title]=Mail&inputs[0][required]=true\
        &inputs[1][type]=text&inputs[1][custom_text][title]=Name";
    act(&sandbox, &reader, "collect_inputs", ask).await;
    let path = format!("{TEST}/{reader}/succeed_input_collection");
    let filled = sandbox.post(&path, "skip_non_required_inputs=all").await.ok();
    let inputs = &filled["action"]["collect_inputs"]["inputs"];
    assert_eq!((&inputs[0]["skipped"], &inputs[1]["skipped"]), (&json!(false), &json!(true)));
    assert_eq!(inputs[0]["email"]["value"], "jenny.rosen@example.com");
    sandbox.post(&path, "").await.refused(400);
    act(&sandbox, &reader, "collect_inputs", ask).await;
    let path = format!("{TEST}/{reader}/timeout_input_collection");
    assert_eq!(sandbox.post(&path, "").await.ok()["action"]["status"], "failed");
    act(&sandbox, &reader, "collect_inputs", ask).await;
    assert!(act(&sandbox, &reader, "cancel_action", "").await.is_null());
}
