//! Emits events: stored with the change that caused them, queued for the endpoints that listen.

use super::render;
use super::snapshot;
use super::state::{Kind, PLATFORM};
use super::tx::{Tx, text};
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
    tx.after_event(kind, object);
}

/// Queues one event for one endpoint, to be sent at once.
pub fn queue(tx: &mut Tx<'_>, event: &Value, endpoint: &str) -> String {
    let id = tx.id("dlv_");
    let delivery = json!({
        "id": id, "object": "delivery", "event": event["id"], "type": event["type"],
        "endpoint": endpoint, "state": "pending", "attempts": [], "created": tx.now,
        "_due": tx.state.clock.now_ms(),
    });
    let parent = text(event, "id").to_owned();
    tx.insert_for(Kind::Delivery, PLATFORM, Some(&parent), &delivery);
    id
}

/// Endpoints that listen for `kind` in `account`: the account's own, and the platform's
/// Connect endpoints for the accounts connected to it.
pub fn listeners(tx: &Tx<'_>, kind: &str, account: &str) -> Vec<String> {
    let mut ids = tx.ids_of(Kind::Endpoint, PLATFORM);
    if account != PLATFORM {
        ids.extend(tx.ids_of(Kind::Endpoint, account));
    }
    let wanted = |endpoint: &Value, owner: &str| {
        let connect = endpoint["_connect"] == true;
        let hears = if owner == PLATFORM && account != PLATFORM { connect } else { !connect };
        let names = endpoint["enabled_events"].as_array().into_iter().flatten();
        hears
            && endpoint["status"] == "enabled"
            && names.filter_map(Value::as_str).any(|name| name == "*" || name == kind)
    };
    let found = ids.iter().rev().filter_map(|id| Some((id, tx.stored(id)?)));
    found
        .filter(|(_, stored)| wanted(&stored.value(), &stored.account))
        .map(|(id, _)| id.to_string())
        .collect()
}
