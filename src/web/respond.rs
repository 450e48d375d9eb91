//! Turns the effects of templates into an HTTP response: status, headers, redirect, session,
//! cookie.

use crate::app::runtime::Runtime;
use crate::gateway::outcome::State as OutcomeState;
use crate::template::output::Effects;
use crate::web::session::{LIFETIME_SECONDS, Session};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use jiff::SignedDuration;
use serde_json::{Map, Value as Json};
use sluicegate_store::state::Session as Stored;
use sluicegate_store::write::Write;

/// Headers that templates may not set.
const OWN_HEADERS: [&str; 7] = [
    "cache-control",
    "etag",
    "set-cookie",
    "x-request-id",
    "x-xss-protection",
    "content-length",
    "transfer-encoding",
];

/// A redirect. Other sites are allowed only where the page's author wrote the URL, so callers pass
/// what a template rendered.
pub fn redirect(to: &str, status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FOUND);
    match HeaderValue::from_str(to) {
        Ok(location) => (status, [(header::LOCATION, location)]).into_response(),
        Err(_) => (status, [(header::LOCATION, HeaderValue::from_static("/"))]).into_response(),
    }
}

/// True for a path of this site, the only redirect target accepted from visitors. `//host`,
/// `/\host` and `javascript:` are refused.
pub fn is_local(path: &str) -> bool {
    let mut letters = path.chars();
    letters.next() == Some('/')
        && !matches!(letters.next(), Some('/' | '\\'))
        && !path.chars().any(char::is_control)
}

/// Sets the headers that a template requested.
pub fn put_headers(headers: &mut HeaderMap, asked: &[(String, String)]) {
    for (name, value) in asked {
        let name = HeaderName::from_bytes(name.to_ascii_lowercase().as_bytes());
        let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) else { continue };
        if !OWN_HEADERS.contains(&name.as_str()) {
            headers.insert(name, value);
        }
    }
}

/// Stores a changed session, and sets the cookie for new visitors. Removes a flash that was shown;
/// a new one is kept for the next request.
pub fn keep_session(
    runtime: &Runtime,
    session: &Session,
    effects: &Effects,
    flash: Map<String, Json>,
    response: &mut Response,
) {
    let mut data = session.data.clone();
    for (name, value) in &effects.session {
        let blank = value.is_null() || value.as_str() == Some("");
        if blank {
            data.shift_remove(name);
        } else {
            data.insert(name.clone(), value.clone());
        }
    }
    let changed = data != session.data || !flash.is_empty() || !session.flash.is_empty();
    if !flash.is_empty() {
        data.insert("flash".to_owned(), Json::Object(flash));
    }
    if changed {
        let now = runtime.clock.now();
        let expires_at = now + SignedDuration::from_secs(LIFETIME_SECONDS);
        let stored = Stored { id_hash: session.hash(), data: Json::Object(data), expires_at };
        let put = Write::SessionPut(stored);
        if let Err(error) = runtime.store.commit(vec![put]) {
            tracing::warn!("the session could not be kept: {error}");
        }
    }
    if changed || session.is_new {
        let secure = runtime.public_url().starts_with("https://");
        if let Ok(cookie) = HeaderValue::from_str(&session.cookie(secure)) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
}

/// The HTTP status of an outcome.
pub fn outcome_status(state: OutcomeState) -> StatusCode {
    match state {
        OutcomeState::Completed => StatusCode::OK,
        OutcomeState::Pending => StatusCode::ACCEPTED,
        OutcomeState::Declined => StatusCode::PAYMENT_REQUIRED,
        OutcomeState::Conflict => StatusCode::CONFLICT,
        OutcomeState::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        OutcomeState::Failed => StatusCode::BAD_GATEWAY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_local() {
        for path in ["/", "/payments?page=2", "/a//b"] {
            assert!(is_local(path), "{path}");
        }
        for path in
            ["", "//evil.example", "/\\evil.example", "javascript:alert(1)", "https://x", "/a\nb"]
        {
            assert!(!is_local(path), "{path:?}");
        }
    }
}
