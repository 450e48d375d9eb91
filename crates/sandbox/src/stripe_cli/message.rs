//! The messages to the CLI, and what it answers.

use super::secret;
use crate::clock;
use crate::request_log::LoggedRequest;
use crate::signature;
use crate::snapshot;
use crate::state::{Kind, PLATFORM, SandboxState};
use crate::tx::{Tx, text};
use crate::version::{self, NEWEST};
use serde_json::{Value, json};
use std::sync::Arc;

/// Characters of a local server's answer that are stored.
const ANSWER_CHARS_MAX: usize = 300;

/// An event as the CLI forwards it: once in the account's version, and once in the newest, of which
/// the CLI takes the one that it was started for.
pub fn webhooks(state: &SandboxState, id: &str) -> Vec<String> {
    let Some(stored) = state.stored(id).filter(|stored| stored.kind == Kind::Event) else {
        return Vec::new();
    };
    let event = stored.value();
    let own = state.settings.default_version.as_str();
    [(own, None), (NEWEST, Some(NEWEST))]
        .into_iter()
        .filter_map(|(version, named)| webhook(state, event.clone(), version, named))
        .collect()
}

fn webhook(
    state: &SandboxState,
    mut event: Value,
    version: &str,
    named: Option<&str>,
) -> Option<String> {
    version::shape(&mut event, version, &[]);
    snapshot::present(&mut event, version);
    let body = serde_json::to_string_pretty(&event).ok()?;
    let timestamp = clock::machine_ms() / 1_000;
    let signature = signature::header(&secret(&state.seed), timestamp, &body);
    let message = json!({
        "type": "webhook_event", "webhook_id": event["id"],
        "webhook_conversation_id": event["id"], "event_payload": body,
        "endpoint": {"api_version": named},
        "http_headers": {
            "Accept": "*/*; q=0.5, application/xml", "Cache-Control": "no-cache",
            "Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature,
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        },
    });
    Some(message.to_string())
}

/// A line of the request log.
pub fn request_log(request: &LoggedRequest) -> String {
    let error = request.error.as_ref().map(|message| {
        let (kind, code) = (&request.error_type, request.error_code.as_deref());
        json!({"type": kind, "message": message, "code": code.unwrap_or_default(), "param": "",
            "charge": "", "decline_code": ""})
    });
    let payload = json!({
        "created_at": request.created, "livemode": false, "method": request.method,
        "request_id": request.id, "status": request.status, "url": request.path,
        "error": error.unwrap_or_else(|| json!({})),
    });
    json!({"type": "request_log_event", "request_log_id": request.id,
        "event_payload": payload.to_string()})
    .to_string()
}

/// Keeps what a local server answered, as a delivery of the event.
pub fn record(state: &mut SandboxState, said: &str) {
    let Ok(said) = serde_json::from_str::<Value>(said) else { return };
    if said["type"] != "webhook_response" {
        return;
    }
    let mut tx = Tx::new(state, Arc::from(PLATFORM));
    let Some((_, event)) = tx.anywhere(Kind::Event, text(&said, "webhook_id")) else { return };
    let status = said["status"].as_i64().unwrap_or(0);
    let answer: String = text(&said, "body").chars().take(ANSWER_CHARS_MAX).collect();
    let ended = if (200..300).contains(&status) { "delivered" } else { "failed" };
    let delivery = json!({
        "id": tx.id("dlv_"), "object": "delivery", "event": event["id"], "type": event["type"],
        "endpoint": "stripe listen", "state": ended, "created": tx.now,
        "attempts": [{"at": tx.now, "status": status, "answer": answer}],
    });
    tx.insert_for(Kind::Delivery, PLATFORM, event["id"].as_str(), &delivery);
    let changes = tx.into_changes();
    state.apply(changes);
}
