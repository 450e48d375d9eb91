//! Where a customer transfers money to: bank details of each kind of transfer.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::call::Call;
use super::super::super::tx::{Tx, text};
use serde_json::{Value, json};

/// A kind of transfer: its name, its currency, and the country that it is shown for.
const KINDS: [(&str, &str, &str); 5] = [
    ("us_bank_transfer", "usd", "US"),
    ("eu_bank_transfer", "eur", "DE"),
    ("gb_bank_transfer", "gbp", "GB"),
    ("jp_bank_transfer", "jpy", "JP"),
    ("mx_bank_transfer", "mxn", "MX"),
];

/// The kind of transfer that a word names; the Stripe CLI still sends the old `jp_bank_account`.
pub fn named(word: &str) -> &str {
    if word == "jp_bank_account" { "jp_bank_transfer" } else { word }
}

/// Refuses a kind of transfer that is not of the currency.
pub fn check(word: &str, currency: &str, param: &str) -> Result<(), ApiError> {
    let known = KINDS.iter().find(|(name, ..)| *name == named(word));
    if known.is_some_and(|(_, of, _)| *of == currency) {
        return Ok(());
    }
    let message = format!(
        "The bank transfer type {word} cannot be used with the currency {currency}; use the type \
         of that currency."
    );
    Err(ApiError::invalid(message).param(param))
}

/// `POST /v1/customers/:id/funding_instructions`.
pub fn create(call: &Call, _: &mut Tx<'_>, customer: Value, _: &[&str]) -> Answer {
    let currency = call.currency()?;
    let transfer = call.params.group("bank_transfer").unwrap_or_default();
    let word = transfer.required("type")?;
    check(word, &currency, "bank_transfer[type]")?;
    let country = match transfer.group("eu_bank_transfer") {
        Some(group) => group.required("country")?.to_owned(),
        None => country(word).to_owned(),
    };
    let addresses = addresses(text(&customer, "id"), word, &country);
    Ok(json!({
        "object": "funding_instructions", "currency": currency, "funding_type": "bank_transfer",
        "livemode": false, "bank_transfer": {"country": country, "type": named(word),
            "financial_addresses": addresses},
    }))
}

fn country(word: &str) -> &'static str {
    KINDS.iter().find(|(name, ..)| *name == named(word)).map_or("US", |(.., country)| country)
}

/// The `next_action` of a payment that waits for a transfer.
pub fn next_action(tx: &Tx<'_>, intent: &Value, remaining: i64) -> Value {
    let transfer = &intent["payment_method_options"]["customer_balance"]["bank_transfer"];
    let word = text(transfer, "type");
    let country = transfer["eu_bank_transfer"]["country"].as_str().unwrap_or(country(word));
    let id = text(intent, "id");
    json!({"type": "display_bank_transfer_instructions", "display_bank_transfer_instructions": {
        "amount_remaining": remaining, "currency": intent["currency"],
        "financial_addresses": addresses(text(intent, "customer"), word, country),
        "hosted_instructions_url": format!("https://payments.stripe.com/bank_transfers/{id}"),
        "reference": reference(tx, id), "type": named(word),
    }})
}

/// What the sender writes beside the amount, so that the money finds its payment.
pub fn reference(tx: &Tx<'_>, id: &str) -> String {
    let word = super::super::super::identifier::make("", &format!("{}{id}", tx.state.seed), 0);
    word[..12].to_uppercase()
}

/// Digits that follow from the customer, so that each has details of its own.
fn digits(customer: &str, count: usize) -> String {
    let sum = customer.bytes().fold(17_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
    format!("{:018}", sum % 1_000_000_000_000_000_000)[18 - count..].to_owned()
}

fn addresses(customer: &str, word: &str, country: &str) -> Value {
    let address = json!({"city": "San Francisco", "country": country, "line1": "1 Test Street",
        "line2": null, "postal_code": "94111", "state": null});
    let mut details = json!({"account_holder_name": "Sluicegate", "bank_address": address,
        "account_holder_address": address});
    let (kind, networks, own) = match named(word) {
        "us_bank_transfer" => (
            "aba",
            json!(["ach", "domestic_wire_us"]),
            json!({"account_number": digits(customer, 14), "account_type": "checking",
                "bank_name": "Sandbox Bank", "routing_number": "110000000"}),
        ),
        "eu_bank_transfer" => (
            "iban",
            json!(["sepa"]),
            json!({"bic": "TESTDEFFXXX", "country": country,
                "iban": format!("{country}89{}", digits(customer, 18))}),
        ),
        "gb_bank_transfer" => (
            "sort_code",
            json!(["bacs", "fps"]),
            json!({"account_number": digits(customer, 8), "sort_code": "108800"}),
        ),
        "mx_bank_transfer" => (
            "spei",
            json!(["spei"]),
            json!({"bank_code": "002", "bank_name": "Sandbox Bank",
                "clabe": digits(customer, 18)}),
        ),
        _ => (
            "zengin",
            json!(["zengin"]),
            json!({"account_number": digits(customer, 7), "account_type": "futsu",
                "bank_code": "0000", "bank_name": "Sandbox Bank", "branch_code": "000",
                "branch_name": "Sandbox Branch"}),
        ),
    };
    for (name, value) in own.as_object().into_iter().flatten() {
        details[name.as_str()] = value.clone();
    }
    json!([{"type": kind, "supported_networks": networks, kind: details}])
}
