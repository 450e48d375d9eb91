//! Top-ups: money that the merchant adds to the platform's balance.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::tx::{BalanceEntry, Tx, number, text};
use super::Resource;
use serde_json::{Value, json};

/// Top-ups.
pub const TOPUP: Resource = Resource {
    create,
    actions: &[("POST", "cancel", cancel)],
    ..Resource::new("topup", "topups", "tu_")
};

fn create(call: &Call, tx: &mut Tx<'_>, topup: &mut Value) -> Result<(), ApiError> {
    call.amount()?;
    topup["currency"] = json!(call.currency()?);
    topup["initiated_by"] = json!("user");
    topup["source"] = Value::Null;
    topup["status"] = json!("pending");
    topup["expected_availability_date"] = json!(tx.now + 5);
    topup["_due"] = json!((tx.now + 5) * 1_000);
    Ok(())
}

/// The money arrives.
pub fn arrive(tx: &mut Tx<'_>, mut topup: Value) {
    if topup["status"] != "pending" {
        return;
    }
    let account = tx.account.clone();
    let row = tx.post(&BalanceEntry {
        account: &account,
        kind: "topup",
        amount: number(&topup, "amount"),
        currency: text(&topup, "currency"),
        stripe_fee: 0,
        application_fee: 0,
        available_on: tx.now,
        source: text(&topup, "id"),
        description: topup["description"].as_str(),
    });
    topup["balance_transaction"] = json!(row);
    topup["status"] = json!("succeeded");
    tx.update(&topup);
    emit(tx, "topup.succeeded", &account, &topup, None);
}

fn cancel(_: &Call, tx: &mut Tx<'_>, mut topup: Value) -> Answer {
    if topup["status"] != "pending" {
        let message = "Topups can only be canceled while they are pending.";
        return Err(ApiError::invalid(message));
    }
    topup["status"] = json!("canceled");
    topup.as_object_mut().map(|fields| fields.shift_remove("_due"));
    tx.update(&topup);
    let account = tx.account.clone();
    emit(tx, "topup.canceled", &account, &topup, None);
    Ok(topup)
}
