//! Application fees: the platform's part of a charge, and its refunds.

use super::super::api_error::{Answer, ApiError};
use super::super::call::{Call, check_step, money};
use super::super::event::emit;
use super::super::listing;
use super::super::state::{Kind, PLATFORM};
use super::super::tx::{BalanceEntry, Tx, is, number, text};
use serde_json::{Value, json};

/// Paths below `/v1/application_fees`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("GET", []) => {
            let filter = listing::by_fields(&call.params, &["charge", "account"]);
            listing::page(tx, call, tx.ids(Kind::Fee), &filter)
        }
        ("GET", [id]) => of(tx, id),
        ("GET", [id, "refunds"]) => of(tx, id)
            .and_then(|_| listing::page(tx, call, tx.children(Kind::FeeRefund, id), &|_| true)),
        ("POST", [id, "refunds"]) => refund(call, tx, id),
        ("POST", [id, "refund"]) => refund(call, tx, id).and_then(|_| of(tx, id)),
        ("GET", [id, "refunds", refund]) => part(tx, id, refund),
        ("POST", [id, "refunds", refund]) => part(tx, id, refund).and_then(|mut found| {
            call.params.patch_metadata(&mut found)?;
            tx.update(&found);
            Ok(found)
        }),
        _ => return None,
    })
}

fn of(tx: &Tx<'_>, id: &str) -> Answer {
    tx.get(Kind::Fee, id).ok_or_else(|| ApiError::not_found("application fee", id))
}

fn part(tx: &Tx<'_>, id: &str, refund: &str) -> Answer {
    let found = tx.get(Kind::FeeRefund, refund).filter(|found| found["fee"] == id);
    found.ok_or_else(|| ApiError::not_found("fee refund", refund))
}

/// A fee that the platform takes from a charge.
#[derive(Debug)]
pub struct NewFee<'a> {
    /// The connected account that pays it.
    pub account: &'a str,
    /// How much.
    pub amount: i64,
    /// When it becomes available to the platform.
    pub available_on: i64,
    /// The charge behind a transfer that pays it.
    pub originating_transaction: Option<&'a str>,
}

/// Books the platform's side of a fee taken from a charge. The connected account's side is the fee
/// of its own balance transaction.
pub fn take(tx: &mut Tx<'_>, charge: &Value, fee: &NewFee<'_>) -> Value {
    let NewFee { account, amount, available_on, originating_transaction } = *fee;
    let id = tx.id("fee_");
    let currency = text(charge, "currency");
    let row = tx.post(&BalanceEntry {
        account: PLATFORM,
        kind: "application_fee",
        amount,
        currency,
        stripe_fee: 0,
        application_fee: 0,
        available_on,
        source: &id,
        description: None,
    });
    let fee = json!({
        "id": id, "object": "application_fee", "account": account, "amount": amount,
        "amount_refunded": 0, "application": "ca_sandbox", "balance_transaction": row,
        "charge": charge["id"], "created": tx.now, "currency": currency,
        "fee_source": {"charge": charge["id"], "type": "charge"}, "livemode": false,
        "originating_transaction": originating_transaction, "refunded": false,
    });
    tx.insert_for(Kind::Fee, PLATFORM, None, &fee);
    fee
}

/// Books the platform's side of giving `amount` of a fee back.
pub fn give_back(tx: &mut Tx<'_>, fee_id: &str, amount: i64, metadata: &Value) -> Option<Value> {
    let mut fee = tx.find(Kind::Fee, PLATFORM, fee_id)?;
    let id = tx.id("fr_");
    let currency = text(&fee, "currency").to_owned();
    let row = tx.post(&BalanceEntry {
        account: PLATFORM,
        kind: "application_fee_refund",
        amount: -amount,
        currency: &currency,
        stripe_fee: 0,
        application_fee: 0,
        available_on: tx.now,
        source: &id,
        description: None,
    });
    let given = json!({
        "id": id, "object": "fee_refund", "amount": amount, "balance_transaction": row,
        "created": tx.now, "currency": currency, "fee": fee_id, "metadata": metadata,
    });
    tx.insert_for(Kind::FeeRefund, PLATFORM, Some(fee_id), &given);
    let refunded = number(&fee, "amount_refunded") + amount;
    fee["amount_refunded"] = json!(refunded);
    fee["refunded"] = json!(refunded == number(&fee, "amount"));
    tx.update(&fee);
    emit(tx, "application_fee.refunded", PLATFORM, &fee, None);
    Some(given)
}

/// What of a fee is not given back yet.
pub fn rest(tx: &Tx<'_>, fee_id: &str) -> i64 {
    let fee = tx.find(Kind::Fee, PLATFORM, fee_id).unwrap_or_default();
    number(&fee, "amount") - number(&fee, "amount_refunded")
}

fn refund(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let fee = of(tx, id)?;
    let left = rest(tx, id);
    if is(&fee, "refunded") {
        let message = format!("Application fee {id} has already been refunded.");
        return Err(ApiError::invalid(message).code("charge_already_refunded"));
    }
    let asked = call.params.amount("amount")?;
    check_step(asked, text(&fee, "currency"))?;
    let amount = asked.unwrap_or(left);
    if amount > left {
        let currency = text(&fee, "currency");
        let message = format!(
            "Refund amount ({}) is greater than unrefunded amount on fee ({})",
            money(amount, currency),
            money(left, currency)
        );
        return Err(ApiError::invalid(message).param("amount"));
    }
    let mut carried = json!({"metadata": {}});
    call.params.patch_metadata(&mut carried)?;
    let given = give_back(tx, id, amount, &carried["metadata"]);
    let given = given.ok_or_else(|| ApiError::not_found("application fee", id))?;
    tx.post(&BalanceEntry {
        account: text(&fee, "account"),
        kind: "application_fee_refund",
        amount,
        currency: text(&fee, "currency"),
        stripe_fee: 0,
        application_fee: 0,
        available_on: tx.now,
        source: text(&given, "id"),
        description: None,
    });
    Ok(given)
}
