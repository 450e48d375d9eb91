//! Turns the effects of templates into an HTTP response: status, headers, redirect, session.

use crate::app::runtime::Runtime;
use crate::gateway::outcome::State as OutcomeState;
use crate::template::output::Effects;
use crate::web::error::HttpError;
use crate::web::session::Session;
use crate::web::session_store;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value as Json};

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

/// Messages for the next page.
#[derive(Debug, Clone, Default)]
pub struct Flash {
    /// What was done.
    pub notice: Option<String>,
    /// What was refused or failed.
    pub alert: Option<String>,
}

impl Flash {
    /// A single alert.
    pub fn alert(message: impl Into<String>) -> Self {
        Self { alert: Some(message.into()), ..Self::default() }
    }

    fn into_map(self) -> Map<String, Json> {
        let all = [("notice", self.notice), ("alert", self.alert)];
        let set = all.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into())));
        set.collect()
    }
}

/// The effects of a redirect, with a flash that the next page shows.
pub fn redirect(to: String, status: u16, flash: Flash) -> Effects {
    Effects { redirect: Some((to, status)), flash: flash.into_map(), ..Effects::default() }
}

/// The response to a visitor after `effects`: `body` unless they redirect, with their headers, and
/// with the session kept.
///
/// # Errors
/// 503 when who is signed in, or what the session holds, could not be stored.
pub fn with_effects(
    runtime: &Runtime,
    session: &Session,
    effects: &Effects,
    body: impl FnOnce() -> Response,
) -> Result<Response, HttpError> {
    let mut response = match &effects.redirect {
        Some((to, status)) => redirection(to, *status),
        None => body(),
    };
    put_headers(response.headers_mut(), &effects.headers);
    session_store::keep(runtime, session, effects, &mut response)?;
    Ok(response)
}

/// A redirect. Other sites are allowed only where the page's author wrote the URL, so callers pass
/// what a template rendered.
fn redirection(to: &str, status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FOUND);
    let location = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    (status, [(header::LOCATION, location)]).into_response()
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
fn put_headers(headers: &mut HeaderMap, asked: &[(String, String)]) {
    for (name, value) in asked {
        let name = HeaderName::from_bytes(name.to_ascii_lowercase().as_bytes());
        let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) else { continue };
        if !OWN_HEADERS.contains(&name.as_str()) {
            headers.insert(name, value);
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
