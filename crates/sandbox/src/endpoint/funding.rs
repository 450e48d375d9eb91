//! The source of a charge: a token, a card in the form, or a customer's card.

use super::super::api_error::ApiError;
use super::super::call::Call;
use super::super::card::{self, Behavior};
use super::super::state::Kind;
use super::super::tx::{Tx, text};
use super::source;
use serde_json::Value;

/// The payer of a charge.
#[derive(Debug)]
pub struct Funding {
    /// Card object, with its hidden number.
    pub card: Value,
    /// The customer's id, when one pays.
    pub customer: Option<String>,
    /// What the card does.
    pub behavior: Behavior,
}

impl Funding {
    /// Reads `source`, `card`, `payment_method` and `customer`.
    pub fn read(call: &Call, tx: &mut Tx<'_>) -> Result<Self, ApiError> {
        let params = &call.params;
        let given = ["source", "card", "payment_method"].into_iter().find(|name| params.has(name));
        let customer = match params.filled("customer")? {
            Some(id) => Some(crate::lookup::customer(tx, id)?),
            None => None,
        };
        let card = match (&customer, given) {
            (None, None) => {
                let message = "Must provide source or customer.";
                let refusal = ApiError::invalid(message).code("parameter_missing");
                return Err(ApiError { saved: false, ..refusal });
            }
            (None, Some(name)) => source::take(call, tx, name)?,
            (Some(customer), None) => default_card(tx, customer)?,
            (Some(customer), Some(name)) => linked(tx, customer, params.required(name)?)?,
        };
        let behavior = card["_number"].as_str().map_or(Behavior::Pay, |number| {
            if card["object"] == "card" { card::behavior(number) } else { Behavior::Pay }
        });
        let customer = customer.map(|customer| text(&customer, "id").to_owned());
        Ok(Self { card, customer, behavior })
    }
}

fn default_card(tx: &Tx<'_>, customer: &Value) -> Result<Value, ApiError> {
    let id = text(customer, "default_source");
    tx.get(Kind::Source, id).ok_or_else(|| {
        ApiError::card("missing", "Cannot charge a customer that has no active card").param("card")
    })
}

fn linked(tx: &Tx<'_>, customer: &Value, id: &str) -> Result<Value, ApiError> {
    let owner = text(customer, "id");
    let found = tx.get(Kind::Source, id).filter(|source| source["customer"] == owner);
    found.ok_or_else(|| {
        let message = format!("Customer {owner} does not have a linked source with ID {id}.");
        ApiError::invalid(message).status(404).code("missing").param("source")
    })
}
