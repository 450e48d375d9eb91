//! A JSON document that is parsed when it is first read.

use serde::{Serialize, Serializer};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::ops::Deref;
use std::sync::OnceLock;

/// The first buffer of written JSON: an answer of Stripe fits without growing it.
const WRITTEN_BYTES: usize = 8 * 1024;

/// A JSON value, or its source. An event is stored as it was spelled, not parsed and written again.
#[derive(Debug, Clone)]
pub struct Document {
    text: Option<Box<str>>,
    json: OnceLock<Json>,
}

impl Document {
    /// A string that is known to be JSON; it is stored unchanged.
    pub fn of_text(text: impl Into<Box<str>>) -> Self {
        Self { text: Some(text.into()), json: OnceLock::new() }
    }

    /// Anything as JSON, written once.
    ///
    /// # Errors
    /// Those of `serde_json`; plain data can always be written.
    pub fn of(value: &impl Serialize) -> serde_json::Result<Self> {
        let mut json = Vec::with_capacity(WRITTEN_BYTES);
        serde_json::to_writer(&mut json, value)?;
        let text = String::from_utf8(json).map_err(serde::ser::Error::custom)?;
        Ok(Self::of_text(text))
    }

    /// The source, or the value as JSON.
    ///
    /// # Errors
    /// Those of `serde_json`; a [`Json`] can always be written.
    pub fn to_text(&self) -> serde_json::Result<Cow<'_, str>> {
        match &self.text {
            Some(text) => Ok(Cow::Borrowed(text)),
            None => serde_json::to_string(&**self).map(Cow::Owned),
        }
    }

    /// The value.
    pub fn into_json(self) -> Json {
        let text = self.text;
        self.json.into_inner().unwrap_or_else(|| read(text.as_deref()))
    }
}

/// A JSON text without the white space between its parts: gateways indent theirs, which is a fifth
/// of a charge. Names, numbers and their spelling stay.
pub fn without_spaces(json: &str) -> String {
    let mut kept = String::with_capacity(json.len());
    let mut rest = json;
    // Outside of strings, white space has no meaning; a string is taken as it is.
    while let Some(at) = memchr::memchr(b'"', rest.as_bytes()) {
        let (between, from_quote) = rest.split_at(at);
        push_without_spaces(&mut kept, between);
        let length = string_length(from_quote);
        kept.push_str(&from_quote[..length]);
        rest = &from_quote[length..];
    }
    push_without_spaces(&mut kept, rest);
    kept
}

fn push_without_spaces(kept: &mut String, between: &str) {
    kept.extend(between.chars().filter(|c| !matches!(c, ' ' | '\n' | '\r' | '\t')));
}

/// The length of the string at the start of a text, with its quotes.
fn string_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found + 1;
        match bytes[at - 1] {
            b'"' => return at,
            // The next character is escaped.
            _ => at += 1,
        }
    }
    text.len()
}

/// Null when the source is not JSON, against the contract of [`Document::of_text`].
fn read(text: Option<&str>) -> Json {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

impl From<Json> for Document {
    fn from(json: Json) -> Self {
        Self { text: None, json: OnceLock::from(json) }
    }
}

impl Default for Document {
    fn default() -> Self {
        Json::Null.into()
    }
}

impl Deref for Document {
    type Target = Json;

    fn deref(&self) -> &Json {
        self.json.get_or_init(|| read(self.text.as_deref()))
    }
}

/// Documents are equal when their values are.
impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_source_is_stored_unchanged_and_reads_as_its_value() {
        let text = "{ \"b\": 1.50,\n  \"a\": [null] }";
        let document = Document::of_text(text);
        assert_eq!(document.to_text().expect("text"), text);
        assert_eq!(document["b"], json!(1.5));
        assert_eq!(document, Document::from(json!({ "b": 1.5, "a": [null] })));
        assert_eq!(document.to_text().expect("text"), text, "also after it was read");
        assert_eq!(document.into_json(), json!({ "b": 1.5, "a": [null] }));
    }

    #[test]
    fn white_space_goes_and_nothing_else() {
        let text = "{ \"b \\\" \": [ 1.50,\n\t-0.0e+2 ],\r\n  \"a\\\\\": \" x \", \"ü\": null }\n";
        let kept = without_spaces(text);
        assert_eq!(kept, "{\"b \\\" \":[1.50,-0.0e+2],\"a\\\\\":\" x \",\"ü\":null}");
        assert_eq!(without_spaces(&kept), kept);
        // Never a panic, also for what is not JSON.
        for broken in ["", "\"", "\"\\", "\"ü\\", " a \"b\\\"", "\\ \""] {
            without_spaces(broken);
        }
    }

    #[test]
    fn a_value_is_written_on_request() {
        let document = Document::from(json!({ "a": 1 }));
        assert_eq!(document.to_text().expect("text"), r#"{"a":1}"#);
        assert_eq!(document.pointer("/a"), Some(&json!(1)));
        assert_eq!(Document::default().into_json(), Json::Null);
    }
}
