//! Hides secrets in execution data: keys and card numbers never leave through an API.

use serde_json::Value as Json;
use std::borrow::Cow;

const HIDDEN: &str = "[secret]";

/// Suffixes of names whose values are secret. Idempotency keys are not, because operators search
/// for them.
const SECRET_ENDINGS: &[&str] = &[
    "authorization",
    "cookie",
    "secret",
    "secret_key",
    "api_key",
    "api-key",
    "password",
    "token",
    "signature",
    "cvc",
    "card[number]",
    "account_number",
];

/// Hides secrets in a value, including strings that contain JSON or form data.
pub(super) fn json(value: &mut Json) {
    match value {
        Json::Object(object) => {
            for (name, value) in object.iter_mut() {
                if !is_secret(name) || value.is_null() || value.is_object() || value.is_array() {
                    json(value);
                } else {
                    *value = Json::from(HIDDEN);
                }
            }
        }
        Json::Array(items) => named_pairs(items),
        Json::String(text) => {
            if let Cow::Owned(hidden) = body(text) {
                *text = hidden;
            }
        }
        _ => {}
    }
}

/// Replaces every string with the result of `redacted`.
pub(super) fn texts(value: &mut Json, redacted: &dyn Fn(&str) -> String) {
    match value {
        Json::Object(object) => object.values_mut().for_each(|value| texts(value, redacted)),
        Json::Array(items) => items.iter_mut().for_each(|item| texts(item, redacted)),
        Json::String(text) => *text = redacted(text),
        _ => {}
    }
}

/// Hides the values of secret names in a list of `[name, value]` pairs, the format of headers.
fn named_pairs(items: &mut [Json]) {
    for item in items {
        match item.as_array_mut().map(Vec::as_mut_slice) {
            Some([Json::String(name), value]) if is_secret(name) => *value = Json::from(HIDDEN),
            _ => json(item),
        }
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_ENDINGS.iter().any(|ending| {
        name.ends_with(ending) || name.strip_suffix(']').is_some_and(|name| name.ends_with(ending))
    })
}

/// Hides secrets in a string of JSON or form data.
fn body(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim_start();
    if trimmed.starts_with(['{', '[']) {
        let Ok(mut inner) = serde_json::from_str::<Json>(trimmed) else {
            return Cow::Borrowed(text);
        };
        let before = inner.clone();
        json(&mut inner);
        return if inner == before { Cow::Borrowed(text) } else { Cow::Owned(inner.to_string()) };
    }
    if !text.contains('=') || text.contains(char::is_whitespace) {
        return Cow::Borrowed(text);
    }
    let mut found = false;
    let pairs: Vec<_> = text
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if is_secret(&plain(name)) => {
                found = true;
                format!("{name}={HIDDEN}")
            }
            _ => pair.to_owned(),
        })
        .collect();
    if found { Cow::Owned(pairs.join("&")) } else { Cow::Borrowed(text) }
}

fn plain(name: &str) -> String {
    percent_encoding::percent_decode_str(name).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::json as redact;
    use serde_json::json;

    #[test]
    fn secrets_hide_wherever_they_are() {
        let mut step = json!({
            "headers": { "Authorization": "Bearer sk_test_canary", "Idempotency-Key": "k1" },
            "pairs": [["authorization", "sk_test_canary"], ["accept", "x"]],
            "body": "amount=5&card%5Bnumber%5D=4242_canary&card[cvc]=canary&source=tok_visa",
            "answer": "{\"id\":\"we_1\",\"secret\":\"whsec_canary\",\"list\":[{\"client_secret\":\"canary\"}]}",
        });
        redact(&mut step);
        let shown = step.to_string();
        assert!(!shown.contains("canary"), "{shown}");
        for kept in ["k1", "amount=5", "tok_visa", "we_1"] {
            assert!(shown.contains(kept), "{kept} in {shown}");
        }
    }

    #[test]
    fn what_has_no_secret_stays_byte_for_byte() {
        let mut value = json!({ "body": "{ \"a\" : 1.0 }", "text": "a = b & c", "n": null });
        let before = value.clone();
        redact(&mut value);
        assert_eq!(value, before);
    }
}
