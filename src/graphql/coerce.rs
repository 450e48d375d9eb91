//! Coerces a written value to the type expected, or returns the reason for the failure.

use super::shape::{Input, Kind, Shapes};
use async_graphql::parser::types::{BaseType, Type};
use async_graphql::{Name, Value};
use indexmap::IndexMap;
use serde_json::Number;
use sluicegate_liquid::value::numbers::to_integer;

/// How strictly a value must match its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coercion {
    /// As the GraphQL specification allows; for documents of external callers.
    Normalized,
    /// As the platform's templates need: numbers and strings are interchangeable, a JSON value is
    /// accepted as a string, and an empty string as a null number or boolean.
    Lax,
}

impl Shapes {
    /// Coerces a value to a type.
    pub(super) fn coerce(&self, ty: &Type, value: Value, how: Coercion) -> Result<Value, String> {
        let value = match (&ty.base, value) {
            (_, Value::Null) => Value::Null,
            (BaseType::List(inner), Value::List(items)) => {
                let items = items.into_iter().map(|item| self.coerce(inner, item, how));
                Value::List(items.collect::<Result<_, _>>()?)
            }
            // A single value is coerced to a list of one.
            (BaseType::List(inner), single) => Value::List(vec![self.coerce(inner, single, how)?]),
            (BaseType::Named(name), value) => self.named(name, value, how)?,
        };
        if value == Value::Null && !ty.nullable {
            return Err(format!("is null, and {ty} is asked for"));
        }
        Ok(value)
    }

    fn named(&self, name: &str, value: Value, how: Coercion) -> Result<Value, String> {
        let kind = self.0.get(name).map(|shape| &shape.kind);
        match kind {
            Some(Kind::Input(fields)) => self.exact_object(name, fields, value, how),
            Some(Kind::Enum(values)) => choice(name, values, &value, how),
            Some(Kind::Scalar) => Ok(plain(value)),
            Some(Kind::Object(_)) => Err(format!("cannot be of type {name}")),
            None => scalar(name, value, how),
        }
    }

    fn exact_object(
        &self,
        name: &str,
        fields: &IndexMap<String, Input>,
        value: Value,
        how: Coercion,
    ) -> Result<Value, String> {
        let Value::Object(given) = value else {
            return Err(format!("is {}, and {name} is asked for", sort_of(&value)));
        };
        // Keeps the written order, which matters for sort keys.
        let mut normalized = IndexMap::with_capacity(given.len());
        for (key, value) in given {
            let Some(input) = fields.get(key.as_str()) else {
                return Err(format!("has a key `{key}` that {name} does not know"));
            };
            let value = self.coerce(&input.ty, value, how).map_err(|why| within(&key, &why))?;
            normalized.insert(key, value);
        }
        for (key, input) in fields {
            if normalized.contains_key(key.as_str()) {
                continue;
            }
            match &input.default {
                Some(default) => {
                    normalized.insert(Name::new(key), default.clone());
                }
                None if input.ty.nullable => {}
                None => return Err(format!("has no `{key}`, and {name} needs one")),
            }
        }
        Ok(Value::Object(normalized))
    }
}

/// Prefixes a message with a key: `.properties.name is null, …`.
fn within(key: &str, why: &str) -> String {
    let nested = why.starts_with('.');
    if nested { format!(".{key}{why}") } else { format!(".{key} {why}") }
}

fn choice(
    name: &str,
    values: &[(String, Option<String>)],
    value: &Value,
    how: Coercion,
) -> Result<Value, String> {
    let (Value::Enum(_) | Value::String(_)) = value else {
        return Err(format!("is {}, and {name} is asked for", sort_of(value)));
    };
    let text = match value {
        Value::Enum(name) => name.as_str(),
        Value::String(text) => text.as_str(),
        _ => "",
    };
    let fits = |known: &str| match how {
        Coercion::Normalized => known == text,
        Coercion::Lax => known.eq_ignore_ascii_case(text.trim()),
    };
    match values.iter().find(|(known, _)| fits(known)) {
        Some((known, _)) => Ok(Value::Enum(Name::new(known))),
        None => {
            let known: Vec<_> = values.iter().map(|(known, _)| known.as_str()).collect();
            Err(format!("is not one of {} ({name})", known.join(", ")))
        }
    }
}

fn scalar(name: &str, value: Value, how: Coercion) -> Result<Value, String> {
    let lax = how == Coercion::Lax;
    let refused = |value: &Value| Err(format!("is {}, and {name} is asked for", sort_of(value)));
    match (name, value) {
        ("String" | "ID", Value::String(text)) => Ok(Value::String(text)),
        ("ID", Value::Number(number)) if number.is_i64() || number.is_u64() => {
            Ok(Value::String(number.to_string()))
        }
        ("String" | "ID", value) if lax => Ok(Value::String(text(value))),
        ("Boolean", Value::Boolean(flag)) => Ok(Value::Boolean(flag)),
        ("Boolean", Value::String(text)) if lax => match text.trim() {
            "true" => Ok(Value::Boolean(true)),
            "false" => Ok(Value::Boolean(false)),
            "" => Ok(Value::Null),
            _ => refused(&Value::String(text)),
        },
        ("Int", Value::Number(number)) if number.is_i64() => Ok(Value::Number(number)),
        ("Float", Value::Number(number)) => Ok(Value::Number(number)),
        ("Int" | "Float", Value::String(text)) if lax && text.trim().is_empty() => Ok(Value::Null),
        ("Int", value) if lax => match integer(&value) {
            Some(integer) => Ok(Value::Number(integer.into())),
            None => refused(&value),
        },
        ("Float", Value::String(text)) if lax => {
            let float = text.trim().parse().ok().and_then(Number::from_f64);
            float.map(Value::Number).map_or_else(|| refused(&Value::String(text)), Ok)
        }
        (_, value) => refused(&value),
    }
}

/// Converts enums inside free JSON to strings.
fn plain(value: Value) -> Value {
    match value {
        Value::Enum(name) => Value::String(name.to_string()),
        Value::List(items) => Value::List(items.into_iter().map(plain).collect()),
        Value::Object(pairs) => {
            Value::Object(pairs.into_iter().map(|(key, value)| (key, plain(value))).collect())
        }
        other => other,
    }
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Enum(name) => name.to_string(),
        other => other.into_json().map(|json| json.to_string()).unwrap_or_default(),
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        // 100.0 is accepted as 100; beyond 2^53 a float is no longer exact.
        Value::Number(number) => number
            .as_f64()
            .filter(|float| float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0)
            .map(to_integer),
        _ => None,
    }
}

fn sort_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Number(number) if number.is_f64() => "a decimal number",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Boolean(_) => "true or false",
        Value::Binary(_) => "bytes",
        Value::Enum(_) => "a bare word",
        Value::List(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn shapes() -> Shapes {
        let mut shapes = Shapes::default();
        shapes
            .read(
                "enum Order { ASC DESC } scalar Free
                input Pair { name: String!, value: String, page: Int = 3, more: [Pair!] }",
            )
            .expect("shapes");
        shapes
    }

    fn coerced(ty: &str, value: Json, how: Coercion) -> Result<Json, String> {
        let ty = Type::new(ty).expect("a type");
        let value = Value::from_json(value).expect("a value");
        shapes().coerce(&ty, value, how).map(|v| v.into_json().expect("json"))
    }

    #[test]
    fn lax_coercion_converts_between_types() {
        for (ty, value, normalized) in [
            ("String", json!(5), json!("5")),
            ("String", json!(true), json!("true")),
            ("String", json!({"a": [1]}), json!("{\"a\":[1]}")),
            ("ID", json!(12), json!("12")),
            ("Int", json!(" 12 "), json!(12)),
            ("Int", json!(12.0), json!(12)),
            ("Int", json!(""), json!(null)),
            ("Float", json!("1.5"), json!(1.5)),
            ("Boolean", json!("true"), json!(true)),
            ("[Int!]", json!("7"), json!([7])),
            ("Order", json!("desc"), json!("DESC")),
            ("[Pair]", json!({"name": 1}), json!([{"name": "1", "page": 3}])),
            ("Free", json!({"a": {"b": null}}), json!({"a": {"b": null}})),
        ] {
            assert_eq!(coerced(ty, value.clone(), Coercion::Lax), Ok(normalized), "{ty} {value}");
        }
        for (ty, value) in [
            ("Int", json!("12x")),
            ("Int", json!(12.5)),
            ("Int", json!(1e300)),
            ("Int!", json!("")),
            ("Boolean", json!("yes")),
            ("Order", json!("up")),
            ("Pair", json!("text")),
            ("String!", json!(null)),
        ] {
            assert!(coerced(ty, value.clone(), Coercion::Lax).is_err(), "{ty} {value}");
        }
    }

    #[test]
    fn exact_values_are_of_their_type() {
        for (ty, value) in [
            ("String", json!(5)),
            ("Int", json!("5")),
            ("Int", json!(5.0)),
            ("Boolean", json!("true")),
            ("Order", json!("desc")),
        ] {
            assert!(coerced(ty, value.clone(), Coercion::Normalized).is_err(), "{ty} {value}");
        }
        assert_eq!(coerced("Float", json!(5), Coercion::Normalized), Ok(json!(5)));
        assert_eq!(coerced("ID", json!(5), Coercion::Normalized), Ok(json!("5")));
        assert_eq!(coerced("[Int]", json!(5), Coercion::Normalized), Ok(json!([5])));
    }

    #[test]
    fn a_complaint_says_where() {
        let why = coerced("Pair", json!({"name": "a", "more": [{"name": null}]}), Coercion::Lax);
        assert_eq!(why, Err(".more.name is null, and String! is asked for".to_owned()));
        let why = coerced("Pair", json!({"name": "a", "price": 1}), Coercion::Lax);
        assert_eq!(why, Err("has a key `price` that Pair does not know".to_owned()));
    }
}
