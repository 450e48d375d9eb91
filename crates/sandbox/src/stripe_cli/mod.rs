//! The Stripe CLI's bridge: `stripe listen`, `stripe logs tail` and `stripe events resend`.
//!
//! The CLI asks for a session (`POST /v1/stripecli/sessions`) and opens the WebSocket that it
//! names. There it is sent each event or each line of the request log, and tells what became of it.
//! What is sent is as github.com/stripe/stripe-cli reads it.

use super::api_error::Answer;
use super::call::Call;
use super::identifier;
use super::state::Kind;
use super::tx::Tx;
use super::version::NEWEST;
use serde_json::json;

pub mod feed;
mod message;
pub mod socket;

/// Seconds until the CLI asks for a new session.
const RECONNECT_SECONDS: i64 = 3_600;
/// What the secret of all sessions is derived from, with the sandbox's seed: as at Stripe it stays
/// the same over sessions.
const SECRET: u64 = 0;

/// `POST /v1/stripecli/sessions`: `websocket_features[]` is `webhooks` or `request_logs`.
pub fn session(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let wanted = call.params.list("websocket_features");
    let wanted = wanted.first().copied().or(call.params.filled("websocket_feature")?);
    let feature = wanted.unwrap_or("webhooks").to_owned();
    let id = tx.id("cliws_");
    let session = json!({"id": id, "object": "stripecli_session", "feature": feature,
        "account": &*tx.account});
    tx.insert(Kind::CliSession, None, &session);
    let url = tx.state.api_url.replacen("http", "ws", 1);
    Ok(json!({
        "default_version": tx.state.settings.default_version,
        "display_connect_filter_warning": false, "latest_version": NEWEST,
        "reconnect_delay": RECONNECT_SECONDS, "secret": secret(&tx.state.seed),
        "websocket_authorized_feature": feature, "websocket_id": id,
        "websocket_url": format!("{url}/_stripecli/socket"),
    }))
}

/// The secret that signs what the CLI forwards.
pub fn secret(seed: &str) -> String {
    identifier::make("whsec_", &format!("stripecli {seed}"), SECRET)
}
