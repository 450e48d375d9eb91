//! Objects by the description: empty ones, and what is wrong with one.

use super::field::{Field, Type};
use super::table::OBJECTS;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Empty objects that were built before.
static BLANKS: Mutex<Option<HashMap<String, Value>>> = Mutex::new(None);

/// An object with all that it always has: null, false, 0, empty. What has no neutral value (a
/// word of a list) is null, and the endpoint sets it.
pub fn blank(name: &str) -> Value {
    let mut known = BLANKS.lock();
    let known = known.get_or_insert_default();
    if let Some(blank) = known.get(name) {
        return blank.clone();
    }
    let blank = fields(OBJECTS.object(name).unwrap_or_default());
    known.insert(name.to_owned(), blank.clone());
    blank
}

/// An empty group of an object.
pub fn blank_group(name: &str) -> Value {
    fields(OBJECTS.group(name))
}

fn fields(fields: &[Field]) -> Value {
    let always = fields.iter().filter(|field| field.always);
    Value::Object(always.map(|field| (field.name.to_owned(), neutral(field))).collect())
}

fn neutral(field: &Field) -> Value {
    if field.nullable {
        return Value::Null;
    }
    match field.types.first() {
        Some(Type::Boolean) => json!(false),
        Some(Type::Integer | Type::Number) => json!(0),
        Some(Type::Text(_)) => json!(""),
        Some(Type::Decimal) => json!("0"),
        Some(Type::Choice(words)) if words.len() == 1 => json!(words[0]),
        Some(Type::Array(_)) => json!([]),
        Some(Type::Map(_) | Type::Object) => json!({}),
        Some(Type::Group(name)) => blank_group(name),
        Some(Type::List) => json!({"object": "list", "data": [], "has_more": false, "url": ""}),
        _ => Value::Null,
    }
}

/// Makes an object, and all inside it, what the description says: in its order, without fields that
/// it does not have, and with the neutral value of what it always has.
pub fn conform(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(conform),
        Value::Object(object) => match described(object) {
            Some(fields) => conform_fields(object, fields),
            None => object.values_mut().for_each(conform),
        },
        _ => {}
    }
}

fn described(object: &Map<String, Value>) -> Option<&'static [Field]> {
    let kind = object.get("object")?.as_str()?;
    if object.contains_key("deleted") {
        return OBJECTS.object(&format!("deleted_{kind}"));
    }
    OBJECTS.object(kind)
}

fn conform_fields(object: &mut Map<String, Value>, fields: &[Field]) {
    let mut given = std::mem::take(object);
    for field in fields {
        match given.get_mut(field.name).map(Value::take) {
            Some(mut value) => {
                conform_value(&field.types, &mut value);
                object.insert(field.name.to_owned(), value);
            }
            None if field.always => {
                object.insert(field.name.to_owned(), neutral(field));
            }
            None => {}
        }
    }
}

fn conform_value(types: &[Type], value: &mut Value) {
    // What may be any object (the data of an event) stays as it is.
    if matches!(types, [Type::Object]) {
        return;
    }
    match value {
        Value::Array(items) => {
            let inner = types.iter().find_map(|kind| match kind {
                Type::Array(inner) => Some(inner.as_slice()),
                _ => None,
            });
            items.iter_mut().for_each(|item| conform_value(inner.unwrap_or_default(), item));
        }
        Value::Object(inner) => match inner_types(types, inner) {
            Some(Type::Group(name)) => conform_fields(inner, OBJECTS.group(name)),
            Some(Type::Map(types)) => {
                inner.values_mut().for_each(|value| conform_value(types, value));
            }
            _ => conform(value),
        },
        _ => {}
    }
}

/// The group or map that a nested value is; `None` when it is an object of its own.
fn inner_types<'t>(types: &'t [Type], inner: &Map<String, Value>) -> Option<&'t Type> {
    if described(inner).is_some() {
        return None;
    }
    types.iter().find(|kind| matches!(kind, Type::Group(_) | Type::Map(_)))
}

/// What is wrong with an object of the newest version, and with all inside it, one line each.
pub fn faults(value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    match value {
        Value::Object(object) => whole(object, "", &mut faults),
        _ => faults.push("not an object".to_owned()),
    }
    faults
}

fn whole(object: &Map<String, Value>, at: &str, faults: &mut Vec<String>) {
    let kind = object.get("object").and_then(Value::as_str).unwrap_or_default();
    if matches!(kind, "list" | "search_result") {
        for item in object.get("data").and_then(Value::as_array).into_iter().flatten() {
            if let Value::Object(item) = item {
                whole(item, &format!("{at}{kind}."), faults);
            }
        }
        return;
    }
    match described(object) {
        Some(fields) => {
            let at = format!("{at}{kind}");
            group(fields, object, &at, faults);
        }
        None => faults.push(format!("{at}: no object is called {kind:?}")),
    }
}

fn group(fields: &[Field], object: &Map<String, Value>, at: &str, faults: &mut Vec<String>) {
    for field in fields.iter().filter(|field| field.always && !object.contains_key(field.name)) {
        faults.push(format!("{at}.{} is missing", field.name));
    }
    for (name, value) in object {
        let at = format!("{at}.{name}");
        match fields.iter().find(|field| field.name == name) {
            None => faults.push(format!("{at} is unknown")),
            Some(field) if value.is_null() => {
                if !field.nullable {
                    faults.push(format!("{at} is null"));
                }
            }
            Some(field) => types(&field.types, value, &at, faults),
        }
    }
}

fn types(types: &[Type], value: &Value, at: &str, faults: &mut Vec<String>) {
    let mut found = Vec::new();
    for kind in types {
        let mut wrong = Vec::new();
        one(kind, value, at, &mut wrong);
        if wrong.is_empty() {
            return;
        }
        found = wrong;
    }
    faults.append(&mut found);
}

fn one(kind: &Type, value: &Value, at: &str, faults: &mut Vec<String>) {
    let fits = match (kind, value) {
        (Type::Text(_), Value::String(_))
        | (Type::Decimal, Value::String(_))
        | (Type::Number | Type::Integer, Value::Number(_))
        | (Type::Boolean, Value::Bool(_))
        | (Type::Object, Value::Object(_))
        | (Type::Any, _)
        | (Type::Id(_), Value::String(_)) => true,
        (Type::Choice(words), Value::String(word)) => words.contains(&word.as_str()),
        (Type::Group(name), Value::Object(inner)) => {
            group(OBJECTS.group(name), inner, at, faults);
            true
        }
        (Type::Array(inner), Value::Array(items)) => {
            for item in items {
                types(inner, item, &format!("{at}[]"), faults);
            }
            true
        }
        (Type::Map(inner), Value::Object(pairs)) => {
            for (key, item) in pairs {
                types(inner, item, &format!("{at}[{key}]"), faults);
            }
            true
        }
        (Type::Id(_) | Type::Embedded(_) | Type::List, Value::Object(inner)) => {
            whole(inner, &format!("{at}:"), faults);
            true
        }
        _ => false,
    };
    if !fits {
        let shown: String = value.to_string().chars().take(60).collect();
        faults.push(format!("{at} is {shown}, not {kind:?}").chars().take(300).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_object_lacks_nothing_and_faults_are_found() {
        let mut coupon = blank("coupon");
        coupon["duration"] = json!("once");
        assert_eq!(faults(&coupon), Vec::<String>::new());
        coupon["bogus"] = json!(1);
        coupon["valid"] = json!("yes");
        coupon["duration"] = json!("ever");
        coupon.as_object_mut().unwrap().remove("created");
        let found = faults(&coupon);
        assert_eq!(found.len(), 4, "{found:#?}");
        conform(&mut coupon);
        assert!(coupon.get("created").is_some());
        assert!(coupon.get("bogus").is_none());
    }
}
