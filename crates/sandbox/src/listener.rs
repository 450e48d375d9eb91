//! Who hears of an event: webhook endpoints and event destinations, and the queue to each.

use super::state::{Kind, PLATFORM};
use super::tx::{Tx, text};
use serde_json::{Value, json};

/// What a destination is stored as.
pub const DESTINATION: Kind = Kind::resource("v2.core.event_destination");

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

/// Endpoints that listen for the snapshot event `kind` in `account`: the account's own, and the
/// platform's Connect endpoints for the accounts connected to it.
pub fn listeners(tx: &Tx<'_>, kind: &str, account: &str) -> Vec<String> {
    let mut ids = tx.ids_of(Kind::Endpoint, PLATFORM);
    if account != PLATFORM {
        ids.extend(tx.ids_of(Kind::Endpoint, account));
    }
    ids.extend(tx.ids_of(DESTINATION, PLATFORM));
    let found = ids.iter().rev().filter_map(|id| Some((id, tx.stored(id)?)));
    found
        .filter(|(_, stored)| {
            let endpoint = stored.value();
            let is_foreign = *stored.account != *account;
            endpoint["event_payload"] != "thin" && hears(&endpoint, kind, is_foreign)
        })
        .map(|(id, _)| id.to_string())
        .collect()
}

/// The ids of the thin destinations that listen for `kind` in `account`.
pub fn thin_destinations(tx: &Tx<'_>, kind: &str, account: &str) -> Vec<String> {
    let all = tx.ids_of(DESTINATION, PLATFORM);
    let found = all.iter().rev().filter_map(|id| Some((id, tx.stored(id)?.value())));
    found
        .filter(|(_, one)| one["event_payload"] == "thin" && hears(one, kind, account != PLATFORM))
        .map(|(id, _)| id.to_string())
        .collect()
}

/// Whether an enabled endpoint or destination wants events of this type, of its own account or of
/// a connected one.
fn hears(endpoint: &Value, kind: &str, is_foreign: bool) -> bool {
    let place = match endpoint["events_from"].as_array() {
        Some(from) => {
            let wanted = if is_foreign { "other_accounts" } else { "self" };
            from.iter().filter_map(Value::as_str).any(|name| name.trim_matches('@') == wanted)
        }
        None => (endpoint["_connect"] == true) == is_foreign,
    };
    let mut names = endpoint["enabled_events"].as_array().into_iter().flatten();
    let named = names.any(|name| name == "*" || name == kind);
    place && named && endpoint["status"] == "enabled"
}
