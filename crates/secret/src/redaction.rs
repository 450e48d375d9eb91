//! The one redaction: what a page, an API, a command or the log shows passes through here.
//!
//! It knows secrets by their look (keys, card numbers) and by their names. What a module or the
//! operator declares secret is sealed at rest, and a sealed value is shown as [`MASK`].

use crate::{MASK, card_number};
use serde_json::Value as Json;
use std::borrow::Cow;

/// What secret keys of Stripe begin with.
const KEY_PREFIXES: [&str; 4] = ["whsec_", "sk_", "rk_", "ek_"];
/// What objects begin with whose client secret is their id with a suffix.
const CLIENT_PREFIXES: [&str; 4] = ["pi_", "seti_", "cs_", "src_"];
const CLIENT_SUFFIX: &str = "_secret_";
/// A shorter word is no key.
const KEY_BYTES_MIN: usize = 14;

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
    "cvv",
    "card[number]",
    "account_number",
    "id_number",
    "ssn_last_4",
    "iban",
    "sealed",
];

/// Hides what looks like a secret in a text: keys and card numbers.
pub fn text(text: &str) -> Cow<'_, str> {
    match mask_keys(text) {
        Cow::Borrowed(text) => card_number::mask(text),
        Cow::Owned(text) => Cow::Owned(card_number::mask(&text).into_owned()),
    }
}

/// Hides secrets in a value: sealed ones, those of secret names, and in every text what looks like
/// a secret, also where the text is JSON or form data.
pub fn json(value: &mut Json) {
    hide(value);
    card_number::mask_json(value);
}

fn hide(value: &mut Json) {
    match value {
        Json::Object(object) => {
            if object.len() == 1 && object.get("sealed").is_some_and(Json::is_string) {
                *value = Json::from(MASK);
                return;
            }
            for (name, value) in object.iter_mut() {
                if is_secret(name) && !value.is_null() {
                    *value = Json::from(MASK);
                } else {
                    hide(value);
                }
            }
        }
        Json::Array(items) => named_pairs(items),
        Json::String(text) => {
            if let Cow::Owned(hidden) = body(text) {
                *text = hidden;
            }
        }
        Json::Number(_) | Json::Null | Json::Bool(_) => {}
    }
}

/// Replaces every string with the result of `redacted`.
pub fn texts(value: &mut Json, redacted: &dyn Fn(&str) -> String) {
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
            Some([Json::String(name), value]) if is_secret(name) => *value = Json::from(MASK),
            _ => hide(item),
        }
    }
}

fn is_secret(name: &str) -> bool {
    let ends_with = |name: &str, ending: &str| {
        let start = name.len().checked_sub(ending.len());
        start.is_some_and(|start| name.as_bytes()[start..].eq_ignore_ascii_case(ending.as_bytes()))
    };
    let inner = name.strip_suffix(']');
    SECRET_ENDINGS
        .iter()
        .any(|ending| ends_with(name, ending) || inner.is_some_and(|name| ends_with(name, ending)))
}

/// Hides secrets in a string of JSON or form data, or in any other text.
fn body(whole: &str) -> Cow<'_, str> {
    let trimmed = whole.trim_start();
    if trimmed.starts_with(['{', '[']) {
        let Ok(mut inner) = serde_json::from_str::<Json>(trimmed) else {
            return broken_json(whole);
        };
        let before = inner.clone();
        json(&mut inner);
        return if inner == before { Cow::Borrowed(whole) } else { Cow::Owned(inner.to_string()) };
    }
    if !whole.contains('=') || whole.contains(char::is_whitespace) {
        return text(whole);
    }
    let mut found = false;
    let pairs: Vec<_> = whole
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, value))
                if is_secret(&plain(name)) || text(&plain(value)) != plain(value) =>
            {
                found = true;
                format!("{name}={MASK}")
            }
            _ => pair.to_owned(),
        })
        .collect();
    if found { Cow::Owned(pairs.join("&")) } else { text(whole) }
}

fn plain(name: &str) -> String {
    percent_encoding::percent_decode_str(name).decode_utf8_lossy().into_owned()
}

/// The longest name before a colon that is looked at.
const NAME_BYTES_MAX: usize = 64;

/// Hides secrets in JSON that was cut off or is not JSON after all: the rest of the text from the
/// first secret name on, because where its value ends is not certain.
fn broken_json(whole: &str) -> Cow<'_, str> {
    let mut from = 0;
    while let Some(found) = whole[from..].find(':') {
        let colon = from + found;
        // A name is short: looking back to the start from every colon would take for ever.
        let back = whole.floor_char_boundary(colon.saturating_sub(NAME_BYTES_MAX));
        let name = whole[back..colon].trim_end().trim_end_matches('"');
        let begins = name.rfind(['"', '{', ',', '\'']).map_or(0, |at| at + 1);
        if is_secret(name[begins..].trim()) {
            return Cow::Owned(format!("{}:{MASK}", text(&whole[..colon])));
        }
        from = colon + 1;
    }
    text(whole)
}

/// Replaces everything that looks like a secret key (`whsec_…`, `sk_…`, `rk_…`, `ek_…`) or a client
/// secret (`pi_…_secret_…`) by [`MASK`].
pub fn mask_keys(text: &str) -> Cow<'_, str> {
    if text.len() < KEY_BYTES_MIN {
        return Cow::Borrowed(text);
    }
    if !KEY_PREFIXES.iter().any(|prefix| text.contains(prefix)) && !text.contains(CLIENT_SUFFIX) {
        return Cow::Borrowed(text);
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let (before, word) = rest.split_at(start);
        let end = word.find(|c| !is_word(c)).unwrap_or(word.len());
        let (word, after) = word.split_at(end);
        masked.push_str(before);
        masked.push_str(if is_key(word) { MASK } else { word });
        rest = after;
    }
    masked.push_str(rest);
    Cow::Owned(masked)
}

fn is_key(word: &str) -> bool {
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| word.starts_with(prefix));
    word.len() >= KEY_BYTES_MIN
        && (begins(&KEY_PREFIXES) || (begins(&CLIENT_PREFIXES) && word.contains(CLIENT_SUFFIX)))
}

#[cfg(test)]
mod tests {
    use super::{json as redact, mask_keys, text};
    use crate::MASK;
    use serde_json::{Value as Json, json};

    fn redacted(mut value: Json) -> Json {
        redact(&mut value);
        value
    }

    #[test]
    fn secrets_hide_wherever_they_are() {
        let step = redacted(json!({
            "headers": { "Authorization": "Bearer sk_test_canary", "Idempotency-Key": "k1" },
            "pairs": [["authorization", "sk_test_canary"], ["accept", "x"]],
            "body": "amount=5&card%5Bnumber%5D=4242_canary&card[cvc]=canary&source=tok_visa",
            "answer": "{\"id\":\"we_1\",\"secret\":\"whsec_canary\",\"list\":[{\"client_secret\":\"canary\"}]}",
        }));
        let shown = step.to_string();
        assert!(!shown.contains("canary"), "{shown}");
        for kept in ["k1", "amount=5", "tok_visa", "we_1"] {
            assert!(shown.contains(kept), "{kept} in {shown}");
        }
    }

    #[test]
    fn a_text_that_only_looks_like_json_is_read_once() {
        let colons = format!("{{{}", ":".repeat(200_000));
        assert_eq!(redacted(json!(colons.clone())), json!(colons));
        let late = format!("{{{}\"password\": \"canary\"", ":é".repeat(20_000));
        assert!(!redacted(json!(late)).to_string().contains("canary"));
    }

    #[test]
    fn a_secret_name_hides_a_value_of_any_type() {
        for value in [json!({"a": "canary"}), json!(["canary"]), json!(5), json!(true), json!("")] {
            assert_eq!(redacted(json!({ "password": value })), json!({ "password": MASK }));
        }
        assert_eq!(redacted(json!({ "token": null })), json!({ "token": null }));
        assert_eq!(redacted(json!({ "a": { "sealed": "v1.x" } })), json!({ "a": MASK }));
    }

    #[test]
    fn card_numbers_hide_in_every_shape() {
        for value in [
            json!({ "note": "4242 4242 4242 4242" }),
            json!({ "n": 4_242_424_242_424_242_u64 }),
            json!("{\"card\":{\"number\":\"4242424242424242\"}}"),
            json!("{\"card\":{\"number\":4242424242424242},\"cut"),
            json!("a=1&number=4242%204242%204242%204242&b=2"),
            json!("a=1&number=4242+4242+4242+4242"),
            json!("{\"key\":\"sk_test_4242canary4242\",\"cut"),
            json!("{\"id\":\"x\",\"client_secret\":{\"a\":\"4242canary"),
        ] {
            let shown = redacted(value.clone()).to_string();
            assert!(!shown.contains("4242") && shown.contains(MASK), "{value} as {shown}");
        }
    }

    #[test]
    fn what_has_no_secret_stays_byte_for_byte() {
        let value = json!({
            "body": "{ \"a\" : 1.0 }", "text": "a = b & c", "n": null, "order": "4242424242424241",
            "cut": "{\"amount\": 5, \"cur",
        });
        assert_eq!(redacted(value.clone()), value);
    }

    #[test]
    fn keys_are_masked_and_words_are_not() {
        let line =
            "a whsec_0123456789abcdef, {\"k\":\"sk_test_4eC39HqLyjWDarjt\"} rk_live_0123456789";
        assert_eq!(mask_keys(line), "a [secret], {\"k\":\"[secret]\"} [secret]");
        assert_eq!(mask_keys("pi_1a2b3c_secret_4d5e"), MASK);
        let words = "risk_assessment stripe_sk_key sk_key pk_test_0123456789abc é whsec_";
        assert_eq!(mask_keys(words), words);
        assert_eq!(text("sk_test_0123456789 4242424242424242"), "[secret] [secret]");
    }
}
