//! Assets of modules, and the host's own styles and scripts.

use crate::app::runtime::Runtime;
use crate::web::error::HttpError;
use crate::web::responder::{Responder, ResponseFormat};
use crate::web::security;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;

const CONSOLE_CSS: &str = include_str!("pages/console.css");
const EXPLORER_JS: &str = include_str!("pages/explorer.js");
const CONSOLE_JS: &str = include_str!("pages/console.js");

/// Serves a module's asset by its logical path, cacheable because `asset_url` adds `?updated=`.
pub async fn asset(State(runtime): State<Arc<Runtime>>, Path(path): Path<String>) -> Response {
    let found = runtime.instance().catalog.asset(&path).map(|a| (a.disk.clone(), a.text.clone()));
    let Some((disk, text)) = found else { return not_found() };
    let bytes = match text {
        // Template values were filled in.
        Some(text) => text.as_bytes().to_vec(),
        None => match tokio::fs::read(&disk).await {
            Ok(bytes) => bytes,
            Err(_) => return not_found(),
        },
    };
    let kind = mime_guess::from_path(&disk).first_or_octet_stream().to_string();
    serve(&kind, if kind.contains("javascript") { script(&runtime, bytes) } else { bytes })
}

/// A script, with Stripe's addresses moved to the server that replaces Stripe, if there is one.
fn script(runtime: &Runtime, bytes: Vec<u8>) -> Vec<u8> {
    let (gateway, stand_in) = (runtime.transport.gateway(), runtime.stripe_url.as_deref());
    if stand_in.is_none() {
        return bytes;
    }
    match String::from_utf8(bytes) {
        Ok(text) => security::rewrite(text, gateway, stand_in).into_bytes(),
        Err(other) => other.into_bytes(),
    }
}

/// Serves the host's own files.
pub async fn own(Path(path): Path<String>) -> Response {
    match path.as_str() {
        "console.css" => serve("text/css; charset=utf-8", CONSOLE_CSS.into()),
        "explorer.js" => serve("text/javascript; charset=utf-8", EXPLORER_JS.into()),
        "console.js" => serve("text/javascript; charset=utf-8", CONSOLE_JS.into()),
        _ => not_found(),
    }
}

fn not_found() -> Response {
    Responder::without_details(ResponseFormat::Html).error(HttpError::not_found())
}

fn serve(kind: &str, bytes: Vec<u8>) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    let kept = HeaderValue::from_static("public, max-age=300");
    headers.insert(header::CACHE_CONTROL, kept);
    response
}
