//! Captures what a payment intent holds, in full or in parts.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::call::{Call, check_step};
use super::super::super::event::emit;
use super::super::super::state::Kind;
use super::super::super::tx::{Tx, number, text};
use super::super::{capture, charge_money};
use super::{payment, unexpected};
use serde_json::{Value, json};

/// `POST /v1/payment_intents/:id/capture`.
pub fn run(call: &Call, tx: &mut Tx<'_>, mut intent: Value) -> Answer {
    unexpected::check_capture(&intent)?;
    let held = number(&intent, "amount_capturable");
    let asked = call.params.amount("amount_to_capture")?;
    check_step(asked, text(&intent, "currency"))?;
    let amount = asked.unwrap_or(held);
    if amount > held {
        let message = format!(
            "The provided `amount_to_capture` ({amount}) is greater than the `amount_capturable` \
             of this PaymentIntent ({held})."
        );
        return Err(ApiError::invalid(message).code("amount_too_large").param("amount_to_capture"));
    }
    let is_final = call.params.boolean("final_capture")?.unwrap_or(true) || amount == held;
    call.params.patch_metadata(&mut intent)?;
    let found = tx.get(Kind::Charge, text(&intent, "latest_charge"));
    let charge = found.ok_or_else(|| ApiError::not_found("charge", ""))?;
    let charge = match is_final && number(&charge, "_captured_parts") == 0 {
        true => capture::take(call, tx, charge, amount)?,
        false => part(call, tx, charge, amount, is_final)?,
    };
    intent["amount_received"] = json!(number(&intent, "amount_received") + amount);
    intent["amount_capturable"] = json!(if is_final { 0 } else { held - amount });
    if is_final {
        intent["status"] = json!("succeeded");
    }
    tx.update(&intent);
    let account = tx.account.clone();
    if is_final {
        emit(tx, "payment_intent.succeeded", &account, &intent, None);
        payment::dispute_captured(tx, charge);
    } else {
        emit(tx, "payment_intent.amount_capturable_updated", &account, &intent, None);
    }
    Ok(intent)
}

/// One of several captures; the last one releases what is left.
fn part(call: &Call, tx: &mut Tx<'_>, mut charge: Value, amount: i64, is_final: bool) -> Answer {
    let due = charge["_due"].clone();
    let captured = number(&charge, "_captured_parts");
    capture::adjust(call, tx, &mut charge, amount)?;
    charge_money::collect(tx, &mut charge, amount)?;
    // The platform's fee is taken once, unless a later capture names another.
    charge["application_fee_amount"] = Value::Null;
    let total = captured + amount;
    charge["_captured_parts"] = json!(total);
    charge["amount_captured"] = json!(total);
    charge["captured"] = json!(is_final);
    if is_final {
        charge["amount_refunded"] = json!(number(&charge, "amount") - total);
    } else {
        charge["_due"] = due;
    }
    tx.update(&charge);
    let account = tx.account.clone();
    emit(tx, "charge.captured", &account, &charge, None);
    Ok(charge)
}
