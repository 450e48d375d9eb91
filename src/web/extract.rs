//! Extracts a `PlatformRequest`: session, parameters, and the CSRF check.

use crate::app::runtime::Runtime;
use crate::web::access;
use crate::web::body;
use crate::web::client::Client;
use crate::web::error::HttpError;
use crate::web::params;
use crate::web::platform_request::{self, PlatformRequest, content_type, header_text};
use crate::web::session::Session;
use crate::web::session_store;
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::Method;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// The maximum length of a body, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Reads the complete request, with a body of at most `limit` bytes.
///
/// # Errors
/// 413 for a longer body, 400 for a malformed request, 503 when the session cannot be read.
pub async fn read(
    runtime: &Arc<Runtime>,
    request: Request,
    limit: usize,
) -> Result<PlatformRequest, HttpError> {
    let client = Client::of(&runtime.config.trusted_proxies, &request);
    let (head, bytes) = body::read(request, client.ip, limit).await?;
    let mut all =
        platform_request::read_params(&head.uri, &head.headers, &bytes).map_err(HttpError::bad)?;
    if content_type(&head.headers) == "multipart/form-data" {
        let whole = Request::from_parts(head.clone(), axum::body::Body::from(bytes.clone()));
        all.extend(multipart(whole).await?);
    }
    let path =
        percent_decode_str(head.uri.path()).decode_utf8().map_err(HttpError::bad)?.into_owned();
    let cookies = header_text(&head.headers, "cookie").unwrap_or_default();
    let mut session = session_store::load(runtime, cookies).await?;
    let method = method(&head.method, &mut all);
    let csrf_valid = is_safe(&head.method) || has_token(runtime, &session, &all, &head.headers);
    session.is_trusted = csrf_valid;
    let visit = PlatformRequest {
        method,
        path,
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        params: all,
        body: String::from_utf8(bytes.to_vec()).unwrap_or_default(),
        visitor_id: session.visitor_id(&runtime.config.instance_key),
        session,
        client,
        csrf_valid,
    };
    Ok(visit)
}

async fn multipart(request: Request) -> Result<Map<String, Json>, HttpError> {
    let mut parts = Multipart::from_request(request, &()).await.map_err(HttpError::bad)?;
    let mut all = Map::new();
    let mut count = 0;
    while let Some(part) = parts.next_field().await.map_err(HttpError::bad)? {
        count += 1;
        if count > params::PAIRS_MAX {
            return Err(HttpError::bad(params::Error::TooMany));
        }
        let Some(name) = part.name().map(str::to_owned) else { continue };
        // File uploads are ignored: payment forms do not need them.
        if part.file_name().is_some() {
            continue;
        }
        let bytes = part.bytes().await.map_err(HttpError::bad)?;
        let text = String::from_utf8(bytes.to_vec());
        let text = text.map_err(|_| HttpError::bad(params::Error::NotUtf8))?;
        params::insert(&mut all, &name, Json::String(text)).map_err(HttpError::bad)?;
    }
    Ok(all)
}

/// Applies `_method`, by which an HTML form selects PUT, PATCH or DELETE.
fn method(sent: &Method, params: &mut Map<String, Json>) -> Method {
    if sent != Method::POST {
        return sent.clone();
    }
    match params.shift_remove("_method").as_ref().and_then(Json::as_str) {
        Some("put") => Method::PUT,
        Some("patch") => Method::PATCH,
        Some("delete") => Method::DELETE,
        _ => Method::POST,
    }
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn has_token(
    runtime: &Runtime,
    session: &Session,
    params: &Map<String, Json>,
    headers: &axum::http::HeaderMap,
) -> bool {
    let posted = params.get("authenticity_token").and_then(Json::as_str);
    let token = posted.or_else(|| header_text(headers, "x-csrf-token")).unwrap_or_default();
    // Browsers report where a request comes from: one of another site's page never passes.
    !access::is_foreign(runtime, headers) && session.accepts(token, &runtime.config.instance_key)
}
