//! Access control for API endpoints: a bearer token, or loopback callers in development.

use crate::app::runtime::Runtime;
use crate::web::error::HttpError;
use crate::web::platform_request::{PlatformRequest, header_text};
use axum::http::StatusCode;
use subtle::ConstantTimeEq as _;

/// Checks that the caller may use an API endpoint.
///
/// # Errors
/// 401 without the right token; 403 if no token is configured and the caller is not a local program
/// on a development machine.
pub fn check(runtime: &Runtime, visit: &PlatformRequest) -> Result<(), HttpError> {
    if let Some(token) = &runtime.config.api_token {
        let given = header_text(&visit.headers, "authorization")
            .and_then(|text| text.strip_prefix("Bearer "))
            .unwrap_or_default();
        if bool::from(given.trim().as_bytes().ct_eq(token.expose().as_bytes())) {
            return Ok(());
        }
        let message = "Send the token of SLUICEGATE_API_TOKEN as `Authorization: Bearer …`.";
        return Err(HttpError::new(StatusCode::UNAUTHORIZED, message));
    }
    if runtime.is_development() && visit.ip.is_loopback() && is_own_page(visit) {
        return Ok(());
    }
    let message = "Set SLUICEGATE_API_TOKEN to use this address; without it only programs on this \
                   machine are let in, and only in development.";
    Err(HttpError::new(StatusCode::FORBIDDEN, message))
}

/// False for a browser on another site's page, which could otherwise move money on the developer's
/// machine. Checks Host as well, against names that resolve to loopback.
fn is_own_page(visit: &PlatformRequest) -> bool {
    let local = |host: &str| {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        matches!(name, "localhost" | "127.0.0.1" | "[::1]")
    };
    let origin = header_text(&visit.headers, "origin");
    let origin_is_ours = origin
        .is_none_or(|origin| origin.split("://").nth(1).is_some_and(|host| host == visit.host()));
    let site = header_text(&visit.headers, "sec-fetch-site");
    local(visit.host()) && origin_is_ours && !matches!(site, Some("cross-site" | "same-site"))
}
