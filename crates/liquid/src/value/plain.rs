//! Converts and compares values that may contain themselves or share parts.

use crate::deferred_cost;
use crate::value::{SCOPE, Value};
use serde_json::Value as Json;
use std::collections::HashSet;
use std::rc::Rc;

/// Deeper values become null.
const DEPTH_MAX: usize = 100;
/// A walk sees at most this many values: a few shared lists can stand for billions.
const VALUES_MAX: usize = 1_000_000;

/// The address of a list or hash.
type Address = *const ();

fn address(value: &Value) -> Option<Address> {
    match value {
        Value::List(list) => Some(Rc::as_ptr(list).cast()),
        Value::Hash(hash) => Some(Rc::as_ptr(hash).cast()),
        _ => None,
    }
}

/// The value as plain data; a value that contains itself, or exceeds the bounds, is null.
pub fn json(value: &Value) -> Json {
    json_at(value, &mut Vec::new(), &mut 0)
}

fn json_at(value: &Value, path: &mut Vec<Address>, seen: &mut usize) -> Json {
    *seen += 1;
    if !deferred_cost::walk(value.weight()) {
        return Json::Null;
    }
    let own = address(value);
    if let Some(own) = own {
        if *seen > VALUES_MAX {
            deferred_cost::stopped();
        }
        if *seen > VALUES_MAX || path.len() >= DEPTH_MAX || path.contains(&own) {
            return Json::Null;
        }
        path.push(own);
    }
    let made = match value {
        Value::Nil | Value::Empty | Value::Blank => Json::Null,
        Value::Bool(truth) => Json::Bool(*truth),
        Value::Int(number) => Json::from(*number),
        Value::Big(number) => serde_json::Number::from_i128(**number)
            .map_or(Json::from(**number as f64), Json::Number),
        Value::Float(number) => Json::from(*number),
        Value::Text(text, _) => Json::from(&**text),
        Value::List(list) => {
            Json::Array(list.borrow().iter().map(|item| json_at(item, path, seen)).collect())
        }
        Value::Hash(hash) => {
            let hash = hash.borrow();
            let pairs = hash.iter().take_while(|(key, _)| deferred_cost::walk(key.len()));
            let pairs = pairs.map(|(key, item)| (key.to_string(), json_at(item, path, seen)));
            Json::Object(pairs.collect())
        }
        Value::Range(..) | Value::Time(_) => Json::from(value.to_text().into_owned()),
        Value::Drop(drop) => drop.to_json(),
        Value::Scope(_) => Json::from(SCOPE),
    };
    if own.is_some() {
        path.pop();
    }
    made
}

/// Whether two lists or hashes are equal; two that contain themselves are equal when no difference
/// is found.
pub fn same(one: &Value, other: &Value) -> bool {
    same_at(one, other, &mut HashSet::new(), 0)
}

fn same_at(
    one: &Value,
    other: &Value,
    seen: &mut HashSet<(Address, Address)>,
    depth: usize,
) -> bool {
    let (Some(a), Some(b)) = (address(one), address(other)) else { return one == other };
    if a == b || !seen.insert((a, b)) {
        return true;
    }
    if seen.len() > VALUES_MAX {
        deferred_cost::stopped();
    }
    // Remembering a pair costs more than comparing it.
    if depth >= DEPTH_MAX || seen.len() > VALUES_MAX || !deferred_cost::walk(one.weight() + 256) {
        return false;
    }
    match (one, other) {
        (Value::List(one), Value::List(other)) => {
            let (one, other) = (one.borrow(), other.borrow());
            one.len() == other.len()
                && one.iter().zip(other.iter()).all(|(a, b)| same_at(a, b, seen, depth + 1))
        }
        (Value::Hash(one), Value::Hash(other)) => {
            let (one, other) = (one.borrow(), other.borrow());
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(key, a)| other.get(key).is_some_and(|b| same_at(a, b, seen, depth + 1)))
        }
        _ => false,
    }
}
