//! Cards and bank accounts of customers, and how a source parameter becomes one.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::card::{self, TestCard};
use super::super::event::emit;
use super::super::listing;
use super::super::params::Params;
use super::super::state::Kind;
use super::super::tx::{Tx, is, text};
use super::{bank, token};
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
        && let behaviour @ card::Behaviour::Decline(.., true) = card::behaviour(number)
        && let Some(refusal) = card::refusal(behaviour)
    {
        return Err(refusal);
    }
    source["customer"] = customer["id"].clone();
    params.patch_metadata(&mut source)?;
    tx.insert(Kind::Source, Some(text(customer, "id")), &source);
    Ok(source)
}

/// The card or bank account a parameter gives: a token, or its fields.
pub fn take(call: &Call, tx: &mut Tx<'_>, name: &str) -> Answer {
    if let Some(fields) = call.params.group(name) {
        return match fields.text("object")?.unwrap_or(name) {
            "bank_account" => bank::from_fields(tx, &fields),
            _ => card_from_fields(tx, &fields),
        };
    }
    let id = call.params.required(name)?;
    take_token(tx, id, name)
}

/// The card or bank account a token stands for; a token made here is then used up.
pub fn take_token(tx: &mut Tx<'_>, id: &str, param: &str) -> Answer {
    if let Some(found) = card::published(id) {
        return Ok(test_card(tx, found));
    }
    if let Some(number) = bank::published(id) {
        return Ok(bank::object(tx, number, json!({})));
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

/// A card object for a published test card.
pub fn test_card(tx: &mut Tx<'_>, card: &TestCard) -> Value {
    let (year, month) = token::year_and_month(tx.now);
    card_object(tx, card, card.number, month, year + 1)
}

fn card_object(tx: &mut Tx<'_>, card: &TestCard, number: &str, month: i64, year: i64) -> Value {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let fingerprint = &super::super::identifier::make("", number, 1)[..16];
    let cvc_check = match card.behaviour {
        card::Behaviour::CheckFails("cvc_check") => json!("fail"),
        _ => Value::Null,
    };
    json!({
        "id": tx.id("card_"), "object": "card", "address_city": null, "address_country": null,
        "address_line1": null, "address_line1_check": null, "address_line2": null,
        "address_state": null, "address_zip": null, "address_zip_check": null,
        "brand": card.brand, "country": card.country, "customer": null, "cvc_check": cvc_check,
        "dynamic_last4": null, "exp_month": month, "exp_year": year, "fingerprint": fingerprint,
        "funding": card.funding, "last4": &digits[digits.len().saturating_sub(4)..],
        "metadata": {}, "name": null, "regulated_status": null, "tokenization_method": null,
        "_number": number,
    })
}

const ADDRESS: &[&str] = &[
    "name",
    "address_city",
    "address_country",
    "address_line1",
    "address_line2",
    "address_state",
    "address_zip",
];

/// A card from its number, with the checks made at tokenization.
pub fn card_from_fields(tx: &mut Tx<'_>, fields: &Params) -> Answer {
    let number: String =
        fields.required("number")?.chars().filter(|c| !" -".contains(*c)).collect();
    let wrong = |code, name: &str, message: &str| Err(ApiError::card(code, message).param(name));
    if !number.bytes().all(|byte| byte.is_ascii_digit()) || !(12..=19).contains(&number.len()) {
        let message = "The card number is not a valid credit card number.";
        return wrong("invalid_number", "number", message);
    }
    if !card::passes_luhn(&number) {
        return wrong("incorrect_number", "number", "Your card number is incorrect.");
    }
    let month =
        fields.integer("exp_month")?.ok_or_else(|| ApiError::missing(&fields.full("exp_month")))?;
    let year =
        fields.integer("exp_year")?.ok_or_else(|| ApiError::missing(&fields.full("exp_year")))?;
    let year = if (0..100).contains(&year) { 2000 + year } else { year };
    if !(1..=12).contains(&month) {
        return wrong(
            "invalid_expiry_month",
            "exp_month",
            "Your card's expiration month is invalid.",
        );
    }
    let (this_year, this_month) = token::year_and_month(tx.now);
    if !(this_year..this_year + 50).contains(&year) {
        return wrong("invalid_expiry_year", "exp_year", "Your card's expiration year is invalid.");
    }
    if year == this_year && month < this_month {
        return wrong(
            "invalid_expiry_month",
            "exp_month",
            "Your card's expiration month is invalid.",
        );
    }
    let cvc = fields.text("cvc")?.unwrap_or_default().trim();
    let fits = (3..=4).contains(&cvc.len()) && cvc.bytes().all(|byte| byte.is_ascii_digit());
    if !cvc.is_empty() && !fits {
        return wrong("invalid_cvc", "cvc", "Your card's security code is invalid.");
    }
    let known = card::of_number(&number);
    let mut card = card_object(tx, &known, &number, month, year);
    fields.patch(&mut card, ADDRESS)?;
    if let Some(currency) = fields.filled("currency")? {
        card["currency"] = json!(currency);
    }
    check(&mut card, !cvc.is_empty(), known.behaviour);
    Ok(card)
}

/// What the bank said of the numbers that were given.
fn check(card: &mut Value, has_cvc: bool, behaviour: card::Behaviour) {
    for (given, name) in [
        (has_cvc, "cvc_check"),
        (card["address_zip"].is_string(), "address_zip_check"),
        (card["address_line1"].is_string(), "address_line1_check"),
    ] {
        let failed = matches!(behaviour, card::Behaviour::CheckFails(check) if check == name);
        if given {
            card[name] = json!(if failed { "fail" } else { "pass" });
        }
    }
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
