//! Reads selected members of a JSON document and validates all of it, without building the rest.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;
use std::fmt;

/// The prefix of serde_json's private member names.
const SERDE_JSONS_OWN: &str = "$serde_json::private::";

/// A member to read.
pub enum Select {
    /// The complete value, stored at this index of the result.
    Value(&'static str, usize),
    /// Selected members of this object.
    Inside(&'static str, &'static [Select]),
}

impl Select {
    fn name(&self) -> &'static str {
        let (Self::Value(name, _) | Self::Inside(name, _)) = self;
        name
    }

    /// Clears what was found: when a name repeats, the last value counts, as in `serde_json`.
    fn forget(&self, found: &mut [Json]) {
        match self {
            Self::Value(_, place) => found[*place] = Json::Null,
            Self::Inside(_, wanted) => wanted.iter().for_each(|want| want.forget(found)),
        }
    }
}

/// The selected members, each at its index; `Null` for a missing one. Skipped values are validated
/// as strictly as `serde_json` parses them, so the document can be parsed completely later.
///
/// # Errors
/// As `serde_json::from_str`, and for `serde_json`'s private names.
pub fn read<const N: usize>(
    text: &str,
    wanted: &'static [Select],
) -> serde_json::Result<[Json; N]> {
    let mut found = [const { Json::Null }; N];
    let mut reader = serde_json::Deserializer::from_str(text);
    MembersSeed(wanted, &mut found).deserialize(&mut reader)?;
    reader.end()?;
    Ok(found)
}

/// The selected members of a value and where to store them; for a skipped value, none.
struct MembersSeed<'a>(&'static [Select], &'a mut [Json]);

fn skipped() -> MembersSeed<'static> {
    MembersSeed(&[], &mut [])
}

impl<'de> DeserializeSeed<'de> for MembersSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for MembersSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(skipped())?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(wanted, found) = self;
        while let Some(want) = map.next_key_seed(Key(wanted))? {
            match want {
                Some(Select::Value(_, place)) => found[*place] = map.next_value()?,
                Some(want @ Select::Inside(_, within)) => {
                    want.forget(found);
                    map.next_value_seed(MembersSeed(within, found))?;
                }
                None => map.next_value_seed(skipped())?,
            }
        }
        Ok(())
    }
}

/// Finds the selection that a key names, if any.
struct Key(&'static [Select]);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<&'static Select>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Option<&'static Select>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        // When serde_json builds a value, it parses the string in such a member as JSON again.
        if name.starts_with(SERDE_JSONS_OWN) {
            return Err(E::custom("a name of serde_json's own"));
        }
        Ok(self.0.iter().find(|want| want.name() == name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const WANTED: &[Select] = &[
        Select::Value("id", 0),
        Select::Inside(
            "a",
            &[Select::Value("c", 1), Select::Inside("b", &[Select::Value("id", 2)])],
        ),
    ];

    fn selected(text: &str) -> serde_json::Result<[Json; 3]> {
        read(text, WANTED)
    }

    fn agree(text: &str) {
        let whole = serde_json::from_str::<Json>(text);
        match (selected(text), whole) {
            (Ok(found), Ok(whole)) => {
                let at = |path: &[&str]| {
                    let member = |value: &Json, name: &&str| value.as_object()?.get(*name).cloned();
                    path.iter().try_fold(whole.clone(), |value, name| member(&value, name))
                };
                let picked = [at(&["id"]), at(&["a", "c"]), at(&["a", "b", "id"])];
                assert_eq!(found, picked.map(Option::unwrap_or_default), "{text}");
            }
            (Err(_), Err(_)) => {}
            (selected, whole) => panic!("{text}: {selected:?}, and whole {whole:?}"),
        }
    }

    #[test]
    fn finds_what_is_wanted_and_nothing_else() {
        let text =
            r#"{"x": [1, {"id": 2}], "id": {"y": 1}, "a": {"id": 3, "b": {"id": "c", "z": 0}}}"#;
        let found = selected(text).expect("JSON");
        assert_eq!(found, [json!({ "y": 1 }), Json::Null, json!("c")]);
    }

    #[test]
    fn refuses_what_the_whole_refuses() {
        let deep = |depth: usize| format!("{{\"x\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
        for text in [
            "",
            " ",
            "nul",
            "{",
            "{}x",
            "[1,]",
            "1e999",
            "[1e999]",
            r#"{"x": 1e999}"#,
            "01",
            "-",
            r#""\ud800""#,
            r#"{"x": "\ud800"}"#,
            r#"{"x": "\udc00\ud800"}"#,
            "\"\n\"",
            r#""\x""#,
            r#"{"a": 1, "a": {"b": {"id": 1}}}"#,
            r#"{"a": {"b": {"id": 1}}, "a": 1}"#,
            r#"{"a": {"c": 1, "b": {"id": 1}, "b": {}}, "id": 1, "id": 2}"#,
            r#"{"\u0069d": 1}"#,
            r#"{1: 2}"#,
            r#"{"id": 1 "a": 2}"#,
            "18446744073709551616",
            &deep(50),
            &deep(126),
            &deep(127),
            &deep(128),
            &deep(200),
            &deep(100_000),
        ] {
            agree(text);
        }
    }

    #[test]
    fn refuses_texts_that_would_be_read_as_json_again() {
        for text in [
            "{\"x\": {\"$serde_json::private::RawValue\": \"[\"}}",
            "{\"$serde_json::private::Number\": \"1\"}",
        ] {
            assert!(selected(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_whole_value(
            text in r#"(\{|\}|\[|\]|:|,|"id"|"a"|"b"|"c"|"|\\u00e9|\\ud83d\\ude00|\\ud83d|\\n|x|1|-2|0\.5|1e400|true|null| ){0,24}"#
        ) {
            agree(&text);
        }

        #[test]
        fn agrees_after_a_byte_was_changed(place in 0..90_usize, with in any::<char>()) {
            let text = r#"{"id": "evt_1", "a": {"b": {"id": "ch_1", "n": [1, 2.5, null]}}, "x": {"id": true}}"#;
            let mut chars: Vec<char> = text.chars().collect();
            let place = place % chars.len();
            chars[place] = with;
            agree(&chars.into_iter().collect::<String>());
        }
    }
}
