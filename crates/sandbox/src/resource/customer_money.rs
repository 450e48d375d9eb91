//! What a customer has at the merchant for its invoices: the invoice balance.

use super::super::api_error::ApiError;
use super::super::call::Call;
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
