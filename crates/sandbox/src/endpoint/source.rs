//! A customer's cards and bank accounts, and the `source` parameter.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::card;
use super::super::event::emit;
use super::super::listing;
use super::super::params::Params;
use super::super::state::Kind;
use super::super::tx::{Tx, is, text};
use super::bank;
use super::card_object::{self, ADDRESS};
use serde_json::{Value, json};

/// Paths below `/v1/customers/:id/sources`.
pub fn route(call: &Call, tx: &mut Tx<'_>, customer: &Value, path: &[&str]) -> Option<Answer> {
    let owner = text(customer, "id");
    Some(match (call.method, path) {
        ("GET", []) => {
            let filter = listing::by_fields(&call.params, &["object"]);
            listing::page(tx, call, tx.children(Kind::Source, owner), &filter)
        }
        ("POST", []) => add(call, tx, customer),
        ("GET", [id]) => of(tx, owner, id),
        ("POST", [id]) => update(call, tx, owner, id),
        ("DELETE", [id]) => remove(tx, customer, id),
        ("POST", [id, "verify"]) => of(tx, owner, id).map(|mut source| {
            source["status"] = json!("verified");
            tx.update(&source);
            source
        }),
        _ => return None,
    })
}

fn of(tx: &Tx<'_>, owner: &str, id: &str) -> Answer {
    let source = tx.get(Kind::Source, id).filter(|source| source["customer"] == owner);
    source.ok_or_else(|| ApiError::not_found("source", id))
}

fn add(call: &Call, tx: &mut Tx<'_>, customer: &Value) -> Answer {
    let source = attach(call, tx, customer)?;
    let account = tx.account.clone();
    emit(tx, "customer.source.created", &account, &source, None);
    if customer["default_source"].is_null() {
        let mut updated = customer.clone();
        updated["default_source"] = source["id"].clone();
        tx.update(&updated);
        emit(tx, "customer.updated", &account, &updated, Some(customer));
    }
    Ok(source)
}

/// Takes the `source` (or the older `card`, `bank_account`) parameter and attaches it.
pub fn attach(call: &Call, tx: &mut Tx<'_>, customer: &Value) -> Answer {
    let params = &call.params;
    let names = ["source", "card", "bank_account"];
    let name = names
        .into_iter()
        .find(|name| params.has(name))
        .ok_or_else(|| ApiError::missing("source"))?;
    let mut source = take(call, tx, name)?;
    if let Some(number) = source["_number"].as_str()
        && let behavior @ card::Behavior::Decline(.., card::DeclinedWhen::Attached) =
            card::behavior(number)
        && let Some(refusal) = card::refusal(behavior)
    {
        return Err(refusal);
    }
    source["customer"] = customer["id"].clone();
    params.patch_metadata(&mut source)?;
    tx.insert(Kind::Source, Some(text(customer, "id")), &source);
    Ok(source)
}

/// The card or bank account of a parameter: a token, or its fields.
pub fn take(call: &Call, tx: &mut Tx<'_>, name: &str) -> Answer {
    if let Some(fields) = call.params.group(name) {
        return match fields.text("object")?.unwrap_or(name) {
            "bank_account" => bank::from_fields(tx, &fields),
            _ => card_object::from_fields(tx, &fields),
        };
    }
    let id = call.params.required(name)?;
    take_token(tx, id, name)
}

/// The card or bank account of a token; a token that was created here is used up.
pub fn take_token(tx: &mut Tx<'_>, id: &str, param: &str) -> Answer {
    if let Some(found) = card::published(id) {
        return Ok(card_object::of_test_card(tx, &found));
    }
    if let Some(number) = bank::published(id) {
        return Ok(bank::object(tx, number, json!({})));
    }
    if let Some(card) = consume(tx, id)? {
        return Ok(card);
    }
    let Some(mut token) = tx.get(Kind::Token, id) else {
        return Err(ApiError::no_such("token", id, param));
    };
    if is(&token, "used") {
        let message = format!("You cannot use a Stripe token more than once: {id}.");
        return Err(ApiError::invalid(message).code("token_already_used"));
    }
    let source = token.get("card").or(token.get("bank_account")).cloned();
    let source = source.ok_or_else(|| ApiError::no_such("token", id, param))?;
    token["used"] = json!(true);
    tx.update(&token);
    Ok(source)
}

/// The card of a source object (`src_…`); one that is used once is consumed.
fn consume(tx: &mut Tx<'_>, id: &str) -> Result<Option<Value>, ApiError> {
    let found = tx.get(Kind::Source, id).filter(|found| found["object"] == "source");
    let Some(mut source) = found else { return Ok(None) };
    if source["status"] != "chargeable" {
        let message = format!(
            "This source cannot be used because it has a status of {}.",
            text(&source, "status")
        );
        return Err(ApiError::invalid(message).code("invalid_source_usage").param("source"));
    }
    source["status"] = json!("consumed");
    tx.update(&source);
    let mut card = source["_card"].take();
    card["id"] = json!(tx.id("card_"));
    Ok(Some(card))
}

fn update(call: &Call, tx: &mut Tx<'_>, owner: &str, id: &str) -> Answer {
    let before = of(tx, owner, id)?;
    let mut source = before.clone();
    change(&call.params, &mut source)?;
    tx.update(&source);
    let account = tx.account.clone();
    emit(tx, "customer.source.updated", &account, &source, Some(&before));
    Ok(source)
}

/// Changes what can be changed of a card or bank account.
pub fn change(params: &Params, source: &mut Value) -> Result<(), ApiError> {
    if source["object"] == "card" {
        params.patch(source, ADDRESS)?;
        for name in ["exp_month", "exp_year"] {
            if let Some(value) = params.integer(name)? {
                source[name] = json!(value);
            }
        }
    } else {
        params.patch(source, &["account_holder_name", "account_holder_type"])?;
    }
    params.patch_metadata(source)
}

fn remove(tx: &mut Tx<'_>, customer: &Value, id: &str) -> Answer {
    let owner = text(customer, "id");
    let source = of(tx, owner, id)?;
    tx.remove(id);
    let account = tx.account.clone();
    emit(tx, "customer.source.deleted", &account, &source, None);
    if customer["default_source"] == id {
        let mut updated = customer.clone();
        updated["default_source"] =
            tx.children(Kind::Source, owner).first().map_or(Value::Null, |next| json!(&**next));
        tx.update(&updated);
        emit(tx, "customer.updated", &account, &updated, Some(customer));
    }
    Ok(json!({"id": id, "object": source["object"], "deleted": true}))
}
