//! Parses standard JSON into a tree, as [`super::lenient_json`] would, only faster.

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Json};
use std::fmt;

/// The maximum nesting, the same as in Ruby.
pub(super) const DEPTH_MAX: usize = 100;

/// Parses a string; `None` when the lenient parser must decide.
pub(super) fn read(text: &str) -> Option<Json> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Depth(0).deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    Some(value)
}

/// The number of lists and objects around a value.
struct Depth(usize);

impl Depth {
    fn deeper<E: Error>(&self) -> Result<usize, E> {
        if self.0 >= DEPTH_MAX { Err(E::custom("too deep")) } else { Ok(self.0 + 1) }
    }
}

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Json, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Json, E> {
        Ok(Json::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::from(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::from(number))
    }

    /// Refuses zero: `-0` is an integer to the lenient parser.
    fn visit_f64<E: Error>(self, number: f64) -> Result<Json, E> {
        let number = Number::from_f64(number).filter(|_| number != 0.0);
        number.map(Json::Number).ok_or_else(|| E::custom("a zero"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let depth = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Depth(depth))? {
            list.push(item);
        }
        Ok(Json::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let depth = self.deeper()?;
        let mut map = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            map.insert(name, entries.next_value_seed(Depth(depth))?);
        }
        Ok(Json::Object(map))
    }
}

/// A text, a number, a truth value or null.
pub struct Scalar(pub Json);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        // At the greatest depth, it can be neither a list nor an object.
        Depth(DEPTH_MAX).deserialize(reader).map(Scalar)
    }
}
