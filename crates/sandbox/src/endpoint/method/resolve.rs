//! Finds the payment method that the parameters of an intent name.

use super::super::super::api_error::ApiError;
use super::super::super::card;
use super::super::super::params::Params;
use super::super::super::state::Kind;
use super::super::super::tx::{Tx, is, text};
use super::super::{card_object, source};
use super::{attach, bank_debit, create, object};
use serde_json::{Value, json};

/// The method of `confirmation_token`, `payment_method`, `payment_method_data` or `source`;
/// `None` when none is named. `customer` is the intent's.
pub fn read(
    params: &Params,
    tx: &mut Tx<'_>,
    customer: Option<&str>,
) -> Result<Option<Value>, ApiError> {
    if let Some(id) = params.filled("confirmation_token")? {
        return of_token(tx, id).map(Some);
    }
    if let Some(id) = params.text("payment_method")?.filter(|id| !id.is_empty()) {
        return by_id(tx, id, customer).map(Some);
    }
    if let Some(data) = params.group("payment_method_data") {
        let method = create::from_params(tx, &data)?;
        tx.insert(Kind::Method, None, &method);
        return Ok(Some(method));
    }
    let Some(id) = params.text("source")?.filter(|id| !id.is_empty()) else { return Ok(None) };
    if tx.get(Kind::Source, id).is_some() || tx.get(Kind::Method, id).is_some() {
        return by_id(tx, id, customer).map(Some);
    }
    let card = source::take_token(tx, id, "source")?;
    let method = object::of_card(tx, &card);
    tx.insert(Kind::Method, None, &method);
    Ok(Some(method))
}

fn by_id(tx: &mut Tx<'_>, id: &str, customer: Option<&str>) -> Result<Value, ApiError> {
    let no_such = || ApiError::no_such("PaymentMethod", id, "payment_method");
    let method = match named(tx, id) {
        Some(method) => method,
        None => {
            let method = published(tx, id).ok_or_else(no_such)?;
            tx.insert(Kind::Method, None, &method);
            return Ok(method);
        }
    };
    let owner = text(&method, "customer");
    match customer {
        Some(customer) if !owner.is_empty() && owner != customer => {
            let message = format!(
                "The customer does not have a payment method with the ID {id}. The payment method \
                 must be attached to the customer."
            );
            Err(ApiError::invalid(message).code("resource_missing").param("payment_method"))
        }
        None if !owner.is_empty() => {
            let message = format!(
                "The PaymentMethod {id} belongs to the Customer {owner}. Please include the \
                 Customer in the `customer` parameter."
            );
            Err(ApiError::invalid(message).param("customer"))
        }
        _ if is(&method, "_used") => {
            Err(ApiError::invalid(attach::used_message(id)).param("payment_method"))
        }
        _ => Ok(method),
    }
}

/// A stored payment method, or a customer's card as one.
pub fn named(tx: &mut Tx<'_>, id: &str) -> Option<Value> {
    if let Some(method) = tx.get(Kind::Method, id) {
        return Some(method);
    }
    let card = tx.get(Kind::Source, id).filter(|source| source["object"] == "card")?;
    let mut method = object::of_card(tx, &card);
    method["id"] = json!(id);
    method["customer"] = card["customer"].clone();
    Some(method)
}

/// A new payment method of a published name: `pm_card_visa`, `pm_usBankAccount_success`.
pub fn published(tx: &mut Tx<'_>, id: &str) -> Option<Value> {
    if let Some(found) = card::published(id).filter(|_| id.starts_with("pm_card_")) {
        let card = card_object::of_test_card(tx, &found);
        return Some(object::of_card(tx, &card));
    }
    bank_debit::published(tx, id)
}

fn of_token(tx: &mut Tx<'_>, id: &str) -> Result<Value, ApiError> {
    let no_such = || ApiError::no_such("confirmation_token", id, "confirmation_token");
    let mut token = tx.get(Kind::ConfirmationToken, id).ok_or_else(no_such)?;
    if is(&token, "_used") || token["expires_at"].as_i64().is_some_and(|end| end <= tx.now) {
        let message = format!("The ConfirmationToken {id} was used already, or has expired.");
        return Err(ApiError::invalid(message).param("confirmation_token"));
    }
    token["_used"] = json!(true);
    tx.update(&token);
    let mut method = token["_method"].clone();
    if tx.stored(text(&method, "id")).is_none() {
        method["object"] = json!("payment_method");
        tx.insert(Kind::Method, None, &method);
    }
    Ok(method)
}

/// The payment method of an intent, for those who come back to it later.
pub fn of_intent(tx: &mut Tx<'_>, intent: &Value) -> Value {
    let id = text(intent, "payment_method");
    named(tx, id).unwrap_or_default()
}
