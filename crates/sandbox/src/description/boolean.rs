//! Booleans as old clients of Python write them: `True` and `False`, which Stripe takes.

use super::field::{Field, Type};
use super::table::OPERATIONS;
use serde_json::{Map, Value};

/// Spells the booleans among the parameters of a call `true` and `false`.
pub fn respell(method: &str, path: &str, values: &mut Map<String, Value>) {
    let path: Vec<&str> =
        path.trim_start_matches("/v1/").trim_start_matches('/').split('/').collect();
    if let Some(operation) = OPERATIONS.operation(method, &path) {
        fields(OPERATIONS.params(operation), values);
    }
}

fn fields(fields: &[Field], values: &mut Map<String, Value>) {
    for (name, value) in values {
        if let Some(field) = fields.iter().find(|field| field.name == name) {
            one(&field.types, value);
        }
    }
}

fn one(types: &[Type], value: &mut Value) {
    match value {
        Value::String(text) => {
            let is_boolean = types.iter().any(|kind| matches!(kind, Type::Boolean))
                && !types.iter().any(|kind| matches!(kind, Type::Text(_)));
            match text.as_str() {
                "True" if is_boolean => "true".clone_into(text),
                "False" if is_boolean => "false".clone_into(text),
                _ => {}
            }
        }
        Value::Object(inner) => {
            for kind in types {
                match kind {
                    Type::Group(name) => fields(OPERATIONS.group(name), inner),
                    Type::Array(types) | Type::Map(types) => {
                        inner.values_mut().for_each(|value| one(types, value));
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::form;
    use super::*;
    use serde_json::json;

    #[test]
    fn only_booleans_are_spelled_anew() {
        let sent = b"cancel_at_period_end=True&description=True&items[0][deleted]=False\
            &metadata[a]=True";
        let mut values = form::decode(sent).unwrap();
        respell("POST", "/v1/subscriptions/sub_1", &mut values);
        let expected = json!({"cancel_at_period_end": "true", "description": "True",
            "items": {"0": {"deleted": "false"}}, "metadata": {"a": "True"}});
        assert_eq!(Value::Object(values), expected);
    }
}
