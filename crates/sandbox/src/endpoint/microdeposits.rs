//! Micro-deposits: small amounts, or a code, that prove who owns a bank account.

use super::super::api_error::ApiError;
use super::super::call::Call;
use super::super::clock::DAY;
use super::super::tx::{Tx, is, text};
use serde_json::{Value, json};

/// Whether a method's account has to be verified first.
pub fn are_needed(method: &Value) -> bool {
    ["us_bank_account", "acss_debit"].contains(&text(method, "type")) && !is(method, "_verified")
}

/// The `next_action` of an intent that waits for them.
pub fn next_action(tx: &Tx<'_>, intent: &Value) -> Value {
    let base = &tx.state.base_url;
    let (id, secret) = (text(intent, "id"), text(intent, "client_secret"));
    json!({
        "type": "verify_with_microdeposits",
        "verify_with_microdeposits": {
            "arrival_date": tx.now + DAY,
            "hosted_verification_url":
                format!("{base}/hooks.stripe.com/redirect/authenticate/{id}?client_secret={secret}"),
            "microdeposit_type": "descriptor_code",
        },
    })
}

/// Checks `amounts` (32 and 45) or `descriptor_code` (SM11AA).
pub fn check(call: &Call) -> Result<(), ApiError> {
    let wrong =
        |code, param: &str, message: &str| Err(ApiError::invalid(message).code(code).param(param));
    let exceeded = "You have exceeded the number of allowed verification attempts.";
    let timeout = "The micro-deposits were not verified within 10 days.";
    if let Some(code) = call.params.filled("descriptor_code")? {
        return match code.to_uppercase().as_str() {
            "SM11AA" => Ok(()),
            "SM33CC" => wrong(
                "payment_method_microdeposit_verification_attempts_exceeded",
                "descriptor_code",
                exceeded,
            ),
            "SM44DD" => wrong(
                "payment_method_microdeposit_verification_timeout",
                "descriptor_code",
                timeout,
            ),
            _ => wrong(
                "payment_method_microdeposit_verification_descriptor_code_mismatch",
                "descriptor_code",
                "The descriptor code provided does not match the one sent to the bank account.",
            ),
        };
    }
    let mut amounts = call.params.list("amounts");
    amounts.sort_unstable();
    match amounts.as_slice() {
        [] => Err(ApiError::missing("amounts")),
        ["32", "45"] => Ok(()),
        ["10", "11"] => {
            wrong("payment_method_microdeposit_verification_attempts_exceeded", "amounts", exceeded)
        }
        ["40", "41"] => {
            wrong("payment_method_microdeposit_verification_timeout", "amounts", timeout)
        }
        [_, _] => wrong(
            "payment_method_microdeposit_verification_amounts_mismatch",
            "amounts",
            "The amounts provided do not match the amounts that were sent to the bank account.",
        ),
        _ => wrong(
            "payment_method_microdeposit_verification_amounts_invalid",
            "amounts",
            "You must provide exactly two amounts.",
        ),
    }
}
