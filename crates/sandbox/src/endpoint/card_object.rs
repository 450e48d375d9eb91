//! The card object: of a published test card, or from the fields of a form.

use super::super::api_error::{Answer, ApiError};
use super::super::card::{self, TestCard};
use super::super::params::Params;
use super::super::tx::Tx;
use serde_json::{Value, json};

/// The fields of the holder.
pub const ADDRESS: &[&str] = &[
    "name",
    "address_city",
    "address_country",
    "address_line1",
    "address_line2",
    "address_state",
    "address_zip",
];

/// A card object for a published test card.
pub fn of_test_card(tx: &mut Tx<'_>, card: &TestCard) -> Value {
    let (year, month) = year_and_month(tx.now);
    new(tx, card, card.number, month, year + 1)
}

fn new(tx: &mut Tx<'_>, card: &TestCard, number: &str, month: i64, year: i64) -> Value {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let fingerprint = &super::super::identifier::make("", number, 1)[..16];
    let cvc_check = match card.behavior {
        card::Behavior::CheckFails("cvc_check") => json!("fail"),
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

/// A card from its number, with the checks made at tokenization.
pub fn from_fields(tx: &mut Tx<'_>, fields: &Params) -> Answer {
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
    let (this_year, this_month) = year_and_month(tx.now);
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
    let mut card = new(tx, &known, &number, month, year);
    fields.patch(&mut card, ADDRESS)?;
    if let Some(currency) = fields.filled("currency")? {
        card["currency"] = json!(currency);
    }
    check(&mut card, !cvc.is_empty(), known.behavior);
    Ok(card)
}

/// The results of the checks for the numbers that were given.
fn check(card: &mut Value, has_cvc: bool, behavior: card::Behavior) {
    for (given, name) in [
        (has_cvc, "cvc_check"),
        (card["address_zip"].is_string(), "address_zip_check"),
        (card["address_line1"].is_string(), "address_line1_check"),
    ] {
        let failed = matches!(behavior, card::Behavior::CheckFails(check) if check == name);
        if given {
            card[name] = json!(if failed { "fail" } else { "pass" });
        }
    }
}

/// Year and month of a timestamp, in UTC.
fn year_and_month(seconds: i64) -> (i64, i64) {
    let timestamp = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    let date = timestamp.to_zoned(jiff::tz::TimeZone::UTC).date();
    (i64::from(date.year()), i64::from(date.month()))
}
