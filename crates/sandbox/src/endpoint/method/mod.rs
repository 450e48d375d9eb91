//! Payment methods: create, list, update, attach, detach.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::listing;
use super::super::state::Kind;
use super::super::tx::{Tx, text};
use serde_json::Value;

pub mod attach;
pub mod bank_debit;
pub mod create;
pub mod kinds;
pub mod object;
pub mod resolve;

/// Paths below `/v1/payment_methods`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", []) => create::run(call, tx),
        ("GET", []) => list(call, tx),
        ("GET", [id]) => resolve::named(tx, id).ok_or_else(|| missing(id)),
        ("POST", [id]) => update(call, tx, id),
        ("POST", [id, "attach"]) => attach(call, tx, id),
        ("POST", [id, "detach"]) => detach(tx, id),
        _ => return None,
    })
}

fn missing(id: &str) -> ApiError {
    ApiError::not_found("PaymentMethod", id)
}

fn list(call: &Call, tx: &Tx<'_>) -> Answer {
    let filter = listing::by_fields(&call.params, &["type", "allow_redisplay"]);
    match call.params.filled("customer")? {
        Some(id) => {
            crate::lookup::customer(tx, id)?;
            listing::page(tx, call, tx.children(Kind::Method, id), &filter)
        }
        None => listing::page(tx, call, tx.ids(Kind::Method), &filter),
    }
}

fn update(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let before = tx.get(Kind::Method, id).ok_or_else(|| missing(id))?;
    let mut method = before.clone();
    let params = &call.params;
    params.patch_groups(&mut method, &["billing_details"]);
    params.patch(&mut method, &["allow_redisplay"])?;
    if let Some(card) = params.group("card") {
        for name in ["exp_month", "exp_year"] {
            if let Some(value) = card.integer(name)? {
                method["card"][name] = value.into();
            }
        }
    }
    if let Some(bank) = params.group("us_bank_account") {
        bank.patch(&mut method["us_bank_account"], &["account_holder_type", "account_type"])?;
    }
    params.patch_metadata(&mut method)?;
    tx.update(&method);
    let account = tx.account.clone();
    emit(tx, "payment_method.updated", &account, &method, Some(&before));
    Ok(method)
}

fn attach(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let owner = call.params.required("customer")?;
    crate::lookup::customer(tx, owner)?;
    let method = match tx.get(Kind::Method, id) {
        Some(method) => method,
        None => resolve::published(tx, id).ok_or_else(|| missing(id))?,
    };
    attach::run(tx, method, owner)
}

fn detach(tx: &mut Tx<'_>, id: &str) -> Answer {
    let before = tx.get(Kind::Method, id).ok_or_else(|| missing(id))?;
    if text(&before, "customer").is_empty() {
        let message = "The payment method you provided is not attached to a customer so \
            detachment is impossible.";
        return Err(ApiError::invalid(message).param("payment_method"));
    }
    Ok(attach::release(tx, before, Value::Null))
}
