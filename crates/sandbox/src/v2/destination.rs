//! `/v2/core/event_destinations`: where snapshot or thin events are sent.

use super::page::page;
use crate::api_error::{Answer, ApiError};
use crate::call::Call;
use crate::endpoint::webhook_endpoint::{ENDPOINTS_MAX, address};
use crate::event_type::event_types;
use crate::listener::DESTINATION;
use crate::thin;
use crate::timestamp::written;
use crate::tx::{Tx, text};
use crate::version;
use serde_json::{Value, json};

/// The thin events, one a line.
const THIN: &str = include_str!("event_types.txt");

/// Paths below `/v2/core/event_destinations`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", []) => create(call, tx),
        ("GET", []) => page(tx, call, tx.ids(DESTINATION), &|_, one| Some(shown(call, one))),
        ("GET", [id]) => of(tx, id).map(|one| shown(call, one)),
        ("POST", [id]) => update(call, tx, id),
        ("DELETE", [id]) => of(tx, id).map(|_| {
            tx.remove(id);
            json!({"id": id, "object": "v2.core.event_destination"})
        }),
        ("POST", [id, "enable"]) => set(call, tx, id, "enabled"),
        ("POST", [id, "disable"]) => set(call, tx, id, "disabled"),
        ("POST", [id, "ping"]) => {
            of(tx, id).map(|one| thin::emit_to(tx, "v2.core.event_destination.ping", &one, id))
        }
        _ => return None,
    })
}

fn of(tx: &Tx<'_>, id: &str) -> Answer {
    tx.get(DESTINATION, id).ok_or_else(|| ApiError::not_found("event destination", id))
}

fn create(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let params = &call.params;
    if tx.ids(DESTINATION).len() >= ENDPOINTS_MAX {
        let message = format!("You have reached the maximum of {ENDPOINTS_MAX} destinations.");
        return Err(ApiError::invalid(message));
    }
    let kind = params.required("type")?;
    if kind != "webhook_endpoint" {
        let message = "This sandbox sends events to webhook endpoints only.";
        return Err(ApiError::parameter("parameter_invalid", "type", message));
    }
    let payload = params.required("event_payload")?;
    let version = params.filled("snapshot_api_version")?;
    if version.is_some_and(|name| payload == "thin" || !version::is_known(name)) {
        let message = "snapshot_api_version is a version of Stripe's API, for snapshot events.";
        return Err(ApiError::parameter("parameter_invalid", "snapshot_api_version", message));
    }
    let default = (payload == "snapshot").then_some(tx.state.settings.default_version.as_str());
    let from = match params.list("events_from") {
        from if from.is_empty() => vec!["self"],
        from => from,
    };
    let secret = tx.id("whsec_");
    let mut made = json!({
        "id": tx.id("ed_test_"), "object": "v2.core.event_destination",
        "amazon_eventbridge": null, "azure_event_grid": null, "created": written(tx.now),
        "description": "", "enabled_events": enabled_events(call, payload)?,
        "event_payload": payload, "events_from": from, "livemode": false, "metadata": {},
        "name": params.required("name")?, "snapshot_api_version": version.or(default),
        "status": "enabled", "status_details": null, "type": kind, "updated": written(tx.now),
        "webhook_endpoint": {"signing_secret": null, "url": null},
        "_secret": secret, "_url": url(call, tx)?.ok_or_else(|| {
            ApiError::missing("webhook_endpoint[url]")
        })?,
    });
    params.patch(&mut made, &["description"])?;
    params.patch_metadata(&mut made)?;
    tx.insert(DESTINATION, None, &made);
    Ok(shown(call, made))
}

fn url(call: &Call, tx: &Tx<'_>) -> Result<Option<String>, ApiError> {
    let Some(endpoint) = call.params.group("webhook_endpoint") else { return Ok(None) };
    Ok(Some(address(tx, endpoint.required("url")?)?.to_owned()))
}

/// A destination with what `include` asks for; the secret is told once.
fn shown(call: &Call, mut destination: Value) -> Value {
    let include = call.params.list("include");
    if include.contains(&"webhook_endpoint.url") {
        destination["webhook_endpoint"]["url"] = destination["_url"].clone();
    }
    if include.contains(&"webhook_endpoint.signing_secret") {
        destination["webhook_endpoint"]["signing_secret"] = destination["_secret"].clone();
    }
    destination
}

fn enabled_events(call: &Call, payload: &str) -> Result<Value, ApiError> {
    let names = call.params.list("enabled_events");
    if names.is_empty() {
        return Err(ApiError::missing("enabled_events"));
    }
    let is_known = |name: &str| match payload {
        "thin" => THIN.lines().any(|known| known == name),
        _ => event_types().any(|known| known == name),
    };
    match names.iter().find(|name| **name != "*" && !is_known(name)) {
        None => Ok(json!(names)),
        Some(other) => {
            let message = format!("'{other}' is not the type of a {payload} event.");
            Err(ApiError::parameter("parameter_invalid", "enabled_events", message))
        }
    }
}

fn update(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let mut changed = of(tx, id)?;
    if call.params.has("enabled_events") {
        changed["enabled_events"] = enabled_events(call, text(&changed, "event_payload"))?;
    }
    if let Some(url) = url(call, tx)? {
        changed["_url"] = json!(url);
    }
    if let Some(name) = call.params.filled("name")? {
        changed["name"] = json!(name);
    }
    if let Some(description) = call.params.text("description")? {
        changed["description"] = json!(description);
    }
    call.params.patch_metadata(&mut changed)?;
    changed["updated"] = json!(written(tx.now));
    tx.update(&changed);
    Ok(shown(call, changed))
}

fn set(call: &Call, tx: &mut Tx<'_>, id: &str, status: &str) -> Answer {
    let mut changed = of(tx, id)?;
    if changed["status"] == status {
        return Ok(shown(call, changed));
    }
    let details = json!({"disabled": {"reason": "user"}});
    changed["status_details"] = if status == "disabled" { details } else { Value::Null };
    changed["status"] = json!(status);
    changed["updated"] = json!(written(tx.now));
    tx.update(&changed);
    Ok(shown(call, changed))
}
