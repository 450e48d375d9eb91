//! Conversions into values: from JSON, from strings, and from anything that serde serializes.

use crate::error::Error;
use crate::text::Text;
use crate::time::Time;
use crate::value::Value;
use crate::value::shared::Object;
use serde::Serialize;
use serde_json::{Number, Value as Json};
use std::rc::Rc;

impl Value {
    /// Converts anything that serde serializes, by way of JSON.
    ///
    /// # Errors
    /// When the data has no JSON form, such as a map whose keys are lists.
    pub fn from_serialize(data: impl Serialize) -> Result<Self, Error> {
        match serde_json::to_value(data) {
            Ok(json) => Ok(Self::from(json)),
            Err(error) => Err(Error::argument(format!("data cannot be serialized: {error}"))),
        }
    }
}

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        Self::from(&json)
    }
}

impl From<&Json> for Value {
    fn from(json: &Json) -> Self {
        match json {
            Json::Null => Self::Nil,
            Json::Bool(truth) => Self::Bool(*truth),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Self::Int(whole),
                None => rare(number),
            },
            Json::String(text) => Self::text(text),
            Json::Array(list) => Self::list(list.iter().map(Self::from).collect()),
            Json::Object(map) => {
                let entries = map.iter().map(|(name, value)| (Text::from(name), value.into()));
                Self::hash(Object::of_distinct(entries))
            }
        }
    }
}

/// A number that is not an integer of 64 bits.
fn rare(number: &Number) -> Value {
    match (number.as_i128(), number.as_f64()) {
        (Some(whole), _) => Value::whole(whole),
        (_, Some(decimal)) => Value::Float(decimal),
        _ => Value::Nil,
    }
}

impl From<Time> for Value {
    fn from(time: Time) -> Self {
        Self::Time(Rc::new(time))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<Vec<Value>> for Value {
    fn from(items: Vec<Value>) -> Self {
        Self::list(items)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::hash(object)
    }
}
