//! The data of an event in a version: stored whole, shaped when it is shown or sent.

use super::tx::text;
use super::version;
use serde_json::{Map, Value};

/// Data as it is stored with an event: `shown` whole, and the old values of what changed.
pub fn stored(mut shown: Value, before: Option<&Value>, after: &Value) -> Value {
    hide(&mut shown);
    let mut data = Map::new();
    data.insert("object".into(), shown);
    if let Some(before) = before {
        data.insert("previous_attributes".into(), changed(before, after));
    }
    Value::Object(data)
}

/// Gives an event the shape of a version.
pub fn present(event: &mut Value, version: &str) {
    let Some(after) = event["data"].get("object").cloned() else { return };
    let mut shown = after.clone();
    version::shape(&mut shown, version, &[]);
    if let Some(Value::Object(old)) = event["data"].get("previous_attributes") {
        let mut before = after;
        for (name, value) in old {
            before[name] = value.clone();
        }
        version::shape(&mut before, version, &[]);
        event["data"]["previous_attributes"] = difference(&before, &shown);
    }
    event["data"]["object"] = shown;
    event["api_version"] = version.into();
}

/// Gives the events of an answer, one or a list, the shapes of their own versions.
pub fn present_all(answer: &mut Value) {
    let one = |event: &mut Value| {
        let own = text(event, "api_version").to_owned();
        present(event, &own);
    };
    match (text(answer, "object"), answer.get("data").is_some_and(Value::is_array)) {
        ("event", _) => one(answer),
        (_, true) => {
            let items = answer["data"].as_array_mut().into_iter().flatten();
            items.filter(|item| text(item, "object") == "event").for_each(one);
        }
        _ => {}
    }
}

/// Removes what no answer shows.
fn hide(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Object(fields) => {
            if fields.contains_key("object") {
                fields.retain(|name, _| !name.starts_with('_'));
            }
            fields.iter_mut().filter(|(name, _)| *name != "metadata").for_each(|(_, v)| hide(v));
        }
        _ => {}
    }
}

/// The old values of the fields that changed, whole.
fn changed(before: &Value, after: &Value) -> Value {
    let mut changed = Map::new();
    let (Some(old), Some(new)) = (before.as_object(), after.as_object()) else {
        return Value::Object(changed);
    };
    for (name, value) in old.iter().filter(|(name, _)| !name.starts_with('_')) {
        if new.get(name) != Some(value) {
            let mut value = value.clone();
            hide(&mut value);
            changed.insert(name.clone(), value);
        }
    }
    for name in new.keys().filter(|name| !old.contains_key(*name) && !name.starts_with('_')) {
        changed.insert(name.clone(), Value::Null);
    }
    Value::Object(changed)
}

/// What was different before, as Stripe tells it: of a hash only what changed in it, of an array
/// the whole.
fn difference(before: &Value, after: &Value) -> Value {
    let (Some(old), Some(new)) = (before.as_object(), after.as_object()) else {
        return before.clone();
    };
    let mut different = Map::new();
    for (name, value) in old.iter().filter(|(name, value)| new.get(*name) != Some(*value)) {
        let current = new.get(name).unwrap_or(&Value::Null);
        different.insert(name.clone(), difference(value, current));
    }
    for name in new.keys().filter(|name| !old.contains_key(*name)) {
        different.insert(name.clone(), Value::Null);
    }
    Value::Object(different)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_has_the_shape_of_the_version_that_is_asked_for() {
        let before = json!({"object": "customer", "balance": 0, "metadata": {"a": "1", "b": "2"},
            "_number": "4", "sources": {}});
        let mut after = before.clone();
        after["balance"] = json!(5);
        after["metadata"] = json!({"a": "1", "c": "3"});
        let event = json!({"object": "event", "api_version": "2019-08-14",
            "data": stored(after.clone(), Some(&before), &after)});
        assert!(!event.to_string().contains("_number"));
        let mut old = event.clone();
        present_all(&mut old);
        assert_eq!(old["data"]["object"]["account_balance"], 5);
        assert!(old["data"]["object"]["sources"].is_object());
        let previous = json!({"balance": 0, "metadata": {"b": "2", "c": null},
            "account_balance": 0});
        assert_eq!(old["data"]["previous_attributes"], previous);
        let mut new = json!({"object": "list", "data": [event]});
        new["data"][0]["api_version"] = json!("2022-11-15");
        present_all(&mut new);
        assert!(new["data"][0]["data"]["object"].get("sources").is_none());
        assert!(new["data"][0]["data"]["previous_attributes"].get("account_balance").is_none());
    }
}
