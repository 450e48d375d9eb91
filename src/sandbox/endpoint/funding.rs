//! Who pays a charge: a token, a card given in full, or a customer's card.

use super::super::call::Call;
use super::super::card::{self, Behaviour};
use super::super::refusal::Refusal;
use super::super::turn::{Turn, text};
use super::super::world::Kind;
use super::{customer, source};
use serde_json::Value;

/// The payer of a charge.
#[derive(Debug)]
pub struct Funding {
    /// Card object, with its hidden number.
    pub card: Value,
    /// The customer's id, when one pays.
    pub customer: Option<String>,
    /// What the card does.
    pub behaviour: Behaviour,
}

impl Funding {
    /// Reads `source`, `card`, `payment_method` and `customer`.
    pub fn read(call: &Call, turn: &mut Turn<'_>) -> Result<Self, Refusal> {
        let params = &call.params;
        let given = ["source", "card", "payment_method"].into_iter().find(|name| params.has(name));
        let customer = match params.filled("customer")? {
            Some(id) => Some(customer::named(turn, id)?),
            None => None,
        };
        let card = match (&customer, given) {
            (None, None) => {
                let message = "Must provide source or customer.";
                let refusal = Refusal::invalid(message).code("parameter_missing");
                return Err(Refusal { saved: false, ..refusal });
            }
            (None, Some(name)) => source::take(call, turn, name)?,
            (Some(customer), None) => default_card(turn, customer)?,
            (Some(customer), Some(name)) => linked(turn, customer, params.required(name)?)?,
        };
        let behaviour = card["_number"].as_str().map_or(Behaviour::Pay, |number| {
            if card["object"] == "card" { card::behaviour(number) } else { Behaviour::Pay }
        });
        let customer = customer.map(|customer| text(&customer, "id").to_owned());
        Ok(Self { card, customer, behaviour })
    }
}

fn default_card(turn: &Turn<'_>, customer: &Value) -> Result<Value, Refusal> {
    let id = text(customer, "default_source");
    turn.get(Kind::Source, id).ok_or_else(|| {
        Refusal::card("missing", "Cannot charge a customer that has no active card").param("card")
    })
}

fn linked(turn: &Turn<'_>, customer: &Value, id: &str) -> Result<Value, Refusal> {
    let owner = text(customer, "id");
    let found = turn.get(Kind::Source, id).filter(|source| source["customer"] == owner);
    found.ok_or_else(|| {
        let message = format!("Customer {owner} does not have a linked source with ID {id}.");
        Refusal::invalid(message).status(404).code("missing").param("source")
    })
}
