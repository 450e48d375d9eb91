//! A customer's cash balance: money that arrived by bank transfer and waits to be applied.
//!
//! It is not the merchant's yet, so the ledger does not know it: applying it to a payment makes a
//! charge, and that charge is booked.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::description::shape::blank;
use super::super::event::emit;
use super::super::listing;
use super::super::lookup::live_customer;
use super::super::params::Params;
use super::super::resource::{self, kind};
use super::super::state::Kind;
use super::super::tx::{Tx, number, text};
use serde_json::{Value, json};

pub mod instructions;

const TRANSACTION: &str = "customer_cash_balance_transaction";

/// Paths below `/v1/customers` that are of the cash balance; `None` for all others.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    let (id, rest) = path.split_first()?;
    let run = match (call.method, rest) {
        ("GET", ["cash_balance"]) => {
            |_: &Call, _: &mut Tx<'_>, customer: Value, _: &[&str]| Ok(object(&customer))
        }
        ("POST", ["cash_balance"]) => update,
        ("GET", ["cash_balance_transactions"]) => list,
        ("GET", ["cash_balance_transactions", _]) => transaction,
        ("POST", ["funding_instructions"]) => instructions::create,
        _ => return None,
    };
    Some(live_customer(tx, id).and_then(|customer| run(call, tx, customer, rest)))
}

fn update(call: &Call, tx: &mut Tx<'_>, mut customer: Value, _: &[&str]) -> Answer {
    set(&call.params, &mut customer)?;
    tx.update(&customer);
    Ok(object(&customer))
}

/// Writes the settings that a group `settings` names.
pub fn set(params: &Params, customer: &mut Value) -> Result<(), ApiError> {
    let Some(settings) = params.group("settings") else { return Ok(()) };
    if let Some(mode) = settings.filled("reconciliation_mode")? {
        customer["_reconciliation_mode"] = json!(mode);
    }
    Ok(())
}

/// Whether cash is applied to payments by itself.
pub fn is_automatic(customer: &Value) -> bool {
    customer["_reconciliation_mode"] != "manual"
}

/// The cash balance as the API shows it.
pub fn object(customer: &Value) -> Value {
    let own = customer["_reconciliation_mode"].as_str().filter(|mode| *mode != "merchant_default");
    let mut cash = blank("cash_balance");
    cash["customer"] = customer["id"].clone();
    cash["settings"] = json!({"reconciliation_mode": own.unwrap_or("automatic"),
        "using_merchant_default": own.is_none()});
    cash["available"] = customer["_cash"].clone();
    cash
}

/// What a customer has in a currency.
pub fn available(tx: &Tx<'_>, customer: &str, currency: &str) -> i64 {
    let customer = tx.get(Kind::Customer, customer).unwrap_or_default();
    number(&customer["_cash"], currency)
}

/// Adds to a customer's cash, or takes from it; returns the transaction, which `detail` completes.
pub fn book(
    tx: &mut Tx<'_>,
    customer: &str,
    (amount, currency): (i64, &str),
    what: &str,
    detail: Value,
) -> Answer {
    let mut owner = live_customer(tx, customer)?;
    let ending = number(&owner["_cash"], currency) + amount;
    owner["_cash"][currency] = json!(ending);
    tx.update(&owner);
    let mut entry = resource::new(tx, TRANSACTION, "ccsbtxn_");
    for (name, value) in [
        ("currency", json!(currency)),
        ("customer", json!(customer)),
        ("ending_balance", json!(ending)),
        ("net_amount", json!(amount)),
        ("type", json!(what)),
        (what, detail),
    ] {
        entry[name] = value;
    }
    tx.insert(kind(TRANSACTION), Some(customer), &entry);
    let account = tx.account.clone();
    emit(tx, "customer_cash_balance_transaction.created", &account, &entry, None);
    Ok(entry)
}

/// Tells that there is cash which no payment took.
pub fn tell_available(tx: &mut Tx<'_>, customer: &str) -> Result<(), ApiError> {
    let cash = object(&live_customer(tx, customer)?);
    let account = tx.account.clone();
    emit(tx, "cash_balance.funds_available", &account, &cash, None);
    Ok(())
}

fn list(call: &Call, tx: &mut Tx<'_>, customer: Value, _: &[&str]) -> Answer {
    let ids = tx.children(kind(TRANSACTION), text(&customer, "id"));
    listing::page(tx, call, ids, &|_| true)
}

fn transaction(_: &Call, tx: &mut Tx<'_>, customer: Value, path: &[&str]) -> Answer {
    let id = path.last().copied().unwrap_or_default();
    let found = tx.get(kind(TRANSACTION), id).filter(|found| found["customer"] == customer["id"]);
    found.ok_or_else(|| ApiError::not_found("customer cash balance transaction", id))
}
