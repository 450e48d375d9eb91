//! Byte strings that are not UTF-8: input and output of ciphers, key agreement and gzip.

use serde_json::Value as Json;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::value::{LiquidDrop, Value};
use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;

/// Bytes passed from filter to filter; when printed, invalid UTF-8 becomes `U+FFFD`.
struct Bytes(Vec<u8>);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The bytes may be a key.
        write!(f, "Bytes({})", self.0.len())
    }
}

impl LiquidDrop for Bytes {
    fn get(&self, key: &str) -> Option<Value> {
        (key == "size").then(|| Value::Int(i64::try_from(self.0.len()).unwrap_or(i64::MAX)))
    }

    fn to_json(&self) -> Json {
        Json::String(String::from_utf8_lossy(&self.0).into_owned())
    }

    fn bytes(&self) -> Option<&[u8]> {
        Some(&self.0)
    }
}

/// Converts bytes to a value: a string when they are valid UTF-8.
///
/// # Errors
/// A limit error when there are too many.
pub fn value(bytes: Vec<u8>, context: &Context<'_>) -> Result<Value, Error> {
    context.budget.value(bytes.len())?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => Value::text(text),
        Err(error) => Value::Drop(Rc::new(Bytes(error.into_bytes()))),
    })
}

/// Returns the bytes of a value, or those of its string form.
pub fn of(value: &Value) -> Cow<'_, [u8]> {
    match value {
        Value::Drop(object) => match object.bytes() {
            Some(bytes) => Cow::Borrowed(bytes),
            None => Cow::Owned(value.to_text().into_owned().into_bytes()),
        },
        other => match other.to_text() {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        },
    }
}

/// True for bytes that are not UTF-8, which are strings in Ruby.
pub fn is_binary(value: &Value) -> bool {
    matches!(value, Value::Drop(object) if object.bytes().is_some())
}
