//! Raises an authorization.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::call::{Call, check_step};
use super::super::super::event::emit;
use super::super::super::state::Kind;
use super::super::super::tx::{Tx, number, text};
use super::{draft, unexpected};
use serde_json::{Value, json};

/// `POST /v1/payment_intents/:id/increment_authorization`.
pub fn increment(call: &Call, tx: &mut Tx<'_>, mut intent: Value) -> Answer {
    if intent["status"] != "requires_capture" {
        let message = format!(
            "This PaymentIntent's authorization cannot be incremented because it has a status of \
             {}. Only a PaymentIntent with one of the following statuses may be incremented: \
             requires_capture.",
            text(&intent, "status")
        );
        return Err(unexpected::state(&intent, message));
    }
    let amount = call.amount()?;
    check_step(Some(amount), text(&intent, "currency"))?;
    if amount <= number(&intent, "amount") {
        let message = "The amount must be greater than the amount that is authorized already.";
        return Err(ApiError::invalid(message).param("amount"));
    }
    let Some(mut charge) = tx.get(Kind::Charge, text(&intent, "latest_charge")) else {
        return Err(ApiError::not_found("charge", ""));
    };
    if let Some(fee) = call.params.amount("application_fee_amount")? {
        intent["application_fee_amount"] = json!(fee);
        charge["application_fee_amount"] = json!(fee);
    }
    call.params.patch(&mut intent, &["description", "statement_descriptor"])?;
    call.params.patch_metadata(&mut intent)?;
    draft::plan(&intent).check(tx, amount)?;
    intent["amount"] = json!(amount);
    charge["amount"] = json!(amount);
    intent["amount_capturable"] = json!(amount);
    tx.update(&charge);
    tx.update(&intent);
    let account = tx.account.clone();
    emit(tx, "payment_intent.amount_capturable_updated", &account, &intent, None);
    Ok(intent)
}
