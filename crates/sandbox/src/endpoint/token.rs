//! Single-use tokens: cards, bank accounts, accounts, persons, personal numbers.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::state::{Kind, PLATFORM};
use super::super::tx::Tx;
use super::{bank, card_object};
use serde_json::{Value, json};

/// Paths below `/v1/tokens`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", []) => create(call, tx),
        ("GET", [id]) => tx.get(Kind::Token, id).ok_or_else(|| ApiError::not_found("token", id)),
        _ => return None,
    })
}

fn create(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let params = &call.params;
    let (kind, prefix, body) = if let Some(fields) = params.group("card") {
        ("card", "tok_", Some(card_object::from_fields(tx, &fields)?))
    } else if let Some(fields) = params.group("bank_account") {
        ("bank_account", "btok_", Some(bank::from_fields(tx, &fields)?))
    } else if params.group("account").is_some() {
        ("account", "ct_", None)
    } else if params.group("person").is_some() {
        ("person", "cpt_", None)
    } else if let Some(pii) = params.group("pii") {
        if !pii.has("personal_id_number") {
            pii.required("id_number")?;
        }
        ("pii", "pii_", None)
    } else if params.group("cvc_update").is_some() {
        ("cvc_update", "cvctok_", None)
    } else if params.has("customer") {
        ("card", "tok_", Some(shared(call, tx)?))
    } else {
        let message = "You must supply either a card, customer, PII data, bank account, or \
            account legal entity to create a token.";
        return Err(ApiError { saved: false, ..ApiError::invalid(message) });
    };
    let mut token = json!({
        "id": tx.id(prefix), "object": "token", "client_ip": call.client_ip,
        "created": tx.now, "livemode": false, "type": kind, "used": false,
    });
    if let Some(body) = body {
        token[kind] = body;
    } else if let Some(secret) = params.values().get(kind) {
        // What an account or person token carries is unwrapped by who receives it, never shown.
        token["_carries"] = secret.clone();
    }
    tx.insert(Kind::Token, None, &token);
    Ok(token)
}

/// A platform's customer's card, for a charge on a connected account.
fn shared(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let id = call.params.required("customer")?;
    let customer = tx.find(Kind::Customer, PLATFORM, id);
    let customer = customer.ok_or_else(|| ApiError::no_such("customer", id, "customer"))?;
    let wanted = call.params.filled("card")?.or(customer["default_source"].as_str());
    let wanted = wanted.unwrap_or_default();
    let card = tx.find(Kind::Source, PLATFORM, wanted).filter(|card| card["customer"] == id);
    let mut card = card.ok_or_else(|| ApiError::no_such("source", wanted, "card"))?;
    card["id"] = json!(tx.id("card_"));
    card["customer"] = Value::Null;
    Ok(card)
}

/// What an account or person token carries; the token is then used up.
pub fn unwrap(tx: &mut Tx<'_>, id: &str, param: &str) -> Answer {
    // The browser makes these with the platform's key, also when the account itself uses them.
    let found = tx.get(Kind::Token, id).or_else(|| tx.find(Kind::Token, PLATFORM, id));
    let found = found.filter(|token| token.get("_carries").is_some());
    let mut token = found.ok_or_else(|| ApiError::no_such("token", id, param))?;
    if token["used"] == true {
        let message = format!("You cannot use a Stripe token more than once: {id}.");
        return Err(ApiError::invalid(message).code("token_already_used"));
    }
    token["used"] = json!(true);
    tx.update(&token);
    Ok(token["_carries"].take())
}
