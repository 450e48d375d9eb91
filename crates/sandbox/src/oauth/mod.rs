//! OAuth: other people's accounts are connected to an application, and disconnected again.
//!
//! Stripe has two families. Connect (`connect.stripe.com/oauth/…`) gives tokens that do not expire;
//! Stripe Apps (`marketplace.stripe.com/oauth/v2/…`, `/v1/oauth/token`) gives access tokens for an
//! hour and refresh tokens that each exchange replaces. Rules:
//! docs.stripe.com/connect/oauth-reference, docs.stripe.com/stripe-apps/api-authentication/oauth.

use super::api_error::{Answer, ApiError};
use super::call::Call;
use super::tx::Tx;

pub mod access;
pub mod application;
pub mod authorize;
pub mod consent;
mod deauthorize;
mod permission;
mod token;

pub use deauthorize::disconnect;

/// The kind of a refusal in OAuth's form: `{"error": …, "error_description": …}`.
pub const ERROR: &str = "oauth";

/// True for the paths that answer in OAuth's form.
pub fn is_path(path: &str) -> bool {
    path.starts_with("/oauth/") || path.starts_with("/v1/oauth/")
}

/// `POST /oauth/token`, `/oauth/deauthorize` and `/v1/oauth/token`; `None` for other paths.
pub fn route(call: &Call, tx: &mut Tx<'_>) -> Option<Answer> {
    if !call.is("POST") {
        return None;
    }
    match call.path.as_str() {
        "/oauth/token" => Some(token::grant(call, tx, application::Family::Connect)),
        "/v1/oauth/token" => Some(token::grant(call, tx, application::Family::Apps)),
        "/oauth/deauthorize" => Some(deauthorize::run(call, tx)),
        _ => None,
    }
}

/// A refusal in OAuth's form, with status 400.
pub fn refuse(code: &'static str, description: impl Into<String>) -> ApiError {
    ApiError { kind: ERROR, saved: false, ..ApiError::invalid(description).code(code) }
}
