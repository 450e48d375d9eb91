//! The money of a transfer: the payment it becomes, and its reversal.

use super::super::api_error::ApiError;
use super::super::event::emit;
use super::super::state::{Kind, PLATFORM};
use super::super::tx::{BalanceEntry, Tx, number, text};
use super::application_fee::{self, NewFee};
use super::{charge_object, refund_object};
use serde_json::{Value, json};

/// A transfer to be made.
#[derive(Debug)]
pub struct Sending<'a> {
    /// How much.
    pub amount: i64,
    /// Three letters.
    pub currency: &'a str,
    /// The connected account.
    pub destination: &'a str,
    /// The charge it comes from.
    pub source_transaction: Option<&'a str>,
    /// Its group.
    pub transfer_group: Option<&'a str>,
    /// The platform's part, for destination charges.
    pub application_fee: i64,
    /// When it becomes available.
    pub available_on: i64,
    /// `description` and `metadata`.
    pub fields: Value,
}

/// Makes a transfer and the payment on the other side.
pub fn send(tx: &mut Tx<'_>, sending: &Sending<'_>) -> Value {
    let Sending { amount, currency, destination, available_on, .. } = *sending;
    let id = tx.id("tr_");
    let payment_id = tx.id("py_");
    let mut row = BalanceEntry {
        account: PLATFORM,
        kind: "transfer",
        amount: -amount,
        currency,
        stripe_fee: 0,
        application_fee: 0,
        available_on,
        source: &id,
        description: sending.fields["description"].as_str(),
    };
    let out = tx.post(&row);
    row =
        BalanceEntry { account: destination, kind: "payment", amount, source: &payment_id, ..row };
    row.application_fee = sending.application_fee;
    let arrived = tx.post(&row);
    let transfer = json!({
        "id": id, "object": "transfer", "amount": amount, "amount_reversed": 0,
        "balance_transaction": out, "created": tx.now, "currency": currency,
        "description": sending.fields["description"], "destination": destination,
        "destination_payment": payment_id, "livemode": false,
        "metadata": sending.fields.get("metadata").cloned().unwrap_or_else(|| json!({})),
        "reversed": false, "source_transaction": sending.source_transaction,
        "source_type": "card", "transfer_group": sending.transfer_group,
    });
    tx.insert_for(Kind::Transfer, PLATFORM, None, &transfer);
    let mut payment = payment(tx, &transfer, &arrived);
    if sending.application_fee > 0 {
        let fee = NewFee {
            account: destination,
            amount: sending.application_fee,
            available_on,
            originating_transaction: sending.source_transaction,
        };
        let fee = application_fee::take(tx, &payment, &fee);
        payment["application_fee"] = fee["id"].clone();
        payment["application_fee_amount"] = fee["amount"].clone();
        emit(tx, "application_fee.created", PLATFORM, &fee, None);
    }
    tx.insert_for(Kind::Charge, destination, None, &payment);
    emit(tx, "transfer.created", PLATFORM, &transfer, None);
    emit(tx, "payment.created", destination, &payment, None);
    transfer
}

/// What a transfer is on the other side.
fn payment(tx: &Tx<'_>, transfer: &Value, row: &str) -> Value {
    let id = text(transfer, "destination_payment");
    let amount = number(transfer, "amount");
    let mut payment = charge_object::blank(id, amount, text(transfer, "currency"), tx.now);
    for (name, value) in [
        ("amount_captured", json!(amount)),
        ("balance_transaction", json!(row)),
        ("payment_method_details", json!({"stripe_account": {}, "type": "stripe_account"})),
        (
            "source",
            json!({"id": PLATFORM, "object": "account", "application_name": null, "email": null,
            "type": "standard"}),
        ),
        ("source_transfer", transfer["id"].clone()),
        ("transfer_group", transfer["transfer_group"].clone()),
    ] {
        payment[name] = value;
    }
    payment
}

/// A reversal to be made.
#[derive(Debug)]
pub struct Reversing<'a> {
    /// The transfer.
    pub transfer: &'a str,
    /// How much of it.
    pub amount: i64,
    /// How much of the platform's fee goes back with it.
    pub fee_back: i64,
    /// The refund that causes it.
    pub source_refund: Option<&'a str>,
    /// `description` and `metadata`.
    pub fields: Value,
}

/// Takes (part of) a transfer back.
pub fn reverse(tx: &mut Tx<'_>, reversing: &Reversing<'_>) -> Result<Value, ApiError> {
    let found = tx.find(Kind::Transfer, PLATFORM, reversing.transfer);
    let mut transfer = found.ok_or_else(|| ApiError::not_found("transfer", reversing.transfer))?;
    let destination = text(&transfer, "destination").to_owned();
    let currency = text(&transfer, "currency").to_owned();
    let payment_id = text(&transfer, "destination_payment").to_owned();
    let found = tx.find(Kind::Charge, &destination, &payment_id);
    let mut payment = found.ok_or_else(|| ApiError::not_found("charge", &payment_id))?;
    let amount = reversing.amount;
    let available_on = row_available_on(tx, &payment);
    if available_on <= tx.now && tx.available(&destination, &currency) < amount - reversing.fee_back
    {
        let message = format!(
            "Insufficient funds in account {destination}: its available balance does not cover \
             this reversal."
        );
        return Err(ApiError::invalid(message).code("balance_insufficient"));
    }
    let id = tx.id("trr_");
    let refund_id = tx.id("pyr_");
    let mut row = BalanceEntry {
        account: PLATFORM,
        kind: "transfer_refund",
        amount,
        currency: &currency,
        stripe_fee: 0,
        application_fee: 0,
        available_on,
        source: &id,
        description: None,
    };
    let back = tx.post(&row);
    row = BalanceEntry { account: &destination, kind: "payment_refund", amount: -amount, ..row };
    (row.source, row.application_fee) = (&refund_id, -reversing.fee_back);
    let out = tx.post(&row);
    if reversing.fee_back > 0 {
        let fee = text(&payment, "application_fee").to_owned();
        application_fee::give_back(tx, &fee, reversing.fee_back, &json!({}));
    }
    let mut refund = refund_object::new(tx, &payment, amount);
    refund["id"] = json!(refund_id);
    refund["balance_transaction"] = json!(out);
    refund["source_transfer_reversal"] = json!(id);
    tx.insert_for(Kind::Refund, &destination, Some(&payment_id), &refund);
    count(&mut payment, "amount_refunded", "refunded", amount);
    tx.update(&payment);
    let reversal = json!({
        "id": id, "object": "transfer_reversal", "amount": amount, "balance_transaction": back,
        "created": tx.now, "currency": currency, "description": reversing.fields["description"],
        "destination_payment_refund": refund_id,
        "metadata": reversing.fields.get("metadata").cloned().unwrap_or_else(|| json!({})),
        "source_refund": reversing.source_refund, "transfer": transfer["id"],
    });
    tx.insert_for(Kind::Reversal, PLATFORM, Some(reversing.transfer), &reversal);
    count(&mut transfer, "amount_reversed", "reversed", amount);
    tx.update(&transfer);
    emit(tx, "transfer.reversed", PLATFORM, &transfer, None);
    Ok(reversal)
}

/// Adds to a running total of an object; `is_complete` is set when it reaches the amount.
pub fn count(object: &mut Value, total: &str, is_complete: &str, amount: i64) {
    let sum = number(object, total) + amount;
    object[total] = json!(sum);
    object[is_complete] = json!(sum >= number(object, "amount"));
}

/// When the row of a charge becomes available, or now if it is: what is taken from money that
/// is still pending is pending, too.
pub fn row_available_on(tx: &Tx<'_>, charge: &Value) -> i64 {
    let row = tx.anywhere(Kind::Transaction, text(charge, "balance_transaction"));
    row.map_or(tx.now, |(_, row)| number(&row, "available_on").max(tx.now))
}
