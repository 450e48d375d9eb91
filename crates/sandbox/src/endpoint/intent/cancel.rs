//! Cancels payment intents, by request or because their authorization ran out.

use super::super::super::api_error::Answer;
use super::super::super::call::Call;
use super::super::super::event::emit;
use super::super::super::state::Kind;
use super::super::super::tx::{Tx, number, text};
use super::super::refund_object;
use super::{bank_transfer, unexpected};
use serde_json::{Value, json};

const REASONS: &[&str] = &["abandoned", "duplicate", "fraudulent", "requested_by_customer"];

/// `POST /v1/payment_intents/:id/cancel`.
pub fn run(call: &Call, tx: &mut Tx<'_>, mut intent: Value) -> Answer {
    unexpected::check_cancel(&intent)?;
    let reason = call.params.choice("cancellation_reason", REASONS)?;
    release(tx, &intent);
    bank_transfer::release(tx, &mut intent)?;
    end(tx, &mut intent, reason);
    Ok(intent)
}

/// Marks an intent as canceled and tells of it.
pub fn end(tx: &mut Tx<'_>, intent: &mut Value, reason: Option<&str>) {
    intent["status"] = json!("canceled");
    intent["canceled_at"] = json!(tx.now);
    intent["cancellation_reason"] = json!(reason);
    intent["amount_capturable"] = json!(0);
    intent["next_action"] = Value::Null;
    intent.as_object_mut().map(|fields| fields.shift_remove("_due"));
    tx.update(intent);
    let account = tx.account.clone();
    emit(tx, "payment_intent.canceled", &account, intent, None);
}

/// Gives the amount that is held back to the card's holder.
fn release(tx: &mut Tx<'_>, intent: &Value) {
    let Some(mut charge) = tx.get(Kind::Charge, text(intent, "latest_charge")) else { return };
    let account = tx.account.clone();
    if charge["status"] == "pending" {
        charge["status"] = json!("failed");
        tx.update(&charge);
        return emit(tx, "charge.failed", &account, &charge, None);
    }
    if intent["status"] != "requires_capture" {
        return;
    }
    let rest = number(&charge, "amount") - number(&charge, "_captured_parts");
    charge["amount_refunded"] = json!(rest);
    charge["refunded"] = json!(true);
    charge.as_object_mut().map(|fields| fields.shift_remove("_due"));
    tx.update(&charge);
    let id = text(&charge, "id").to_owned();
    let mut refund = refund_object::new(tx, &charge, rest);
    refund["balance_transaction"] = Value::Null;
    tx.insert(Kind::Refund, Some(&id), &refund);
    emit(tx, "charge.refunded", &account, &charge, None);
}

/// The authorization of a charge ran out: its intent is canceled.
pub fn expire(tx: &mut Tx<'_>, charge: &str) {
    let Some(charge) = tx.get(Kind::Charge, charge) else { return };
    let intent = tx.get(Kind::PaymentIntent, text(&charge, "payment_intent"));
    let Some(mut intent) = intent.filter(|intent| intent["status"] == "requires_capture") else {
        return;
    };
    end(tx, &mut intent, Some("automatic"));
}
