//! Deliveries of webhooks at the slugs that modules declare.
//!
//! A delivery is verified and read where it arrives, and then waits for its commit without a thread
//! of its own: thousands arrive at once when somebody runs a sale.

use crate::app::house::House;
use crate::store::error::Error as StoreError;
use crate::web::error::Fault;
use crate::web::read::{peer, read_body};
use crate::web::router::BODY_BYTES_MAX;
use crate::web::visit::header_text;
use crate::webhook::error::Error;
use crate::webhook::event::Event;
use crate::webhook::inbox::Receipt;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::oneshot;

/// A body up to this is read where it arrives: that takes microseconds.
const SHORT_BYTES: usize = 64 * 1024;

/// Verifies, stores and acknowledges one delivery. The answer tells a forger nothing.
pub async fn receive(house: Arc<House>, gateway: String, request: Request) -> Response {
    let ip = peer(&request);
    let header = header_text(request.headers(), "stripe-signature").unwrap_or_default().to_owned();
    let body = match read_body(request, BODY_BYTES_MAX).await {
        Ok((_, body)) => body,
        Err(fault) => return fault.json(false),
    };
    #[cfg(feature = "planted-faults")]
    if crate::crash::planted("acknowledged_before_stored") {
        tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(30)).await;
            deliver(&house, &gateway, header, body).await.map(drop)
        });
        return plain(r#"{"received":true}"#);
    }
    answer(ip, deliver(&house, &gateway, header, body).await)
}

/// A delivery, on disk when this returns.
async fn deliver(
    house: &Arc<House>,
    gateway: &str,
    header: String,
    body: Bytes,
) -> Result<Receipt, Error> {
    let event = event(house, header, body).await?;
    let (told, entry) = oneshot::channel();
    let _arriving = house.arrivals.one();
    // A sender that went away has nobody to be told, and the event is stored all the same.
    house.inbox().keep_then(gateway, event, |entry| drop(told.send(entry)));
    let receipt = house.inbox().receipt(entry.await.map_err(|e| stumbled(&e))??);
    if matches!(receipt, Receipt::Stored(_)) {
        house.wake.notify_one();
    }
    Ok(receipt)
}

/// The event of a delivery that is believed; on a thread of its own when the database has to be
/// asked, or the body is long.
async fn event(house: &Arc<House>, header: String, body: Bytes) -> Result<Event, Error> {
    if body.len() <= SHORT_BYTES
        && let Some(event) = house.inbox().believe_at_once(&header, &body)
    {
        return event;
    }
    let house = Arc::clone(house);
    let believing = move || house.inbox().believe(&header, &body);
    tokio::task::spawn_blocking(believing).await.map_err(|e| stumbled(&e))?
}

fn stumbled(error: &dyn std::fmt::Display) -> Error {
    StoreError::Broken(format!("the delivery stumbled: {error}")).into()
}

fn plain(json: &'static str) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], json).into_response()
}

fn answer(ip: IpAddr, receipt: Result<Receipt, Error>) -> Response {
    match receipt {
        Ok(Receipt::Stored(_)) => plain(r#"{"received":true}"#),
        Ok(Receipt::Duplicate(_)) => plain(r#"{"received":true,"duplicate":true}"#),
        Err(Error::Refused(refusal)) => {
            tracing::warn!(%ip, "a webhook was refused: {refusal}");
            Fault::new(StatusCode::BAD_REQUEST, "The signature was not accepted.").json(false)
        }
        Err(Error::NotAnEvent(error)) => {
            tracing::warn!(%ip, "a signed body is no event: {error}");
            Fault::new(StatusCode::BAD_REQUEST, "The body is no event.").json(false)
        }
        Err(error) => {
            // Not stored, so not acknowledged: the sender tries again.
            let mut fault = Fault::internal("The event could not be stored.", error);
            fault.status = StatusCode::SERVICE_UNAVAILABLE;
            fault.json(false)
        }
    }
}
