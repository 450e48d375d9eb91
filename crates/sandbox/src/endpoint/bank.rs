//! Bank accounts: test numbers and tokens, and how payouts to them end.

use super::super::api_error::{Answer, ApiError};
use super::super::params::Params;
use super::super::tx::Tx;
use serde_json::{Value, json};

/// Account numbers by published token.
const TOKENS: &[(&str, &str)] = &[
    ("btok_us", "000123456789"),
    ("btok_us_verified", "000123456789"),
    ("btok_us_verified_noAccount", "000111111116"),
    ("btok_us_verified_accountClosed", "000111111113"),
    ("btok_us_verified_insufficientFunds", "000222222227"),
    ("btok_us_verified_debitNotAuthorized", "000333333335"),
    ("btok_us_verified_invalidCurrency", "000444444440"),
];

/// The account number of a published token.
pub fn published(token: &str) -> Option<&'static str> {
    TOKENS.iter().find(|(name, _)| *name == token).map(|(_, number)| *number)
}

/// Why a payout to an account number fails, if it does.
pub fn payout_failure(number: &str) -> Option<(&'static str, &'static str)> {
    Some(match number {
        "000111111116" => ("no_account", "No account found with the given account number."),
        "000111111113" => ("account_closed", "The bank account has been closed."),
        "000222222227" => ("insufficient_funds", "Your Stripe account has insufficient funds."),
        "000333333335" => {
            ("debit_not_authorized", "Debit transactions are not approved on your bank account.")
        }
        "000444444440" => (
            "invalid_currency",
            "The bank was unable to process this payout because of its currency.",
        ),
        _ => return None,
    })
}

/// A bank account object; `fields` override the defaults.
pub fn object(tx: &mut Tx<'_>, number: &str, fields: Value) -> Value {
    let fingerprint = &super::super::identifier::make("", number, 2)[..16];
    let mut bank = json!({
        "id": tx.id("ba_"), "object": "bank_account", "account": null,
        "account_holder_name": null, "account_holder_type": null, "account_type": null,
        "bank_name": "STRIPE TEST BANK", "country": "US", "currency": "usd", "customer": null,
        "fingerprint": fingerprint, "last4": last4(number), "metadata": {},
        "routing_number": "110000000", "status": "new", "_number": number,
    });
    super::super::params::merge(&mut bank, &fields);
    bank
}

fn last4(number: &str) -> String {
    let skip = number.chars().count().saturating_sub(4);
    number.chars().skip(skip).collect()
}

/// A bank account from its fields.
pub fn from_fields(tx: &mut Tx<'_>, fields: &Params) -> Answer {
    let country = fields.required("country")?.to_uppercase();
    let number = fields.required("account_number")?.to_owned();
    let currency = fields.filled("currency")?.unwrap_or("usd").to_lowercase();
    let wrong = |name: &str, code, message: &str| {
        Err(ApiError::invalid(message).code(code).param(&fields.full(name)))
    };
    let routing = fields.text("routing_number")?.unwrap_or_default().trim();
    if country == "US" {
        if routing.is_empty() {
            return Err(ApiError::missing(&fields.full("routing_number")));
        }
        if routing.len() != 9 || !routing.bytes().all(|byte| byte.is_ascii_digit()) {
            return wrong(
                "routing_number",
                "routing_number_invalid",
                &format!("Invalid routing number: {routing}"),
            );
        }
    }
    let spelled = |c: char| c.is_ascii_alphanumeric() || c == ' ' || c == '-';
    if !(4..=34).contains(&number.len()) || !number.chars().all(spelled) {
        return wrong(
            "account_number",
            "account_number_invalid",
            "The bank account number provided is invalid.",
        );
    }
    let mut bank = object(tx, &number, json!({"country": country, "currency": currency}));
    bank["routing_number"] = if routing.is_empty() { Value::Null } else { json!(routing) };
    fields.patch(&mut bank, &["account_holder_name", "account_holder_type", "account_type"])?;
    Ok(bank)
}
