//! What a meter counted for a customer: the events of a time span, aggregated.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::identifier;
use super::super::listing;
use super::super::tx::{Tx, number, text};
use super::kind;
use serde_json::{Value, json};

/// Windows of a grouped summary, at most.
const WINDOWS_MAX: i64 = 10_000;

/// Names the keys of the payload that a new meter reads, unless it names them.
pub fn complete(meter: &mut Value) {
    for (name, key) in [("customer_mapping", "stripe_customer_id"), ("value_settings", "value")] {
        if text(&meter[name], "event_payload_key").is_empty() {
            meter[name]["event_payload_key"] = json!(key);
        }
    }
    meter["customer_mapping"]["type"] = json!("by_id");
}

/// `GET /v1/billing/meters/:id/event_summaries`.
pub fn list(call: &Call, tx: &mut Tx<'_>, meter: Value) -> Answer {
    let params = &call.params;
    let required = |name: &str| params.integer(name)?.ok_or_else(|| ApiError::missing(name));
    let (start, end) = (required("start_time")?, required("end_time")?);
    if start >= end {
        let message = "The start_time must be before the end_time.";
        return Err(ApiError::invalid(message).param("start_time"));
    }
    let step = match params.filled("value_grouping_window")? {
        Some("hour") => 3_600,
        Some(_) => 86_400,
        None => end - start,
    };
    if (end - start) / step > WINDOWS_MAX {
        let message = "The time span has too many windows; ask for a shorter one.";
        return Err(ApiError::invalid(message).param("end_time"));
    }
    let counted = events(tx, &meter, params.required("customer")?);
    let mut data = Vec::new();
    let mut from = start;
    while from < end {
        let to = (from + step).min(end);
        let inside = counted.iter().filter(|(at, _)| (from..to).contains(at));
        let values: Vec<f64> = inside.map(|(_, value)| *value).collect();
        if !values.is_empty() || step == end - start {
            data.push(summary(&meter, (from, to), &values));
        }
        from = to;
    }
    data.reverse();
    listing::page_of(call, &data)
}

fn summary(meter: &Value, (from, to): (i64, i64), values: &[f64]) -> Value {
    let mut total = match text(&meter["default_aggregation"], "formula") {
        "count" => values.iter().map(|_| 1.0).sum(),
        "last" => values.last().copied().unwrap_or(0.0),
        _ => values.iter().sum::<f64>(),
    };
    // A sum of nothing is -0.
    total += 0.0;
    let of = format!("{}/{from}/{to}", text(meter, "id"));
    json!({"id": identifier::make("mtrusg_test_", &of, 0), "aggregated_value": total,
        "object": "billing.meter_event_summary", "end_time": to, "livemode": false,
        "meter": meter["id"], "start_time": from})
}

/// Times and values of a customer's events, oldest first.
fn events(tx: &Tx<'_>, meter: &Value, customer: &str) -> Vec<(i64, f64)> {
    let ids = tx.ids(kind("billing.meter_event"));
    let all = ids.iter().filter_map(|id| tx.get(kind("billing.meter_event"), id));
    let name = text(meter, "event_name");
    let who = text(&meter["customer_mapping"], "event_payload_key");
    let what = text(&meter["value_settings"], "event_payload_key");
    let mine = all.filter(|one| one["event_name"] == name && one["payload"][who] == customer);
    let mut found: Vec<(i64, f64)> = mine
        .map(|one| {
            let value = text(&one["payload"], what).parse().unwrap_or(1.0);
            (number(&one, "timestamp"), value)
        })
        .collect();
    found.reverse();
    found
}
