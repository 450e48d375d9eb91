//! What a customer has at the merchant: the invoice balance, and the cash balance.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::description::shape::blank;
use super::super::event::emit;
use super::super::state::Kind;
use super::super::tx::{Tx, number, text};
use super::{Resource, kind, new};
use serde_json::{Value, json};

/// Entries of the invoice balance.
pub const BALANCE_TRANSACTION: Resource = Resource {
    create: create_entry,
    ..Resource::new("customer_balance_transaction", "customers/*/balance_transactions", "cbtxn_")
};

fn create_entry(call: &Call, tx: &mut Tx<'_>, entry: &mut Value) -> Result<(), ApiError> {
    let currency = call.currency()?;
    let customer = text(entry, "customer").to_owned();
    entry["currency"] = json!(currency);
    entry["type"] = json!("adjustment");
    entry["ending_balance"] = json!(change(tx, &customer, number(entry, "amount"), &currency)?);
    Ok(())
}

/// Adds to a customer's invoice balance; returns what it is then.
fn change(tx: &mut Tx<'_>, id: &str, amount: i64, currency: &str) -> Result<i64, ApiError> {
    let before = tx.get(Kind::Customer, id).ok_or_else(|| ApiError::not_found("customer", id))?;
    let known = text(&before, "currency");
    if !known.is_empty() && known != currency {
        let message = format!(
            "You cannot combine currencies on a single customer. This customer has had a \
             subscription, coupon, or invoice item with currency {known}."
        );
        return Err(ApiError::invalid(message).param("currency"));
    }
    let mut customer = before.clone();
    let balance = number(&customer, "balance").saturating_add(amount);
    customer["balance"] = json!(balance);
    customer["currency"] = json!(currency);
    tx.update(&customer);
    let account = tx.account.clone();
    emit(tx, "customer.updated", &account, &customer, Some(&before));
    Ok(balance)
}

/// Books an entry that an invoice or a credit note causes.
pub fn book(tx: &mut Tx<'_>, of: &Value, what: &str, amount: i64) -> Result<(), ApiError> {
    let customer = super::id_of(of, "customer").to_owned();
    let currency = text(of, "currency").to_owned();
    let balance = change(tx, &customer, amount, &currency)?;
    let mut entry = new(tx, "customer_balance_transaction", "cbtxn_");
    for (name, value) in [
        ("amount", json!(amount)),
        ("currency", json!(currency)),
        ("customer", json!(customer)),
        ("ending_balance", json!(balance)),
        ("type", json!(what)),
    ] {
        entry[name] = value;
    }
    entry[text(of, "object")] = of["id"].clone();
    tx.insert(kind("customer_balance_transaction"), Some(&customer), &entry);
    Ok(())
}

/// `/v1/customers/cus_1/cash_balance`: always empty, with its settings.
pub fn cash_balance(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    let ["customers", id, "cash_balance"] = path else { return None };
    let Some(mut customer) = tx.get(Kind::Customer, id) else {
        return Some(Err(ApiError::not_found("customer", id)));
    };
    let sent = call.params.group("settings");
    let mode = match sent.as_ref().map(|settings| settings.filled("reconciliation_mode")) {
        Some(Ok(mode)) => mode.map(str::to_owned),
        Some(Err(refusal)) => return Some(Err(refusal)),
        None => None,
    };
    if let Some(mode) = mode {
        customer["_reconciliation_mode"] = json!(mode);
        tx.update(&customer);
    }
    let mode = customer["_reconciliation_mode"].as_str().filter(|mode| *mode != "merchant_default");
    let mut cash = blank("cash_balance");
    cash["customer"] = json!(id);
    cash["settings"] = json!({"reconciliation_mode": mode.unwrap_or("automatic"),
        "using_merchant_default": mode.is_none()});
    Some(Ok(cash))
}
