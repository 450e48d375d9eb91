//! Errors as HTTP responses: a status, a public message, and details in development only.

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use handlebars::Handlebars;
use serde_json::json;

const PAGE: &str = include_str!("pages/error.hbs");

/// An error response. The detail is for developers and is shown in development only.
#[derive(Debug, Clone)]
pub struct HttpError {
    /// The HTTP status.
    pub status: StatusCode,
    /// A message for every visitor.
    pub message: String,
    /// The cause, for developers and the log.
    pub detail: Option<String>,
}

impl HttpError {
    /// An error without a hidden cause.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), detail: None }
    }

    /// A 500 whose cause is for developers.
    pub fn internal(message: &str, detail: impl ToString) -> Self {
        let detail = Some(detail.to_string());
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, message: message.to_owned(), detail }
    }

    /// A 400 with the reason.
    pub fn bad(message: impl ToString) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message.to_string())
    }

    /// A 404.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is nothing at this address.")
    }

    /// Logs a server error, once, where the response is made.
    fn log(&self) {
        if self.status.is_server_error() {
            let detail = self.detail.as_deref().unwrap_or(&self.message);
            tracing::error!(status = self.status.as_u16(), "{detail}");
        }
    }

    /// `{"error": {"message", "detail"?}}`.
    pub fn json(self, show_detail: bool) -> Response {
        self.log();
        let detail = self.detail.filter(|_| show_detail);
        let body = match detail {
            Some(detail) => json!({ "error": { "message": self.message, "detail": detail } }),
            None => json!({ "error": { "message": self.message } }),
        };
        patiently((self.status, axum::Json(body)).into_response())
    }

    /// The host's own error page.
    pub fn page(self, show_detail: bool) -> Response {
        self.log();
        let values = json!({
            "status": self.status.as_u16(),
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "message": self.message,
            "detail": self.detail.filter(|_| show_detail),
        });
        let html = Handlebars::new()
            .render_template(PAGE, &values)
            .unwrap_or_else(|_| "The page could not be shown.".to_owned());
        let mut response = (self.status, Html(html)).into_response();
        let nothing = header::HeaderValue::from_static("no-store");
        response.headers_mut().insert(header::CACHE_CONTROL, nothing);
        patiently(response)
    }
}

/// Adds `Retry-After` to a 503, which is temporary (RFC 9110, 10.2.3).
fn patiently(mut response: Response) -> Response {
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        let soon = header::HeaderValue::from_static("1");
        response.headers_mut().insert(header::RETRY_AFTER, soon);
    }
    response
}
