//! Parses standard JSON directly into values.
//!
//! Nearly all input is standard JSON, gateway responses in particular, and needs no intermediate
//! tree. Any other input goes to [`super::lenient_json`], which parses it or reports the position.

use crate::template::standard_json::{self, JsonTree};
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use sluicegate_liquid::Object;
use sluicegate_liquid::text::Text;
use sluicegate_liquid::value::Value;
use std::fmt;

/// Parses a string; `None` when the lenient parser must decide.
pub fn read(text: &str) -> Option<Value> {
    standard_json::read(text)
}

impl JsonTree for Value {
    type Name = Name;
    type Members = Object;

    fn null() -> Self {
        Self::Nil
    }

    fn signed(number: i64) -> Self {
        Self::Int(number)
    }

    fn unsigned(number: u64) -> Self {
        Self::whole(i128::from(number))
    }

    fn float(number: f64) -> Option<Self> {
        Some(Self::Float(number))
    }

    fn text(text: &str) -> Self {
        Self::text(text)
    }

    fn list(items: Vec<Self>) -> Self {
        Self::list(items)
    }

    fn insert(members: &mut Object, depth: usize, Name(name): Name, value: Self) {
        if members.is_empty() {
            // Gateways' objects have dozens of members, those inside a few.
            *members = Object::with_capacity(if depth == 1 { 48 } else { 8 });
        }
        members.insert(name, value);
    }

    fn object(members: Object) -> Self {
        Self::hash(members)
    }
}

/// The name of a member of a hash.
pub(super) struct Name(Text);

impl<'de> Deserialize<'de> for Name {
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
            let lenient = lenient_json::read_leniently(text).ok().flatten().map(Value::from);
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
