//! A session costs something else now: so does the payment intent that it has already.

use super::super::super::api_error::ApiError;
use super::super::super::state::Kind;
use super::super::super::tx::{Tx, number, text};
use super::super::intent::{bank_transfer, cancel, unexpected};
use serde_json::{Value, json};

/// Gives the new total to the intent. What the customer agreed to was another amount, so an
/// authentication under way begins again.
pub fn run(tx: &mut Tx<'_>, session: &mut Value) -> Result<(), ApiError> {
    let total = number(session, "amount_total");
    let intent = tx.get(Kind::PaymentIntent, text(session, "payment_intent"));
    let Some(mut intent) = intent.filter(|intent| intent["amount"] != total) else {
        return Ok(());
    };
    unexpected::check_confirm(&intent)?;
    bank_transfer::release(tx, &mut intent)?;
    if total == 0 {
        session["payment_intent"] = Value::Null;
        cancel::end(tx, &mut intent, Some("automatic"));
        return Ok(());
    }
    intent["amount"] = json!(total);
    intent["status"] = json!("requires_payment_method");
    intent["payment_method"] = Value::Null;
    intent["next_action"] = Value::Null;
    intent.as_object_mut().map(|fields| fields.shift_remove("_authenticated"));
    tx.update(&intent);
    Ok(())
}
