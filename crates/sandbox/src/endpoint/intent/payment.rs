//! The payment of an intent: its charge, the money, and declines.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::card::{self, Authentication, Behavior};
use super::super::super::event::emit;
use super::super::super::state::Kind;
use super::super::super::tx::{Tx, is, number, text};
use super::super::method::{attach, kinds, object};
use super::super::{charge, charge_money, charge_object, dispute};
use super::failure;
use serde_json::{Value, json};

/// Seconds an authorization holds.
const AUTHORIZED_SECONDS: i64 = 7 * 86_400;

/// Charges the method; declines are card errors that show the intent.
pub fn pay(tx: &mut Tx<'_>, intent: Value, method: &Value) -> Answer {
    let behavior = behavior(method);
    let refusal = match behavior {
        Behavior::Authenticate(Authentication::ThenDeclined) => Some(generic_decline()),
        other => card::refusal(other),
    };
    if let Some(refusal) = refusal {
        return refuse(tx, intent, method, refusal);
    }
    let charge = new_charge(tx, &intent, method);
    tx.insert(Kind::Charge, intent["id"].as_str(), &charge);
    let manual = intent["capture_method"] == "manual" && is_card(method);
    if manual { authorize(tx, intent, charge, method) } else { settle(tx, intent, charge, method) }
}

/// Whether a method is a card, typed in or presented.
fn is_card(method: &Value) -> bool {
    matches!(text(method, "type"), "card" | "card_present" | "interac_present")
}

/// What a method's test card does.
pub fn behavior(method: &Value) -> Behavior {
    match text(method, "_number") {
        "" => Behavior::Pay,
        number => card::behavior(number),
    }
}

/// A decline without a reason.
pub fn generic_decline() -> ApiError {
    let mut refusal = ApiError::card("card_declined", "Your card was declined.");
    refusal.decline_code = Some("generic_decline");
    refusal
}

/// Holds the amount until it is captured.
fn authorize(tx: &mut Tx<'_>, mut intent: Value, mut charge: Value, method: &Value) -> Answer {
    charge["captured"] = json!(false);
    charge["_due"] = json!((tx.now + AUTHORIZED_SECONDS) * 1_000);
    let kind = text(method, "type");
    charge["payment_method_details"][kind]["capture_before"] = json!(tx.now + AUTHORIZED_SECONDS);
    tx.update(&charge);
    keep_method(tx, &intent, method);
    intent["amount_capturable"] = intent["amount"].clone();
    intent["status"] = json!("requires_capture");
    end(tx, &mut intent, &charge);
    let account = tx.account.clone();
    emit(tx, "charge.succeeded", &account, &charge, None);
    emit(tx, "payment_intent.amount_capturable_updated", &account, &intent, None);
    Ok(intent)
}

/// Books the money of a charge at once.
pub fn settle(tx: &mut Tx<'_>, mut intent: Value, mut charge: Value, method: &Value) -> Answer {
    let amount = number(&intent, "amount");
    charge["status"] = json!("succeeded");
    charge["paid"] = json!(true);
    charge_money::collect(tx, &mut charge, amount)?;
    tx.update(&charge);
    keep_method(tx, &intent, method);
    intent["amount_received"] = json!(amount);
    intent["status"] = json!("succeeded");
    end(tx, &mut intent, &charge);
    let account = tx.account.clone();
    emit(tx, "charge.succeeded", &account, &charge, None);
    emit(tx, "payment_intent.succeeded", &account, &intent, None);
    dispute_captured(tx, charge);
    Ok(intent)
}

/// Opens the dispute of a test card, once its money was captured.
pub fn dispute_captured(tx: &mut Tx<'_>, mut charge: Value) {
    if let Behavior::Dispute(reason, kind) = card::behavior(text(&charge, "_number")) {
        dispute::open(tx, &mut charge, reason, kind);
    }
}

fn end(tx: &mut Tx<'_>, intent: &mut Value, charge: &Value) {
    intent["latest_charge"] = charge["id"].clone();
    intent["next_action"] = Value::Null;
    tx.update(intent);
}

/// Saves the method for later when the intent asks for it; otherwise it is used up.
pub fn keep_method(tx: &mut Tx<'_>, intent: &Value, method: &Value) {
    let Some(mut method) = tx.get(Kind::Method, text(method, "id")) else { return };
    let owner = text(intent, "customer");
    let usage = text(intent, "setup_future_usage");
    if usage == "off_session" {
        method["_set_up"] = json!(true);
    }
    if !text(&method, "customer").is_empty() {
        tx.update(&method);
    } else if usage.is_empty() || owner.is_empty() || !kinds::of(&method).is_reusable {
        method["_used"] = json!(true);
        tx.update(&method);
    } else {
        attach::put(tx, method, owner);
    }
}

/// Fails an attempt: the charge is kept, and the intent asks for another method.
pub fn refuse(tx: &mut Tx<'_>, mut intent: Value, method: &Value, refusal: ApiError) -> Answer {
    let charge = new_charge(tx, &intent, method);
    tx.insert(Kind::Charge, intent["id"].as_str(), &charge);
    intent["latest_charge"] = charge["id"].clone();
    let refusal = charge::decline(tx, charge, refusal);
    Err(fail(tx, intent, method, refusal))
}

/// Sends an intent back for another method; the refusal then shows it.
pub fn fail(tx: &mut Tx<'_>, mut intent: Value, method: &Value, refusal: ApiError) -> ApiError {
    intent["last_payment_error"] = failure::object(&refusal, method);
    intent["payment_method"] = Value::Null;
    intent["next_action"] = Value::Null;
    intent["status"] = json!("requires_payment_method");
    if let Some(fields) = intent.as_object_mut() {
        fields.shift_remove("_authenticated");
    }
    tx.update(&intent);
    let account = tx.account.clone();
    emit(tx, "payment_intent.payment_failed", &account, &intent, None);
    let refusal = refusal.with_object("payment_intent", &intent);
    ApiError { keep: true, ..refusal.with_object("payment_method", method) }
}

/// The charge of an attempt, with no money booked yet.
pub fn new_charge(tx: &mut Tx<'_>, intent: &Value, method: &Value) -> Value {
    let is_card = is_card(method);
    let id = tx.id(if is_card { "ch_" } else { "py_" });
    let (amount, currency) = (number(intent, "amount"), text(intent, "currency"));
    let mut charge = charge_object::blank(&id, amount, currency, tx.now);
    for name in [
        "application_fee_amount",
        "customer",
        "description",
        "metadata",
        "on_behalf_of",
        "receipt_email",
        "shipping",
        "statement_descriptor",
        "statement_descriptor_suffix",
        "transfer_data",
        "transfer_group",
        "payment_method",
    ] {
        charge[name] = intent[name].clone();
    }
    let behavior = behavior(method);
    for (name, value) in [
        ("billing_details", method["billing_details"].clone()),
        ("calculated_statement_descriptor", json!("SLUICEGATE")),
        ("destination", intent["transfer_data"]["destination"].clone()),
        ("outcome", charge_object::outcome(behavior)),
        ("payment_intent", intent["id"].clone()),
        ("payment_method", method["id"].clone()),
        ("payment_method_details", object::details(method)),
        ("receipt_url", json!(format!("https://pay.stripe.com/receipts/{id}"))),
        ("_number", method["_number"].clone()),
    ] {
        charge[name] = value;
    }
    if is_card && is(intent, "_authenticated") {
        charge["payment_method_details"]["card"]["three_d_secure"] = json!({
            "authentication_flow": "challenge", "electronic_commerce_indicator": "05",
            "exemption_indicator": null, "result": "authenticated", "result_reason": null,
            "transaction_id": null, "version": "2.2.0",
        });
    }
    charge
}
