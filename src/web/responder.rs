//! How a handler answers: in the format that its client wants, with errors rendered in it.

use crate::app::runtime::Runtime;
use crate::executor;
use crate::web::error::HttpError;
use crate::web::platform_request::{content_type, header_text};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use handlebars::Handlebars;
use serde_json::json;
use sluicegate_secret::redaction;

const PAGE: &str = include_str!("pages/error.hbs");

/// The format of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseFormat {
    /// A page for a browser.
    Html,
    /// JSON for a program.
    Json,
}

impl ResponseFormat {
    /// JSON if the client prefers it by `Accept`, or because it posts JSON.
    pub fn preferred(headers: &HeaderMap) -> Self {
        let accept = header_text(headers, "accept").unwrap_or_default();
        if accept.starts_with("application/json") || content_type(headers) == "application/json" {
            return Self::Json;
        }
        Self::Html
    }
}

/// What becomes of the cause of an error. It is logged in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Details {
    Shown,
    Hidden,
}

/// Renders the errors of one handler.
#[derive(Debug, Clone, Copy)]
pub struct Responder {
    /// The format of the response, decided once.
    pub format: ResponseFormat,
    details: Details,
}

impl Responder {
    /// Shows the causes of errors in development.
    pub fn new(runtime: &Runtime, format: ResponseFormat) -> Self {
        let details = if runtime.is_development() { Details::Shown } else { Details::Hidden };
        Self { format, details }
    }

    /// Shows no causes, for callers who may be anyone.
    pub fn without_details(format: ResponseFormat) -> Self {
        Self { format, details: Details::Hidden }
    }

    /// Answers with what `work` returns.
    pub async fn answer(self, work: impl Future<Output = Result<Response, HttpError>>) -> Response {
        work.await.unwrap_or_else(|error| self.error(error))
    }

    /// An error as a response. A server error is logged, once, here.
    pub fn error(self, error: HttpError) -> Response {
        let status = error.status;
        if status.is_server_error() && !error.is_logged {
            let detail = error.detail.as_deref().unwrap_or(&error.message);
            tracing::error!(status = status.as_u16(), "{detail}");
        }
        let retry_after = match error.retry_after {
            // Rounded up: a client that comes earlier is refused again.
            Some(wait) => Some(wait.as_millis().div_ceil(1000).max(1)),
            // It is temporary (RFC 9110, 10.2.3).
            None => (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1),
        };
        let detail = error.detail.filter(|_| self.details == Details::Shown);
        let detail = detail.map(|detail| redaction::text(&detail).into_owned());
        let message = redaction::text(&error.message);
        let mut response = match self.format {
            ResponseFormat::Json => json_error(status, &message, detail),
            ResponseFormat::Html => error_page(status, &message, detail),
        };
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        if let Some(seconds) = retry_after
            && let Ok(seconds) = HeaderValue::from_str(&seconds.to_string())
        {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

/// `{"error": {"message", "detail"?}}`.
fn json_error(status: StatusCode, message: &str, detail: Option<String>) -> Response {
    let body = match detail {
        Some(detail) => json!({ "error": { "message": message, "detail": detail } }),
        None => json!({ "error": { "message": message } }),
    };
    (status, axum::Json(body)).into_response()
}

/// The host's own error page.
fn error_page(status: StatusCode, message: &str, detail: Option<String>) -> Response {
    let values = json!({
        "status": status.as_u16(),
        "title": status.canonical_reason().unwrap_or("Error"),
        "message": message,
        "detail": detail,
    });
    let html = Handlebars::new()
        .render_template(PAGE, &values)
        .unwrap_or_else(|_| "The page could not be shown.".to_owned());
    let mut response = (status, Html(html)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Runs `work` on blocking threads: between its waits it may wait for the database, and while it
/// waits for the gateway it holds no thread. It runs to its end even if the client hangs up.
///
/// # Errors
/// Any error of `work`; 500 when it panics.
pub async fn awaiting<T: Send + 'static>(
    work: impl Future<Output = Result<T, HttpError>> + Send + 'static,
) -> Result<T, HttpError> {
    executor::run_blocking(work).await.unwrap_or_else(|error| Err(HttpError::panicked(error)))
}

/// Runs `work`, which may wait for the database, on a blocking thread.
///
/// # Errors
/// Any error of `work`; 500 when it panics.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, HttpError> + Send + 'static,
) -> Result<T, HttpError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(HttpError::panicked(error)))
}
