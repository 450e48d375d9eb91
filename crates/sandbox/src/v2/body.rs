//! JSON bodies: read into the form that the parameters of every operation have.

use serde_json::{Map, Value};

/// Deeper nesting than any parameter of Stripe's has.
const DEPTH_MAX: usize = 16;

/// The members of a body; an empty body has none.
pub fn decode(bytes: &[u8]) -> Result<Map<String, Value>, String> {
    if bytes.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    let members: Map<String, Value> = serde_json::from_slice(bytes)
        .map_err(|error| format!("The request body is not a JSON object: {error}"))?;
    members.into_iter().map(|(name, value)| Ok((name, texts(value, 1)?))).collect()
}

/// Values as a form has them: texts, and arrays as maps with keys `0`, `1`, …; null is empty.
fn texts(value: Value, depth: usize) -> Result<Value, String> {
    if depth > DEPTH_MAX {
        return Err("The request body is nested too deeply.".to_owned());
    }
    let below = |(name, value)| Ok((name, texts(value, depth + 1)?));
    Ok(match value {
        Value::Null => Value::from(""),
        Value::Bool(_) | Value::Number(_) => Value::from(value.to_string()),
        Value::String(_) => value,
        Value::Array(items) => {
            let numbered = items.into_iter().enumerate().map(|(at, item)| (at.to_string(), item));
            Value::Object(numbered.map(below).collect::<Result<_, String>>()?)
        }
        Value::Object(members) => {
            Value::Object(members.into_iter().map(below).collect::<Result<_, String>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_body_is_read_as_a_form_would_be() {
        let read = decode(br#"{"a": 1, "b": [true, {"c": null}], "d": "x"}"#).unwrap();
        let form = json!({"a": "1", "b": {"0": "true", "1": {"c": ""}}, "d": "x"});
        assert_eq!(Value::Object(read), form);
        assert!(decode(b" ").unwrap().is_empty());
        assert!(decode(b"[]").is_err() && decode(b"a=b").is_err());
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(40), "]".repeat(40));
        assert!(decode(deep.as_bytes()).is_err());
    }
}
