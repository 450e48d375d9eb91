//! The client secret, by which a customer's browser names an intent.

use super::super::super::api_error::ApiError;
use super::super::super::call::Call;
use super::super::super::tx::text;
use serde_json::Value;

/// Refuses a client secret of something else, and a publishable key without one.
pub fn check(call: &Call, object: &Value, what: &str) -> Result<(), ApiError> {
    let given = call.params.text("client_secret")?;
    let is_needed = call.key.starts_with("pk_");
    if given.is_none_or(str::is_empty) && is_needed {
        let message = format!(
            "You must provide the `client_secret` of the {what} when using a publishable key."
        );
        return Err(ApiError { saved: false, ..ApiError::invalid(message).status(401) });
    }
    if given.is_some_and(|given| given != text(object, "client_secret")) {
        let message = format!(
            "The client_secret provided does not match any associated {what} on this account. \
             Ensure the publishable key used belongs to the same account that created the {what}."
        );
        let refusal = ApiError::invalid(message).status(404).code("resource_missing");
        return Err(ApiError { saved: false, ..refusal }.param("intent"));
    }
    Ok(())
}
