//! Thin events: what happened and to which object, without the object.

use super::description::table::OPERATIONS;
use super::listener::{queue, thin_destinations};
use super::state::{Kind, PLATFORM};
use super::timestamp::written;
use super::tx::{Tx, text};
use serde_json::{Value, json};

/// What a thin event is stored as.
pub const EVENT: Kind = Kind::resource("v2.core.event");

/// Stores an event and queues it for the destinations that listen. `about` is the object that it
/// is about, `data` what only retrieving the event shows. Returns the event.
pub fn emit(tx: &mut Tx<'_>, kind: &str, account: &str, about: &Value, data: Value) -> Value {
    let destinations = thin_destinations(tx, kind, account);
    let event = store(tx, (kind, account), about, data);
    for destination in destinations {
        queue(tx, &event, &destination);
    }
    event
}

/// Stores an event that only one destination gets.
pub fn emit_to(tx: &mut Tx<'_>, kind: &str, about: &Value, destination: &str) -> Value {
    let event = store(tx, (kind, PLATFORM), about, Value::Null);
    queue(tx, &event, destination);
    event
}

/// The thin twin of a snapshot event: only when a destination listens for it.
pub fn twin(tx: &mut Tx<'_>, snapshot: &Value, account: &str, object: &Value) {
    let kind = format!("v1.{}", text(snapshot, "type"));
    let destinations = thin_destinations(tx, &kind, account);
    if destinations.is_empty() {
        return;
    }
    let mut event = store(tx, (&kind, account), object, Value::Null);
    event["snapshot_event"] = snapshot["id"].clone();
    tx.update(&event);
    for destination in destinations {
        queue(tx, &event, &destination);
    }
}

/// What is delivered of an event.
pub fn notification(event: &Value) -> Value {
    let mut sent = event.clone();
    if let Some(fields) = sent.as_object_mut() {
        fields.retain(|name, _| name != "data" && !name.starts_with('_'));
    }
    sent
}

fn store(tx: &mut Tx<'_>, (kind, account): (&str, &str), about: &Value, data: Value) -> Value {
    let reason = tx.request.as_ref().map(|(id, key)| {
        json!({"type": "request", "request": {"id": id,
            "idempotency_key": key.as_deref().unwrap_or_default()}})
    });
    let context = (account != PLATFORM).then_some(account);
    let event = json!({
        "id": tx.id("evt_test_"), "object": "v2.core.event", "changes": null, "context": context,
        "created": written(tx.now), "data": data, "livemode": false, "reason": reason,
        "related_object": related(about), "snapshot_event": null, "type": kind,
        "_created": tx.now,
    });
    tx.insert_for(EVENT, PLATFORM, about["id"].as_str(), &event);
    event
}

fn related(about: &Value) -> Option<Value> {
    let (object, id) = (text(about, "object"), about["id"].as_str()?);
    let path = match object {
        "v2.core.account_person" => {
            Some(format!("/v2/core/accounts/{}/persons/{id}", text(about, "account")))
        }
        _ => OPERATIONS.path_to(object, id),
    };
    Some(json!({"id": id, "type": object, "url": path?}))
}
