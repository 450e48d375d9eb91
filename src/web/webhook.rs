//! Webhook deliveries at the slugs that modules declare.
//!
//! A delivery is verified and parsed on the async thread, and then waits for its commit without a
//! blocking thread: a sale can produce thousands at once.

use crate::app::runtime::Runtime;
use crate::web::body;
use crate::web::client::Client;
use crate::web::error::HttpError;
use crate::web::extract::BODY_BYTES_MAX;
use crate::web::platform_request::header_text;
use crate::web::responder::{Responder, ResponseFormat};
use crate::webhook::error::Error;
use crate::webhook::event::Event;
use crate::webhook::inbox::Receipt;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use sluicegate_store::error::Error as StoreError;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::oneshot;

/// A body up to this length is parsed on the async thread, which takes microseconds.
const SHORT_BYTES: usize = 64 * 1024;

/// Verifies, stores and acknowledges one delivery. The response reveals nothing to a forger.
pub async fn receive(runtime: Arc<Runtime>, gateway: String, request: Request) -> Response {
    let ip = Client::of(&runtime.config.trusted_proxies, &request).ip;
    let header = header_text(request.headers(), runtime.transport.gateway().signature_header());
    let header = header.unwrap_or_default().to_owned();
    let answer = async {
        let (_, body) = body::read(request, ip, BODY_BYTES_MAX).await?;
        #[cfg(feature = "injected-bugs")]
        if sluicegate_failpoint::injected_bug("acknowledged_before_stored") {
            tokio::spawn(async move {
                tokio::time::sleep(std::time::Duration::from_millis(30)).await;
                deliver(&runtime, &gateway, header, body).await.map(drop)
            });
            return Ok(plain(r#"{"received":true}"#));
        }
        let receipt = deliver(&runtime, &gateway, header, body).await;
        acknowledgment(&runtime, ip, receipt)
    };
    Responder::without_details(ResponseFormat::Json).answer(answer).await
}

/// Stores a delivery; it is on disk when this returns.
async fn deliver(
    runtime: &Arc<Runtime>,
    gateway: &str,
    header: String,
    body: Bytes,
) -> Result<Receipt, Error> {
    let event = event(runtime, header, body).await?;
    let (done, entry) = oneshot::channel();
    let _arriving = runtime.delivery_load.one();
    // If the sender disconnected, the event is stored anyway.
    runtime.inbox().store_with_callback(gateway, event, |entry| drop(done.send(entry)));
    let receipt = runtime.inbox().receipt(entry.await.map_err(|e| panicked(&e))??);
    if matches!(receipt, Receipt::Stored(_)) {
        runtime.wake.notify_one();
    }
    Ok(receipt)
}

/// The event of a verified delivery; on a blocking thread if the database is needed or the body is
/// long.
async fn event(runtime: &Arc<Runtime>, header: String, body: Bytes) -> Result<Event, Error> {
    if body.len() <= SHORT_BYTES
        && let Some(event) = runtime.inbox().verify_cached(&header, &body)
    {
        return event;
    }
    let runtime = Arc::clone(runtime);
    let verifying = move || runtime.inbox().verify(&header, &body);
    tokio::task::spawn_blocking(verifying).await.map_err(|e| panicked(&e))?
}

fn panicked(error: &dyn std::fmt::Display) -> Error {
    StoreError::Broken(format!("the delivery panicked: {error}").into()).into()
}

fn plain(json: &'static str) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], json).into_response()
}

fn acknowledgment(
    runtime: &Runtime,
    ip: IpAddr,
    receipt: Result<Receipt, Error>,
) -> Result<Response, HttpError> {
    match receipt {
        Ok(Receipt::Stored(_)) => Ok(plain(r#"{"received":true}"#)),
        Ok(Receipt::Duplicate(_)) => Ok(plain(r#"{"received":true,"duplicate":true}"#)),
        Err(Error::Refused(refusal)) => {
            // After the verification: a good delivery is never refused, whatever its address sent.
            if let Err(wait) = runtime.rate_limits.refused_webhooks.take(ip, Instant::now()) {
                let message = "Too many deliveries from this address were refused.";
                return Err(HttpError::too_many(message, wait));
            }
            tracing::warn!(%ip, "a webhook was refused: {refusal}");
            Err(HttpError::bad("The signature was not accepted."))
        }
        Err(Error::NotAnEvent(error)) => {
            tracing::warn!(%ip, "a signed body is not an event: {error}");
            Err(HttpError::bad("The body is not an event."))
        }
        // Not stored, so not acknowledged: the sender retries.
        Err(error) => Err(HttpError::unavailable("The event could not be stored.", error)),
    }
}
