//! The money of a refund: what the charge's account pays, and what comes back from others.

use super::super::api_error::ApiError;
use super::super::state::{Kind, PLATFORM};
use super::super::tx::{BalanceEntry, Tx, is, number, text};
use super::application_fee;
use super::transfer_money::{self, Reversing, row_available_on};
use serde_json::{Value, json};

/// What goes back besides the charge itself.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The platform's fee.
    pub fee: bool,
    /// The transfer of a destination charge.
    pub transfer: bool,
}

impl Plan {
    /// Refuses to return what the charge does not have.
    pub fn check(&self, charge: &Value) -> Result<(), ApiError> {
        let id = text(charge, "id");
        let wrong = |message: String, param: &str| Err(ApiError::invalid(message).param(param));
        if self.transfer && charge["destination"].is_null() {
            let message = format!(
                "Cannot reverse transfer on charge {id} because it does not have an \
                    associated transfer."
            );
            return wrong(message, "reverse_transfer");
        }
        if self.fee && charge["application_fee_amount"].is_null() {
            let message =
                format!("Cannot refund the application fee of charge {id} because it has none.");
            return wrong(message, "refund_application_fee");
        }
        if self.fee && !self.transfer && charge["destination"].is_string() {
            let message = "You can only refund the application fee of a destination charge \
                together with reversing its transfer (reverse_transfer=true).";
            return wrong(message.to_owned(), "refund_application_fee");
        }
        Ok(())
    }
}

/// Books the refund and updates the charge; returns the charge as it is afterwards.
pub fn give_back(
    tx: &mut Tx<'_>,
    mut charge: Value,
    refund: &mut Value,
    plan: &Plan,
) -> Result<Value, ApiError> {
    let amount = number(refund, "amount");
    if is(&charge, "captured") {
        let fee_back = if plan.fee { fee_part(tx, &charge, amount) } else { 0 };
        book(tx, &charge, refund, if plan.transfer { 0 } else { fee_back });
        if plan.transfer {
            reverse(tx, &charge, refund, fee_back)?;
        }
    } else if let Some(fields) = charge.as_object_mut() {
        fields.shift_remove("_due");
    }
    transfer_money::count(&mut charge, "amount_refunded", "refunded", amount);
    tx.update(&charge);
    Ok(charge)
}

/// The charge's own account pays; of a direct charge the platform's fee comes back to it.
fn book(tx: &mut Tx<'_>, charge: &Value, refund: &mut Value, fee_back: i64) {
    let account = tx.account.clone();
    let id = text(refund, "id").to_owned();
    let row = tx.post(&BalanceEntry {
        account: &account,
        kind: "refund",
        amount: -number(refund, "amount"),
        currency: text(charge, "currency"),
        stripe_fee: 0,
        application_fee: -fee_back,
        available_on: row_available_on(tx, charge),
        source: &id,
        description: Some("REFUND FOR CHARGE"),
    });
    refund["balance_transaction"] = json!(row);
    if fee_back > 0 {
        application_fee::give_back(tx, text(charge, "application_fee"), fee_back, &json!({}));
    }
}

/// The transfer of a destination charge comes back in proportion.
fn reverse(
    tx: &mut Tx<'_>,
    charge: &Value,
    refund: &mut Value,
    fee_back: i64,
) -> Result<(), ApiError> {
    let transfer_id = text(charge, "transfer");
    let transfer = tx.find(Kind::Transfer, PLATFORM, transfer_id).unwrap_or_default();
    let left = number(&transfer, "amount") - number(&transfer, "amount_reversed");
    let part = part(charge, number(refund, "amount"), number(&transfer, "amount"), left);
    if part < 1 {
        return Ok(());
    }
    let reversal = transfer_money::reverse(
        tx,
        &Reversing {
            transfer: transfer_id,
            amount: part,
            fee_back: fee_back.min(part),
            source_refund: refund["id"].as_str(),
            fields: json!({}),
        },
    )?;
    refund["transfer_reversal"] = reversal["id"].clone();
    Ok(())
}

fn fee_part(tx: &Tx<'_>, charge: &Value, amount: i64) -> i64 {
    let left = application_fee::rest(tx, text(charge, "application_fee"));
    part(charge, amount, number(charge, "application_fee_amount"), left)
}

/// `share × refund / charge`, rounded; the rest when the charge is refunded in full.
fn part(charge: &Value, refund: i64, share: i64, left: i64) -> i64 {
    let captured = number(charge, "amount_captured").max(1);
    let after = number(charge, "amount_refunded") + refund;
    if after >= number(charge, "amount") {
        return left;
    }
    let product = i128::from(share) * i128::from(refund) + i128::from(captured) / 2;
    i64::try_from(product / i128::from(captured)).unwrap_or(left).min(left)
}
