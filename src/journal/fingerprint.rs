//! A digest of what was asked: the same key with another digest is a conflict.

use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

/// SHA-256 in hexadecimal over the value with the keys of every object sorted, so that the order
/// in which a client writes them does not matter.
pub fn fingerprint(value: &Json) -> String {
    let mut text = String::new();
    canonical(value, &mut text);
    hex::encode(Sha256::digest(text.as_bytes()))
}

fn canonical(value: &Json, text: &mut String) {
    match value {
        Json::Object(map) => {
            let mut keys: Vec<_> = map.iter().collect();
            keys.sort_by_key(|(key, _)| key.as_str());
            text.push('{');
            for (key, value) in keys {
                text.push_str(&Json::from(key.as_str()).to_string());
                text.push(':');
                canonical(value, text);
                text.push(',');
            }
            text.push('}');
        }
        Json::Array(list) => {
            text.push('[');
            for item in list {
                canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn order_of_keys_does_not_matter_and_values_do() {
        let one = fingerprint(&json!({"a": 1, "b": {"c": [1, 2], "d": null}}));
        assert_eq!(one, fingerprint(&json!({"b": {"d": null, "c": [1, 2]}, "a": 1})));
        assert_ne!(one, fingerprint(&json!({"a": 1, "b": {"c": [2, 1], "d": null}})));
        assert_ne!(fingerprint(&json!({"a": "1"})), fingerprint(&json!({"a": 1})));
        assert_ne!(fingerprint(&json!(["a,", "b"])), fingerprint(&json!(["a", ",b"])));
    }
}
