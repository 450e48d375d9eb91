//! Operations that an intent's state does not allow, in Stripe's words.

use super::super::super::api_error::ApiError;
use super::super::super::tx::text;
use serde_json::Value;

/// A refusal with the intent in it.
pub fn state(intent: &Value, message: impl Into<String>) -> ApiError {
    ApiError::invalid(message)
        .code("payment_intent_unexpected_state")
        .with_object("payment_intent", intent)
}

/// States in which an intent has not been paid.
pub const OPEN: &[&str] = &["requires_payment_method", "requires_confirmation", "requires_action"];

/// Refuses to confirm.
pub fn check_confirm(intent: &Value) -> Result<(), ApiError> {
    let status = text(intent, "status");
    if OPEN.contains(&status) {
        return Ok(());
    }
    Err(state(
        intent,
        match status {
            "succeeded" => "You cannot confirm this PaymentIntent because it has already \
                succeeded after being previously confirmed."
                .to_owned(),
            "requires_capture" => "You cannot confirm this PaymentIntent because it has already \
                been confirmed and is awaiting capture."
                .to_owned(),
            other => format!(
                "You cannot confirm this PaymentIntent because it has a status of {other}. Only a \
                 PaymentIntent with one of the following statuses may be confirmed: \
                 requires_confirmation, requires_action."
            ),
        },
    ))
}

/// Refuses to capture.
pub fn check_capture(intent: &Value) -> Result<(), ApiError> {
    match text(intent, "status") {
        "requires_capture" => Ok(()),
        "succeeded" => {
            let message =
                "This PaymentIntent could not be captured because it has already been captured.";
            Err(state(intent, message))
        }
        other => Err(state(
            intent,
            format!(
                "This PaymentIntent could not be captured because it has a status of {other}. \
                 Only a PaymentIntent with one of the following statuses may be captured: \
                 requires_capture."
            ),
        )),
    }
}

/// Refuses to cancel.
pub fn check_cancel(intent: &Value) -> Result<(), ApiError> {
    let status = text(intent, "status");
    if !["succeeded", "canceled"].contains(&status) {
        return Ok(());
    }
    let message = format!(
        "You cannot cancel this PaymentIntent because it has a status of {status}. Only a \
         PaymentIntent with one of the following statuses may be canceled: \
         requires_payment_method, requires_capture, requires_confirmation, requires_action, \
         processing."
    );
    Err(state(intent, message))
}

/// Refuses to change a field of a paid or canceled intent.
pub fn check_update(intent: &Value, field: &str) -> Result<(), ApiError> {
    let status = text(intent, "status");
    if OPEN.contains(&status) {
        return Ok(());
    }
    let message = format!(
        "This PaymentIntent's {field} could not be updated because it has a status of {status}. \
         You may only update the {field} of a PaymentIntent with one of the following statuses: \
         requires_payment_method, requires_confirmation, requires_action."
    );
    Err(state(intent, message).param(field))
}
