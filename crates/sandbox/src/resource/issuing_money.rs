//! The money of issued cards: holds, releases and transactions are postings of the ledger.
//!
//! The balance that cards spend is the account's own: there is no separate issuing balance.

use super::super::api_error::ApiError;
use super::super::call::{Call, check_step};
use super::super::state::Kind;
use super::super::tx::{BalanceEntry, Tx, text};
use super::named;
use serde_json::{Value, json};

/// Posts money of a card; returns the balance transaction.
pub fn post(tx: &mut Tx<'_>, kind: &'static str, of: &Value, amount: i64) -> Value {
    let account = tx.account.clone();
    let id = tx.post(&BalanceEntry {
        account: &account,
        kind,
        amount,
        currency: text(of, "currency"),
        stripe_fee: 0,
        application_fee: 0,
        available_on: tx.now,
        source: text(of, "id"),
        description: None,
    });
    let mut row = tx.get(Kind::Transaction, &id).unwrap_or_default();
    row["balance_type"] = json!("issuing");
    row["status"] = json!("available");
    tx.update(&row);
    row
}

/// What the merchant's side of a test says, with what a test leaves out.
pub fn merchant(call: &Call) -> Value {
    let mut data = json!({"category": "taxicabs_limousines", "category_code": "4121",
        "city": "San Francisco", "country": "US", "name": "Rocket Rides",
        "network_id": "1234567890", "postal_code": "94107", "state": "CA", "tax_id": null,
        "terminal_id": null, "url": null});
    if let Some(sent) = call.params.group("merchant_data") {
        for (name, value) in sent.values() {
            data[name.as_str()] = value.clone();
        }
    }
    data
}

/// The card that a parameter names, whole.
pub fn card(call: &Call, tx: &Tx<'_>) -> Result<Value, ApiError> {
    named(tx, "issuing.card", call.params.required("card")?, "card")
}

/// The currency of a request about a card: its own unless another is named.
pub fn currency(call: &Call, card: &Value) -> Result<String, ApiError> {
    if call.params.has("currency") {
        return call.currency();
    }
    Ok(text(card, "currency").to_owned())
}

/// An amount that a test names, from 1 to what there is; all of that when none is named.
pub fn part(call: &Call, name: &str, whole: i64, currency: &str) -> Result<i64, ApiError> {
    let amount = call.params.amount(name)?.unwrap_or(whole);
    check_step(Some(amount), currency)?;
    if amount > whole || amount <= 0 {
        let message = format!("The {name} must be at least 1 and at most {whole}.");
        return Err(ApiError::invalid(message).param(name));
    }
    Ok(amount)
}
