//! Emits events: stored with the change that caused them, queued for the endpoints that listen.

use super::listener::{listeners, queue};
use super::render;
use super::snapshot;
use super::state::{Kind, PLATFORM};
use super::thin;
use super::tx::Tx;
use serde_json::{Value, json};

/// Emits an event about `object` in `account`; `before` is the object before a change.
pub fn emit(tx: &mut Tx<'_>, kind: &str, account: &str, object: &Value, before: Option<&Value>) {
    let data = snapshot::stored(render::full(tx, object.clone()), before, object);
    let id = tx.id("evt_");
    let endpoints = listeners(tx, kind, account);
    let (request, key) = tx.request.clone().unzip();
    let mut event = json!({
        "id": id, "object": "event", "api_version": tx.state.settings.default_version,
        "created": tx.now, "data": null, "livemode": false,
        "pending_webhooks": endpoints.len(),
        "request": {"id": request, "idempotency_key": key.flatten()}, "type": kind,
    });
    event["data"] = data;
    if account != PLATFORM {
        event["account"] = json!(account);
    }
    tx.insert_for(Kind::Event, account, None, &event);
    for endpoint in endpoints {
        queue(tx, &event, &endpoint);
    }
    thin::twin(tx, &event, account, object);
    tx.after_event(kind, object);
}
