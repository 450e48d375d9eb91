//! Tokens of connected accounts as API keys: whose they are, and what they may do.

use super::permission;
use crate::api_error::{ApiError, masked};
use crate::state::{Kind, SandboxState};
use crate::tx::{number, text};
use serde_json::Value;
use std::sync::Arc;

/// The account that a key acts on, if it is a token of a connected account and may do this;
/// `None` for keys of the platform.
///
/// # Errors
/// The token is revoked or expired, or the operation is beyond what it was given for.
pub fn account_of(
    state: &SandboxState,
    key: &str,
    method: &str,
    path: &str,
) -> Result<Option<Arc<str>>, ApiError> {
    let Some(stored) = state.stored(key).filter(|stored| stored.kind == Kind::AccessToken) else {
        return Ok(None);
    };
    let token = stored.value();
    let refuse = |code, message: String| {
        Err(ApiError { saved: false, ..ApiError::invalid(message).status(401).code(code) })
    };
    if token["revoked"] == true {
        return refuse("api_key_expired", format!("Invalid API Key provided: {}", masked(key)));
    }
    if token["expires_at"].as_i64().is_some_and(|at| at <= state.clock.now()) {
        return refuse("api_key_expired", format!("Expired API Key provided: {}", masked(key)));
    }
    let account = text(&token, "account");
    let lacks = |needed: &str| {
        let message = format!(
            "The provided key '{}' does not have the required permissions for this endpoint on \
             account '{account}'. Having the '{needed}' permission would allow this request to \
             continue.",
            masked(key)
        );
        let refusal = ApiError::invalid(message).status(403);
        ApiError { saved: false, ..refusal.code("more_permissions_required_for_application") }
    };
    if token["scope"] == "read_only" && method != "GET" {
        return Err(lacks("read_write"));
    }
    if let Some(granted) = token["permissions"].as_array()
        && let Some(needed) = permission::needed(method, path)
        && !granted.iter().filter_map(Value::as_str).any(|name| permission::covers(name, &needed))
    {
        return Err(lacks(&needed));
    }
    Ok(Some(account.into()))
}

/// True for an account that was connected by OAuth and is no more.
pub fn is_disconnected(account: &Value) -> bool {
    account["_connected"] == false
}

/// When a token ends, in seconds; `None` when it does not.
pub fn ends(token: &Value) -> Option<i64> {
    token["expires_at"].is_i64().then(|| number(token, "expires_at"))
}
