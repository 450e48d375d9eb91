//! Sessions of the meter event stream: a token that replaces the API key for 15 minutes.

use crate::api_error::{Answer, ApiError};
use crate::state::{Kind, SandboxState};
use crate::timestamp::written;
use crate::tx::{Tx, number};
use axum::http::HeaderMap;
use serde_json::json;

const SESSION: Kind = Kind::resource("v2.billing.meter_event_session");
/// How every token begins.
const PREFIX: &str = "mtr_event_session_test_";
/// The only operation that takes one.
const PATH: &str = "/v2/billing/meter_event_stream";
const SECONDS: i64 = 15 * 60;

/// `POST /v2/billing/meter_event_session`.
pub fn open(tx: &mut Tx<'_>) -> Answer {
    let (id, token) = (tx.id("mtrsess_test_"), tx.id(PREFIX));
    // Stored under its token: that is what a request brings.
    let session = json!({"id": token, "object": "v2.billing.meter_event_session",
        "_ends": tx.now + SECONDS});
    tx.insert(SESSION, None, &session);
    Ok(json!({"id": id, "object": "v2.billing.meter_event_session", "livemode": false,
        "authentication_token": token, "created": written(tx.now),
        "expires_at": written(tx.now + SECONDS)}))
}

/// The token that a request to the stream brings in place of an API key.
pub fn token(headers: &HeaderMap, path: &str) -> Option<String> {
    let given = headers.get("authorization").filter(|_| path == PATH)?.to_str().ok()?;
    let token = given.trim().strip_prefix("Bearer ")?.trim();
    token.starts_with(PREFIX).then(|| token.to_owned())
}

/// Refuses a token that does not exist or has ended.
pub fn check(state: &SandboxState, key: &str, path: &str) -> Result<(), ApiError> {
    if path != PATH {
        return Ok(());
    }
    let session = state.stored(key).filter(|stored| stored.kind == SESSION);
    let Some(session) = session.map(|stored| stored.value()) else {
        let message = "The meter event stream takes the authentication_token of a session.";
        return Err(ApiError { saved: false, ..ApiError::invalid(message).status(401) });
    };
    if number(&session, "_ends") > state.clock.now() {
        return Ok(());
    }
    let ended = ApiError::invalid("The session has expired; create another one.");
    let ended = ended.code("billing_meter_event_session_expired");
    Err(ApiError { kind: "temporary_session_expired", saved: false, ..ended })
}
