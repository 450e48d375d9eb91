//! Captures an authorized charge, in full or in part.

use super::super::api_error::{Answer, ApiError};
use super::super::call::{Call, check_step};
use super::super::event::emit;
use super::super::state::Kind;
use super::super::tx::{Tx, is, number, text};
use super::charge_object::Plan;
use super::{charge_money, refund_object};
use serde_json::{Value, json};

/// Captures `charge`.
pub fn run(call: &Call, tx: &mut Tx<'_>, charge: Value) -> Answer {
    let id = text(&charge, "id").to_owned();
    if let Some(intent) = charge["payment_intent"].as_str() {
        let message = format!(
            "This Charge was created by the PaymentIntent {intent}. To capture it, capture the \
             PaymentIntent."
        );
        return Err(ApiError::invalid(message).code("charge_invalid_parameter"));
    }
    if charge["_expired"] == true {
        let message = format!("Charge {id} has expired and can no longer be captured.");
        return Err(ApiError::invalid(message).code("charge_expired_for_capture"));
    }
    if is(&charge, "captured") {
        let message = format!("Charge {id} has already been captured.");
        return Err(ApiError::invalid(message).code("charge_already_captured"));
    }
    if is(&charge, "refunded") {
        let message = format!("Charge {id} has already been refunded.");
        return Err(ApiError::invalid(message).code("charge_already_refunded"));
    }
    if charge["status"] != "succeeded" {
        let message = format!("Charge {id} cannot be captured because it was not successful.");
        return Err(ApiError::invalid(message).code("capture_unauthorized_payment"));
    }
    let authorized = number(&charge, "amount");
    let asked = call.params.amount("amount")?;
    check_step(asked, text(&charge, "currency"))?;
    let amount = asked.unwrap_or(authorized);
    if amount > authorized {
        let message = "You cannot capture a charge for an amount greater than it already has.";
        return Err(ApiError::invalid(message).code("amount_too_large").param("amount"));
    }
    take(call, tx, charge, amount)
}

/// Captures an amount of a charge that can be captured, and releases the rest.
pub fn take(call: &Call, tx: &mut Tx<'_>, mut charge: Value, amount: i64) -> Answer {
    let id = text(&charge, "id").to_owned();
    let authorized = number(&charge, "amount");
    adjust(call, tx, &mut charge, amount)?;
    call.params.patch(
        &mut charge,
        &["receipt_email", "statement_descriptor", "statement_descriptor_suffix", "transfer_group"],
    )?;
    charge_money::collect(tx, &mut charge, amount)?;
    if amount < authorized {
        // The rest is released: a refund without money, as old API versions show it.
        let rest = authorized - amount;
        charge["amount_refunded"] = json!(rest);
        let mut released = refund_object::new(tx, &charge, rest);
        released["balance_transaction"] = Value::Null;
        tx.insert(Kind::Refund, Some(&id), &released);
    }
    tx.update(&charge);
    let account = tx.account.clone();
    emit(tx, "charge.captured", &account, &charge, None);
    Ok(charge)
}

/// A capture may set the platform's fee and the transfer's amount anew.
pub fn adjust(call: &Call, tx: &Tx<'_>, charge: &mut Value, amount: i64) -> Result<(), ApiError> {
    let params = &call.params;
    let fee = params.amount("application_fee_amount")?.or(params.amount("application_fee")?);
    let share = params.group("transfer_data").map(|group| group.amount("amount")).transpose()?;
    if let Some(fee) = fee {
        charge["application_fee_amount"] = json!(fee);
    }
    if let (Some(Some(share)), true) = (share, charge["transfer_data"].is_object()) {
        charge["transfer_data"]["amount"] = json!(share);
    }
    let plan = Plan {
        destination: charge["destination"].as_str().map(str::to_owned),
        transfer_amount: charge["transfer_data"]["amount"].as_i64(),
        application_fee: charge["application_fee_amount"].as_i64(),
        on_behalf_of: None,
    };
    plan.check(tx, amount)
}
