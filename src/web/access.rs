//! Access control for API endpoints: a bearer token with a scope, or loopback callers in
//! development.

use crate::app::runtime::Runtime;
use crate::web::error::HttpError;
use crate::web::platform_request::{PlatformRequest, header_text};
use axum::http::{HeaderMap, StatusCode};
use sluicegate_secret::api_token::TokenScope;

/// Checks that the caller may use an API endpoint that needs a scope.
///
/// # Errors
/// As [`scope`]; 403 when the caller's scope is too small.
pub fn check(
    runtime: &Runtime,
    visit: &PlatformRequest,
    needed: TokenScope,
) -> Result<(), HttpError> {
    check_scope(scope(runtime, visit)?, needed)
}

/// Refuses a scope that is too small.
///
/// # Errors
/// 403.
pub fn check_scope(scope: TokenScope, needed: TokenScope) -> Result<(), HttpError> {
    if scope >= needed {
        return Ok(());
    }
    let (scope, needed) = (scope.name(), needed.name());
    let message = format!("This needs a token with the scope `{needed}`, not `{scope}`.");
    Err(HttpError::new(StatusCode::FORBIDDEN, message))
}

/// The scope of the caller's token.
///
/// # Errors
/// 401 without a known token; 403 if no token is configured and the caller is not a local program
/// on a development machine.
pub fn scope(runtime: &Runtime, visit: &PlatformRequest) -> Result<TokenScope, HttpError> {
    let tokens = &runtime.config.api_tokens;
    if !tokens.is_empty() {
        let sent = bearer(&visit.headers).unwrap_or_default();
        return tokens.scope_of(sent.trim()).ok_or_else(no_token);
    }
    if runtime.is_development() && visit.client.is_local && !is_cross_site(visit) {
        return Ok(TokenScope::Administer);
    }
    let message = "Set SLUICEGATE_API_TOKEN to use this address; without it only programs on this \
                   machine are let in, and only in development.";
    Err(HttpError::new(StatusCode::FORBIDDEN, message))
}

/// The bearer token that was sent, if any.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = header_text(headers, "authorization")?;
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// Checks that the caller may see the host's own numbers: anyone in development, the bearer of a
/// token elsewhere.
///
/// # Errors
/// 401 without a known token, 403 if none is configured.
pub fn check_details(runtime: &Runtime, headers: &HeaderMap) -> Result<(), HttpError> {
    if runtime.is_development() {
        return Ok(());
    }
    let tokens = &runtime.config.api_tokens;
    if tokens.is_empty() {
        let message = "Set SLUICEGATE_API_TOKEN, or SLUICEGATE_METRICS_ADDR for an address of its \
                       own.";
        return Err(HttpError::new(StatusCode::FORBIDDEN, message));
    }
    let sent = bearer(headers).unwrap_or_default();
    // Every scope includes `read`.
    tokens.scope_of(sent.trim()).map(drop).ok_or_else(no_token)
}

fn no_token() -> HttpError {
    let message = "Send the token of SLUICEGATE_API_TOKEN as `Authorization: Bearer …`.";
    HttpError::new(StatusCode::UNAUTHORIZED, message)
}

/// True for a request that a browser sends for a page of another site than this one.
///
/// A proxy may have replaced Host, so what the browser itself says of the site counts more than a
/// comparison of Origin with Host.
pub fn is_foreign(runtime: &Runtime, headers: &HeaderMap) -> bool {
    if let Some(site) = header_text(headers, "sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = header_text(headers, "origin") else { return false };
    let own = header_text(headers, "host").unwrap_or_default();
    origin != runtime.public_url() && origin.split("://").nth(1) != Some(own)
}

/// True for a request that a browser sends for a page of another origin, by what it reports. Such
/// a page could otherwise move money on the developer's machine.
fn is_cross_site(visit: &PlatformRequest) -> bool {
    let origin = header_text(&visit.headers, "origin");
    let is_foreign = origin
        .is_some_and(|origin| origin.split("://").nth(1).is_none_or(|host| host != visit.host()));
    let site = header_text(&visit.headers, "sec-fetch-site");
    is_foreign || matches!(site, Some("cross-site" | "same-site"))
}
