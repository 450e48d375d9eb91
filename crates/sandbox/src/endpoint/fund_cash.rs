//! A test's bank transfer to a customer: `POST /v1/test_helpers/customers/:id/fund_cash_balance`.

use super::super::api_error::Answer;
use super::super::call::Call;
use super::super::lookup::live_customer;
use super::super::tx::Tx;
use super::cash_balance::{self, book, tell_available};
use super::intent::bank_transfer;
use serde_json::{Value, json};

/// Adds the money, and lets the payments that wait for it take it.
pub fn run(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let customer = live_customer(tx, id)?;
    let (amount, currency) = (call.amount()?, call.currency()?);
    let reference = call.params.text("reference")?;
    let detail = json!({"bank_transfer": transfer(&currency, reference)});
    let entry = book(tx, id, (amount, &currency), "funded", detail)?;
    let is_left = !cash_balance::is_automatic(&customer)
        || bank_transfer::reconcile(tx, id, &currency, reference)?;
    if is_left {
        tell_available(tx, id)?;
    }
    Ok(entry)
}

fn transfer(currency: &str, reference: Option<&str>) -> Value {
    let sender = json!("Jenny Rosen");
    let (kind, details) = match currency {
        "eur" => (
            "eu_bank_transfer",
            json!({"bic": "TESTDEFFXXX", "iban_last4": "3000", "sender_name": sender}),
        ),
        "gbp" => (
            "gb_bank_transfer",
            json!({"account_number_last4": "6789", "sender_name": sender, "sort_code": "108800"}),
        ),
        "jpy" => (
            "jp_bank_transfer",
            json!({"sender_bank": "Sandbox Bank", "sender_branch": null, "sender_name": sender}),
        ),
        "mxn" => ("mx_bank_transfer", Value::Null),
        _ => ("us_bank_transfer", json!({"network": "ach", "sender_name": sender})),
    };
    let mut transfer = json!({"type": kind, "reference": reference});
    if !details.is_null() {
        transfer[kind] = details;
    }
    transfer
}
