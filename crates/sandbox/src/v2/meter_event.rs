//! `/v2/billing`: meter events one by one and as a stream; what is wrong with them is an event.

use super::stream;
use crate::api_error::{Answer, ApiError};
use crate::call::Call;
use crate::params::Params;
use crate::state::Kind;
use crate::thin;
use crate::timestamp::{self, written};
use crate::tx::{Tx, text};
use serde_json::{Map, Value, json};

/// Events of one call to the stream.
const EVENTS_MAX: usize = 100;
/// How old an event may be, and how far in the future.
const PAST_SECONDS: i64 = 35 * 86_400;
const FUTURE_SECONDS: i64 = 300;
const METER: Kind = Kind::resource("billing.meter");
const EVENT: Kind = Kind::resource("v2.billing.meter_event");

/// Paths below `/v2/billing`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    if !call.is("POST") {
        return None;
    }
    Some(match path {
        ["meter_events"] => take(tx, &call.params),
        ["meter_event_session"] => stream::open(tx),
        ["meter_event_stream"] => take_all(call, tx),
        ["meter_event_adjustments"] => adjust(call, tx),
        _ => return None,
    })
}

fn take_all(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let events = call.params.group("events").ok_or_else(|| ApiError::missing("events"))?;
    if events.values().len() > EVENTS_MAX {
        let message = format!("events has at most {EVENTS_MAX} elements.");
        return Err(ApiError::parameter("parameter_invalid", "events", message));
    }
    for at in 0..events.values().len() {
        if let Some(event) = events.group(&at.to_string()) {
            take(tx, &event)?;
        }
    }
    Ok(json!({}))
}

/// Takes an event; what is wrong with it is told by an event.
fn take(tx: &mut Tx<'_>, params: &Params) -> Answer {
    let name = params.required("event_name")?.to_owned();
    let payload = params.group("payload").ok_or_else(|| ApiError::missing("payload"))?;
    let payload = payload.values().clone();
    let identifier = match params.filled("identifier")? {
        Some(identifier) => identifier.to_owned(),
        None => tx.id("mtr_event_"),
    };
    let at = match params.filled("timestamp")? {
        None => tx.now,
        Some(given) => timestamp::read(given).ok_or_else(|| {
            let message = "timestamp is not a time, such as 2026-12-01T10:00:00Z.";
            ApiError::parameter("parameter_invalid", "timestamp", message)
        })?,
    };
    let id = format!("{name}/{identifier}");
    let event = json!({
        "id": id, "object": "v2.billing.meter_event", "created": written(tx.now),
        "event_name": name, "identifier": identifier, "livemode": false, "payload": payload,
        "timestamp": written(at),
    });
    // One with the same identifier is the same event.
    if tx.get(EVENT, &id).is_none() {
        tx.insert(EVENT, None, &event);
        report(tx, &name, &payload, (&identifier, at));
    }
    Ok(event)
}

/// Emits what is wrong with an event.
fn report(tx: &mut Tx<'_>, name: &str, payload: &Map<String, Value>, event: (&str, i64)) {
    let meters = tx.ids(METER);
    let found = meters.iter().filter_map(|id| tx.get(METER, id));
    let mut named: Vec<Value> = found.filter(|meter| meter["event_name"] == name).collect();
    named.sort_by_key(|meter| meter["status"] != "active");
    let (kind, code, message) = match named.first() {
        None => {
            let message = format!("No meter found with event_name {name}.");
            ("v1.billing.meter.no_meter_found", "no_meter", message)
        }
        Some(meter) => match wrong(tx, meter, payload, event.1) {
            Some((code, message)) => ("v1.billing.meter.error_report_triggered", code, message),
            None => return,
        },
    };
    let (start, end) = (written(tx.now - 10), written(tx.now));
    let sample = json!({"error_message": message, "request": {"identifier": event.0}});
    let data = json!({
        "developer_message_summary": "There is 1 invalid event", "validation_start": start,
        "validation_end": end, "reason": {"error_count": 1, "error_types": [
            {"code": code, "error_count": 1, "sample_errors": [sample]}]},
    });
    let account = tx.account.to_string();
    let meter = named.into_iter().next().unwrap_or_default();
    thin::emit(tx, kind, &account, &meter, data);
}

/// The code and message of what is wrong with an event of a meter.
fn wrong(
    tx: &Tx<'_>,
    meter: &Value,
    payload: &Map<String, Value>,
    at: i64,
) -> Option<(&'static str, String)> {
    if meter["status"] != "active" {
        return Some(("archived_meter", "The meter is not active.".to_owned()));
    }
    if at < tx.now - PAST_SECONDS {
        let message = "The timestamp is more than 35 days in the past.";
        return Some(("timestamp_too_far_in_past", message.to_owned()));
    }
    if at > tx.now + FUTURE_SECONDS {
        let message = "The timestamp is more than five minutes in the future.";
        return Some(("timestamp_in_future", message.to_owned()));
    }
    let customer_key = text(&meter["customer_mapping"], "event_payload_key");
    let Some(customer) = payload.get(customer_key).and_then(Value::as_str) else {
        let message = format!("Missing payload key {customer_key}.");
        return Some(("meter_event_no_customer_defined", message));
    };
    if tx.get(Kind::Customer, customer).is_none_or(|one| one.get("deleted").is_some()) {
        let message = format!("Customer mapping: no such customer {customer}.");
        return Some(("meter_event_customer_not_found", message));
    }
    let value_key = text(&meter["value_settings"], "event_payload_key");
    let value = payload.get(value_key).and_then(Value::as_str);
    let is_counted = text(&meter["default_aggregation"], "formula") == "count";
    if !is_counted && value.and_then(|value| value.parse::<f64>().ok()).is_none() {
        let message = format!("Invalid value for payload key {value_key}.");
        return Some(("meter_event_invalid_value", message));
    }
    None
}

/// `POST /v2/billing/meter_event_adjustments`: takes an event back.
fn adjust(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let name = call.params.required("event_name")?.to_owned();
    let cancel = call.params.group("cancel").ok_or_else(|| ApiError::missing("cancel"))?;
    let identifier = cancel.required("identifier")?.to_owned();
    let id = format!("{name}/{identifier}");
    let Some(event) = tx.get(EVENT, &id) else {
        return Err(ApiError::no_such("meter event", &identifier, "cancel[identifier]").status(404));
    };
    let taken = timestamp::read(text(&event, "created")).unwrap_or_default();
    if tx.now - taken > 86_400 {
        let message = "Meter events can be canceled within 24 hours.";
        return Err(ApiError::invalid(message));
    }
    tx.remove(&id);
    Ok(json!({
        "id": tx.id("mtr_adj_test_"), "object": "v2.billing.meter_event_adjustment",
        "cancel": {"identifier": identifier}, "created": written(tx.now), "event_name": name,
        "livemode": false, "status": "pending", "type": "cancel",
    }))
}
