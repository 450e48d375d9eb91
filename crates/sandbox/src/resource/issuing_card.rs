//! Cards that are issued: their numbers, their status, and the way of a physical one by mail.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::tx::{Tx, text};
use super::{Resource, issuing_authorization, named};
use serde_json::{Value, json};

/// Cards.
pub const CARD: Resource = Resource {
    events: "issuing_card",
    create,
    update,
    actions: &[("POST", "test/authorizations", issuing_authorization::create_on_card)],
    ..Resource::new("issuing.card", "issuing/cards", "ic_")
};

/// What a test does with the shipping of a card.
pub const SHIPPING: Resource = Resource {
    actions: &[
        ("POST", "shipping/submit", |_, tx, card| ship(tx, card, "submitted")),
        ("POST", "shipping/ship", |_, tx, card| ship(tx, card, "shipped")),
        ("POST", "shipping/deliver", |_, tx, card| ship(tx, card, "delivered")),
        ("POST", "shipping/return", |_, tx, card| ship(tx, card, "returned")),
        ("POST", "shipping/fail", |_, tx, card| ship(tx, card, "failure")),
    ],
    ..Resource::new("issuing.card", "test_helpers/issuing/cards", "ic_")
};

/// Average seconds of a year.
const YEAR: i64 = 31_556_952;

fn create(call: &Call, tx: &mut Tx<'_>, card: &mut Value) -> Result<(), ApiError> {
    let holder = call.params.required("cardholder")?;
    card["cardholder"] = named(tx, "issuing.cardholder", holder, "cardholder")?;
    card["currency"] = json!(call.currency()?);
    if card["type"] == "physical" && !call.params.has("shipping") {
        let message = "You must provide `shipping` for a physical card.";
        return Err(ApiError::invalid(message).param("shipping"));
    }
    if card["type"] == "physical" {
        let shipping = &mut card["shipping"];
        shipping["status"] = json!("pending");
        for (name, usual) in [("service", "standard"), ("type", "individual")] {
            if shipping[name].as_str().is_none_or(str::is_empty) {
                shipping[name] = json!(usual);
            }
        }
    }
    card["brand"] = json!("Visa");
    card["last4"] = json!(last4(text(card, "id")));
    card["status"] = json!(call.params.text("status")?.unwrap_or("inactive"));
    card["exp_month"] = json!(call.params.integer("exp_month")?.unwrap_or(12));
    let year = 1970 + tx.now / YEAR + 3;
    card["exp_year"] = json!(call.params.integer("exp_year")?.unwrap_or(year));
    Ok(())
}

/// Four digits that follow from the id.
fn last4(id: &str) -> String {
    let sum = id.bytes().fold(0_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 10_000);
    format!("{sum:04}")
}

fn update(call: &Call, tx: &mut Tx<'_>, card: &mut Value) -> Result<(), ApiError> {
    let before = tx.get(super::kind("issuing.card"), text(card, "id")).unwrap_or_default();
    if before["status"] == "canceled" && call.params.has("status") {
        let message = "The status of a canceled card cannot be changed.";
        return Err(ApiError::invalid(message).param("status"));
    }
    if call.params.has("cancellation_reason") && card["status"] != "canceled" {
        let message = "A `cancellation_reason` needs `status` to be `canceled`.";
        return Err(ApiError::invalid(message).param("cancellation_reason"));
    }
    Ok(())
}

fn ship(tx: &mut Tx<'_>, mut card: Value, status: &str) -> Answer {
    if card["type"] != "physical" {
        return Err(ApiError::invalid("Only physical cards are shipped; this card is virtual."));
    }
    let before = card.clone();
    card["shipping"]["status"] = json!(status);
    tx.update(&card);
    let account = tx.account.clone();
    emit(tx, "issuing_card.updated", &account, &card, Some(&before));
    Ok(card)
}
