//! Which objects a list has, by the parameters that are named like fields.

use super::super::params::Params;
use serde_json::{Map, Value};

/// Parameters of every list that are no filter.
const GENERAL: [&str; 7] =
    ["limit", "starting_after", "ending_before", "expand", "include", "created", "page"];

/// Whether an object has what the parameters ask for; those it has no field for are ignored.
pub fn matches(params: &Params, except: &[&str], object: &Value) -> bool {
    let is_filter = |name: &str| !GENERAL.contains(&name) && !except.contains(&name);
    let wanted = params.values().iter().filter(|(name, _)| is_filter(name));
    wanted.into_iter().all(|(name, sent)| match object.get(name) {
        Some(have) => equals(have, sent),
        None => true,
    })
}

fn equals(have: &Value, sent: &Value) -> bool {
    match sent {
        Value::String(text) => match have {
            Value::String(have) => have == text,
            Value::Number(number) => number.to_string() == *text,
            Value::Bool(flag) => flag.to_string() == *text,
            Value::Object(inner) => inner.get("id").and_then(Value::as_str) == Some(text),
            _ => text.is_empty(),
        },
        Value::Object(inner) if is_range(inner) => in_range(have.as_i64(), inner),
        Value::Object(inner) => inner.iter().all(|(name, sent)| match have.get(name) {
            Some(have) => equals(have, sent),
            None => false,
        }),
        _ => true,
    }
}

fn is_range(inner: &Map<String, Value>) -> bool {
    inner.keys().all(|key| ["gt", "gte", "lt", "lte"].contains(&key.as_str()))
}

fn in_range(have: Option<i64>, range: &Map<String, Value>) -> bool {
    let Some(have) = have else { return false };
    range.iter().all(|(bound, sent)| {
        let Some(at) = sent.as_str().and_then(|text| text.trim().parse::<i64>().ok()) else {
            return true;
        };
        match bound.as_str() {
            "gt" => have > at,
            "gte" => have >= at,
            "lt" => have < at,
            _ => have <= at,
        }
    })
}
