//! Answers: pretty JSON with Stripe's headers.

use super::api_error::ApiError;
use super::request_log::KEPT_BYTES_MAX;
use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;
use std::sync::OnceLock;

/// What no address has as it is, beside all that is not ASCII.
const UNSAFE: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`');

/// An answer before it becomes bytes.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The object or error.
    pub body: Value,
    /// Headers besides the usual ones.
    pub headers: Vec<(&'static str, String)>,
    /// Something on the way answers in its place, with the same status.
    pub garbled: bool,
}

impl Reply {
    /// A success.
    pub fn good(body: Value) -> Self {
        Self { status: 200, body, headers: Vec::new(), garbled: false }
    }

    /// A refusal.
    pub fn refused(refusal: &ApiError, request_id: &str) -> Self {
        let body = refusal.body(request_id);
        Self { status: refusal.status, body, headers: Vec::new(), garbled: false }
    }

    /// Adds a header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// As bytes.
    pub fn into_response(self) -> Response<Body> {
        self.into_kept_response(&OnceLock::new())
    }

    /// As bytes, which are kept as well when they are few.
    pub fn into_kept_response(self, kept: &OnceLock<Bytes>) -> Response<Body> {
        if self.garbled {
            let page = "<html>upstream connect error</html>";
            return response(self.status, "text/html", page, &self.headers);
        }
        // A file is text in place of an object.
        if let Value::String(file) = self.body {
            return response(self.status, "application/pdf", file, &self.headers);
        }
        // Room for a charge, so that it is not moved as it grows.
        let mut text = Vec::with_capacity(8 * 1024);
        // Plain JSON can always be written to memory.
        let _ = serde_json::to_writer_pretty(&mut text, &self.body);
        text.push(b'\n');
        let text = Bytes::from(text);
        if text.len() <= KEPT_BYTES_MAX {
            let _ = kept.set(text.clone());
        }
        response(self.status, "application/json", text, &self.headers)
    }
}

/// Sends the browser to another address, which it asks for with GET.
pub fn see_other(target: impl Into<String>) -> Response<Body> {
    let target = target.into();
    // A header has ASCII only; what a browser would encode is encoded here.
    let target = utf8_percent_encode(&target, UNSAFE).to_string();
    let headers = [("location", target), ("cache-control", "no-store".to_owned())];
    response(303, "text/plain", "", &headers)
}

/// A response; a header value that cannot be sent is left out.
pub fn response(
    status: u16,
    content_type: &'static str,
    body: impl Into<Body>,
    headers: &[(&'static str, String)],
) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let into = response.headers_mut();
    into.insert("content-type", HeaderValue::from_static(content_type));
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            into.insert(HeaderName::from_static(name), value);
        }
    }
    response
}
