//! Typed values: parameters are texts, and an object's fields are what the description says.

use super::field::{Field, Type};
use super::shape::blank_group;
use super::table::{OBJECTS, OPERATIONS};
use serde_json::{Map, Value, json};

/// A sent value as the field of an object has it.
pub fn typed(types: &[Type], sent: &Value) -> Value {
    match sent {
        Value::String(text) => scalar(types, text),
        Value::Object(inner) => nested(types, inner),
        other => other.clone(),
    }
}

fn scalar(types: &[Type], text: &str) -> Value {
    if text.is_empty() {
        return Value::Null;
    }
    for kind in types {
        match kind {
            Type::Integer | Type::Number => {
                if let Ok(number) = text.trim().parse::<i64>() {
                    return json!(number);
                }
                if let Ok(number) = text.trim().parse::<f64>() {
                    return json!(number);
                }
            }
            Type::Boolean if matches!(text.trim(), "true" | "false") => {
                return json!(text.trim() == "true");
            }
            _ => {}
        }
    }
    json!(text)
}

fn nested(types: &[Type], inner: &Map<String, Value>) -> Value {
    let is_list = inner.keys().all(|key| key.bytes().all(|byte| byte.is_ascii_digit()));
    for kind in types {
        match kind {
            Type::Array(types) if is_list => {
                return inner.values().map(|value| typed(types, value)).collect();
            }
            Type::Map(types) => {
                let pairs = inner.iter().map(|(key, value)| (key.clone(), typed(types, value)));
                return Value::Object(pairs.collect());
            }
            Type::Group(name) => {
                let fields = OPERATIONS.group(name);
                let known = |key: &str| fields.iter().find(|field| field.name == key);
                let pairs = inner.iter().map(|(key, value)| {
                    (key.clone(), typed(known(key).map_or(&[], |field| &field.types), value))
                });
                return Value::Object(pairs.collect());
            }
            _ => {}
        }
    }
    let pairs = inner.iter().map(|(key, value)| (key.clone(), typed(&[], value)));
    Value::Object(pairs.collect())
}

/// Writes the parameters that an object has a field for into it, typed; `metadata` is left alone.
pub fn copy(params: &[Field], sent: &Map<String, Value>, object: &mut Value) {
    let kind = object["object"].as_str().unwrap_or_default();
    let Some(fields) = OBJECTS.object(kind) else { return };
    for (name, value) in sent.iter().filter(|(name, _)| *name != "metadata") {
        let Some(field) = fields.iter().find(|field| field.name == name) else { continue };
        let Some(param) = params.iter().find(|param| param.name == name) else { continue };
        let value = typed(&param.types, value);
        let fits = match field.types.first() {
            // Lists of objects are named by ids; an endpoint looks them up.
            Some(Type::Array(inner)) => !matches!(inner.first(), Some(Type::Embedded(_))),
            Some(Type::List | Type::Embedded(_)) => false,
            _ => true,
        };
        if fits {
            write(field, value, &mut object[name.as_str()]);
        }
    }
}

/// Writes a value into a field; a group keeps what is not sent, and has all that it always has.
fn write(field: &Field, value: Value, into: &mut Value) {
    let group = field.group().filter(|_| value.is_object());
    let Some(group) = group else {
        *into = match value {
            Value::Null if !field.nullable => empty(field),
            // A text where the object has a number, as `trial_end=now`, is the endpoint's affair.
            other => other,
        };
        return;
    };
    if !into.is_object() {
        *into = blank_group(group);
    }
    let Value::Object(inner) = value else { return };
    for (name, value) in inner {
        match OBJECTS.group(group).iter().find(|field| field.name == name) {
            Some(field) => write(field, value, &mut into[name.as_str()]),
            None => continue,
        }
    }
}

fn empty(field: &Field) -> Value {
    match field.types.first() {
        Some(Type::Array(_)) => json!([]),
        Some(Type::Map(_)) => json!({}),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::form;
    use super::super::shape::blank;
    use super::*;

    #[test]
    fn parameters_become_typed_fields() {
        let operation = OPERATIONS.operation("POST", &["prices"]).unwrap();
        let sent = form::decode(
            b"currency=usd&unit_amount=500&recurring[interval]=month&active=false&nickname=\
              &bogus=1",
        );
        let mut price = blank("price");
        copy(OPERATIONS.params(operation), &sent.unwrap(), &mut price);
        assert_eq!(price["unit_amount"], 500);
        assert_eq!(price["active"], false);
        assert_eq!(price["nickname"], Value::Null);
        assert_eq!(price["recurring"]["interval"], "month");
        assert!(price["recurring"].get("trial_period_days").is_some(), "{price:#}");
        assert!(price.get("bogus").is_none());
    }
}
