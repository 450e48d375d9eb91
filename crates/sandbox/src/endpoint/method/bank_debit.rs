//! Payment methods that debit a bank account: their numbers, and how debits from them end.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::identifier;
use super::super::super::params::Params;
use super::super::super::tx::{Tx, text};
use super::object;
use serde_json::{Value, json};

/// How a debit ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DebitEnd {
    /// The money arrives.
    Paid,
    /// It does not, for a reason.
    Failed(&'static str),
    /// It arrives, and is disputed then.
    Disputed,
}

/// Test accounts by the end of their numbers (US, SEPA and others), with what debits come to.
const ENDS: &[(&str, DebitEnd)] = &[
    ("000111111113", DebitEnd::Failed("account_closed")),
    ("000111111116", DebitEnd::Failed("no_account")),
    ("000222222227", DebitEnd::Failed("insufficient_funds")),
    ("000333333335", DebitEnd::Failed("debit_not_authorized")),
    ("000444444440", DebitEnd::Failed("invalid_currency")),
    ("000777777771", DebitEnd::Failed("payment_limit_exceeded")),
    ("000555555559", DebitEnd::Disputed),
    // The account of the CLI's `checkout.session.async_payment_failed`.
    ("IT60X0542811101000000123456", DebitEnd::Failed("generic_decline")),
    ("5473202", DebitEnd::Failed("generic_decline")),
    ("5473205", DebitEnd::Failed("generic_decline")),
    ("5473203", DebitEnd::Disputed),
    ("2013001", DebitEnd::Failed("generic_decline")),
    ("2013004", DebitEnd::Failed("generic_decline")),
    ("2013002", DebitEnd::Disputed),
    ("3202", DebitEnd::Failed("generic_decline")),
    ("3205", DebitEnd::Failed("generic_decline")),
    ("0000343434", DebitEnd::Failed("charge_exceeds_source_limit")),
    ("0000121212", DebitEnd::Failed("charge_exceeds_transaction_limit")),
    ("0002222227", DebitEnd::Failed("insufficient_funds")),
    ("00222227", DebitEnd::Failed("insufficient_funds")),
    ("33333335", DebitEnd::Failed("debit_not_authorized")),
];

/// Numbers whose debits end only after a few minutes.
const DELAYED: &[&str] = &["5473204", "5473205", "2013003", "2013004"];

/// Published names: `pm_usBankAccount_success`, `pm_failed_at`.
const NAMES: &[(&str, &str)] = &[
    ("pm_usBankAccount", "000123456789"),
    ("pm_usBankAccount_success", "000123456789"),
    ("pm_usBankAccount_accountClosed", "000111111113"),
    ("pm_usBankAccount_noAccount", "000111111116"),
    ("pm_usBankAccount_insufficientFunds", "000222222227"),
    ("pm_usBankAccount_debitNotAuthorized", "000333333335"),
    ("pm_usBankAccount_invalidCurrency", "000444444440"),
    ("pm_usBankAccount_failMicrodeposits", "000666666661"),
    ("pm_usBankAccount_dispute", "000555555559"),
    ("pm_usBankAccount_processing", "000000000009"),
    ("pm_usBankAccount_weeklyLimitExceeded", "000777777771"),
    ("pm_success_at", "AT611904300234573201"),
    ("pm_successDelayed_at", "AT321904300235473204"),
    ("pm_failed_at", "AT861904300235473202"),
    ("pm_failedDelayed_at", "AT051904300235473205"),
    ("pm_disputed_at", "AT591904300235473203"),
    ("pm_exceedsSourceLimit_at", "AT981904300000343434"),
    ("pm_exceedsWeeklyVolumeLimit_at", "AT601904300000121212"),
    ("pm_insufficientFunds_at", "AT981904300002222227"),
    ("pm_success_de", "DE89370400440532013000"),
    ("pm_successDelayed_de", "DE08370400440532013003"),
    ("pm_failed_de", "DE62370400440532013001"),
    ("pm_failedDelayed_de", "DE78370400440532013004"),
    ("pm_disputed_de", "DE35370400440532013002"),
    ("pm_exceedsSourceLimit_de", "DE65370400440000343434"),
    ("pm_exceedsWeeklyVolumeLimit_de", "DE27370400440000121212"),
    ("pm_insufficientFunds_de", "DE65370400440002222227"),
];

/// A payment method of a published name.
pub fn published(tx: &mut Tx<'_>, name: &str) -> Option<Value> {
    let (_, number) = NAMES.iter().find(|(known, _)| *known == name)?;
    let mut method = if name.starts_with("pm_usBankAccount") {
        let mut method = us(tx, number, "110000000");
        method["_verified"] = json!(true);
        method
    } else {
        sepa(tx, number)
    };
    method["billing_details"]["name"] = json!("Jenny Rosen");
    method["billing_details"]["email"] = json!("jenny@example.com");
    Some(method)
}

/// How a debit from a method ends.
pub fn end(method: &Value) -> DebitEnd {
    let number = text(method, "_account_number");
    ENDS.iter().find(|(end, _)| number.ends_with(end)).map_or(DebitEnd::Paid, |(_, end)| *end)
}

/// The milliseconds after which a debit ends; `None` when it stays in processing.
pub fn duration_ms(method: &Value) -> Option<i64> {
    let number = text(method, "_account_number");
    match number {
        "000000000009" => None,
        _ if DELAYED.iter().any(|end| number.ends_with(end)) => Some(180_000),
        _ => Some(500),
    }
}

/// A payment method of a type from its fields.
pub fn object(tx: &mut Tx<'_>, kind: &str, fields: &Params) -> Answer {
    let digits = |name: &str| -> Result<String, ApiError> {
        let text = fields.required(name)?;
        Ok(text.chars().filter(|c| !" -".contains(*c)).collect())
    };
    let method = match kind {
        "us_bank_account" => {
            let routing = digits("routing_number")?;
            if routing.len() != 9 || !routing.bytes().all(|byte| byte.is_ascii_digit()) {
                let param = fields.full("routing_number");
                let message = "Invalid routing number";
                return Err(ApiError::parameter("routing_number_invalid", &param, message));
            }
            let mut method = us(tx, &digits("account_number")?, &routing);
            let own = &mut method["us_bank_account"];
            fields.patch(own, &["account_holder_type", "account_type"])?;
            method
        }
        "sepa_debit" => {
            let iban = digits("iban")?.to_uppercase();
            if !is_iban(&iban) {
                let message = "The IBAN you provided is invalid.";
                return Err(ApiError::parameter(
                    "invalid_bank_account_iban",
                    &fields.full("iban"),
                    message,
                ));
            }
            sepa(tx, &iban)
        }
        "bacs_debit" => {
            simple(tx, kind, &digits("account_number")?, json!({"sort_code": digits("sort_code")?}))
        }
        "au_becs_debit" => simple(
            tx,
            kind,
            &digits("account_number")?,
            json!({"bsb_number": digits("bsb_number")?}),
        ),
        "acss_debit" => simple(
            tx,
            kind,
            &digits("account_number")?,
            json!({"bank_name": "STRIPE TEST BANK", "institution_number": digits("institution_number")?,
                "transit_number": digits("transit_number")?}),
        ),
        _ => simple(
            tx,
            kind,
            &digits("account_number")?,
            json!({
            "account_holder_name": null, "bank_code": fields.text("bank_code")?, "bank_name": "STRIPE TEST BANK",
            "branch_code": fields.text("branch_code")?, "suffix": fields.text("suffix")?}),
        ),
    };
    Ok(method)
}

fn us(tx: &mut Tx<'_>, number: &str, routing: &str) -> Value {
    let own = json!({
        "account_holder_type": "individual", "account_type": "checking",
        "bank_name": "STRIPE TEST BANK", "financial_connections_account": null,
        "networks": {"preferred": "ach", "supported": ["ach", "us_domestic_wire"]},
        "routing_number": routing, "status_details": null,
    });
    simple(tx, "us_bank_account", number, own)
}

fn sepa(tx: &mut Tx<'_>, iban: &str) -> Value {
    let bank_code = iban.get(4..9).unwrap_or_default();
    let own = json!({
        "bank_code": bank_code, "branch_code": "", "country": iban.get(..2),
        "generated_from": {"charge": null, "setup_attempt": null},
    });
    simple(tx, "sepa_debit", iban, own)
}

fn simple(tx: &mut Tx<'_>, kind: &str, number: &str, mut own: Value) -> Value {
    let mut method = object::blank(tx, kind);
    own["fingerprint"] = json!(&identifier::make("", number, 3)[..16]);
    own["last4"] = json!(number.get(number.len().saturating_sub(4)..));
    method[kind] = own;
    method["_account_number"] = json!(number);
    method
}

/// The check digits of an IBAN (ISO 13616).
fn is_iban(iban: &str) -> bool {
    if !(15..=34).contains(&iban.len()) || !iban.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return false;
    }
    let (head, tail) = iban.split_at(4);
    let digits = tail.chars().chain(head.chars()).filter_map(|c| c.to_digit(36));
    digits.fold(0u32, |rest, digit| (rest * if digit > 9 { 100 } else { 10 } + digit) % 97) == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_ibans_are_ibans() {
        for (_, number) in NAMES.iter().filter(|(_, number)| !number.starts_with("000")) {
            assert!(is_iban(number), "{number}");
        }
        assert!(!is_iban("DE00370400440532013000"));
    }

    #[test]
    fn numbers_end_as_published() {
        let end = |number: &str| end(&json!({ "_account_number": number }));
        assert_eq!(end("AT861904300235473202"), DebitEnd::Failed("generic_decline"));
        assert_eq!(end("AT611904300234573201"), DebitEnd::Paid);
        assert_eq!(end("DE35370400440532013002"), DebitEnd::Disputed);
        assert_eq!(end("000222222227"), DebitEnd::Failed("insufficient_funds"));
    }
}
