//! Parses standard JSON directly into values.
//!
//! Nearly all input is standard JSON, gateway responses in particular, and needs no intermediate
//! tree. Any other input goes to [`super::lenient_json`], which parses it or reports the position.

use crate::template::standard_json::DEPTH_MAX;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use sluicegate_liquid::Object;
use sluicegate_liquid::text::Text;
use sluicegate_liquid::value::Value;
use std::fmt;

/// Parses a string; `None` when the lenient parser must decide.
pub fn read(text: &str) -> Option<Value> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Depth(0).deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    Some(value)
}

/// The number of lists and hashes around a value.
struct Depth(usize);

impl Depth {
    fn deeper<E: Error>(&self) -> Result<usize, E> {
        if self.0 >= DEPTH_MAX { Err(E::custom("too deep")) } else { Ok(self.0 + 1) }
    }
}

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::whole(i128::from(number)))
    }

    /// Refuses zero: `-0` is an integer to the lenient parser.
    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        if number == 0.0 { Err(E::custom("a zero")) } else { Ok(Value::Float(number)) }
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Depth(depth))? {
            list.push(item);
        }
        Ok(Value::list(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut map = Object::default();
        while let Some(Name(name)) = entries.next_key()? {
            if map.is_empty() {
                // Gateways' objects have dozens of members, those inside a few.
                map = Object::with_capacity(if depth == 1 { 48 } else { 8 });
            }
            map.insert(name, entries.next_value_seed(Depth(depth))?);
        }
        Ok(Value::hash(map))
    }
}

struct Name(Text);

impl<'de> serde::Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Reading;
        impl Visitor<'_> for Reading {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                Ok(Name(name.into()))
            }
        }
        reader.deserialize_str(Reading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::lenient_json;
    use proptest::prelude::*;

    /// True when the strict and the lenient parser return the same value.
    fn agrees(text: &str) -> bool {
        read(text).is_none_or(|value| {
            let lenient = lenient_json::read(text).ok().flatten().map(Value::from);
            Some(format!("{value:?}")) == lenient.map(|value| format!("{value:?}"))
        })
    }

    #[test]
    fn what_the_standard_allows_is_taken() {
        for text in [
            "{\"a\": [1, -2.5, 1e3, true, null, \"\\u00e9\\n\"], \"b\": {}}",
            "18446744073709551615",
            "18446744073709551616",
            "{\"a\": 1, \"b\": 2, \"a\": 3}",
        ] {
            assert!(read(text).is_some() && agrees(text), "{text}");
        }
    }

    #[test]
    fn the_rest_is_left_to_the_lenient_reader() {
        let deep = "[".repeat(101) + &"]".repeat(101);
        for text in
            ["", " ", "\u{feff}{}", "{} x", "-0", "0.0", "'a'", "\"\\'\"", "// c\n1", "01", &deep]
        {
            assert!(read(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn both_readers_agree(text in "[\\[\\]{},:\" a0-9.eE+\\-\\\\ntu/]{0,40}") {
            prop_assert!(agrees(&text));
        }
    }
}
