//! Deliveries of webhooks at the slugs that modules declare.

use crate::app::error::Error;
use crate::app::house::House;
use crate::app::scope::Scope;
use crate::web::error::Fault;
use crate::web::visit::{Visit, header_text};
use crate::webhook::error::Error as WebhookError;
use crate::webhook::inbox::Receipt;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, json};
use std::sync::Arc;

/// Verifies, stores and acknowledges one delivery. The answer tells a forger nothing.
pub fn receive(house: &Arc<House>, gateway: &str, visit: &Visit, body: &[u8]) -> Response {
    let header = header_text(&visit.headers, "stripe-signature").unwrap_or_default();
    #[cfg(feature = "planted-faults")]
    if crate::crash::planted("acknowledged_before_stored") {
        let host = house.host(Scope::new(Map::new()));
        let (gateway, header, body) = (gateway.to_owned(), header.to_owned(), body.to_vec());
        std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(30));
            host.receive(&gateway, &header, &body).map(drop)
        });
        return axum::Json(json!({ "received": true })).into_response();
    }
    match house.host(Scope::new(Map::new())).receive(gateway, header, body) {
        Ok(Receipt::Stored(_)) => axum::Json(json!({ "received": true })).into_response(),
        Ok(Receipt::Duplicate(_)) => {
            axum::Json(json!({ "received": true, "duplicate": true })).into_response()
        }
        Err(Error::Webhook(WebhookError::Refused(refusal))) => {
            tracing::warn!(ip = %visit.ip, "a webhook was refused: {refusal}");
            Fault::new(StatusCode::BAD_REQUEST, "The signature was not accepted.").json(false)
        }
        Err(Error::Webhook(WebhookError::NotAnEvent(error))) => {
            tracing::warn!(ip = %visit.ip, "a signed body is no event: {error}");
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
