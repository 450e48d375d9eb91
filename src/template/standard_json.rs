//! Parses standard JSON into a tree of any kind, as [`super::lenient_json`] would, only faster.

use serde::Deserialize;
use serde::de::Visitor;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess};
use serde_json::{Map, Number, Value as Json};
use std::fmt;
use std::marker::PhantomData;

/// The maximum nesting, the same as in Ruby.
pub(super) const DEPTH_MAX: usize = 100;

/// A value that JSON is parsed into.
pub(super) trait JsonTree: From<bool> + Sized {
    /// The name of a member of an object.
    type Name: DeserializeOwned;
    /// The members of an object.
    type Members: Default;

    /// Null.
    fn null() -> Self;
    /// An integer.
    fn signed(number: i64) -> Self;
    /// An integer that is not negative.
    fn unsigned(number: u64) -> Self;
    /// Any other number; `None` if it cannot be represented.
    fn float(number: f64) -> Option<Self>;
    /// A string.
    fn text(text: &str) -> Self;
    /// A list.
    fn list(items: Vec<Self>) -> Self;
    /// Adds a member to an object at this depth, from 1; the last of a name counts.
    fn insert(members: &mut Self::Members, depth: usize, name: Self::Name, value: Self);
    /// An object.
    fn object(members: Self::Members) -> Self;
}

/// Parses a string; `None` when the lenient parser must decide.
pub(super) fn read<T: JsonTree>(text: &str) -> Option<T> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Depth::<T>::at(0).deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    Some(value)
}

/// The number of lists and objects around a value.
struct Depth<T>(usize, PhantomData<T>);

impl<T> Depth<T> {
    fn at(depth: usize) -> Self {
        Self(depth, PhantomData)
    }

    fn deeper<E: Error>(&self) -> Result<usize, E> {
        if self.0 >= DEPTH_MAX { Err(E::custom("too deep")) } else { Ok(self.0 + 1) }
    }
}

impl<'de, T: JsonTree> DeserializeSeed<'de> for Depth<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<T, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de, T: JsonTree> Visitor<'de> for Depth<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::null())
    }

    fn visit_bool<E>(self, truth: bool) -> Result<T, E> {
        Ok(T::from(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<T, E> {
        Ok(T::signed(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<T, E> {
        Ok(T::unsigned(number))
    }

    /// Refuses zero: `-0` is an integer to the lenient parser.
    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        let number = if number == 0.0 { None } else { T::float(number) };
        number.ok_or_else(|| E::custom("a zero"))
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<T, A::Error> {
        let depth = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Self::at(depth))? {
            list.push(item);
        }
        Ok(T::list(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<T, A::Error> {
        let depth = self.deeper()?;
        let mut members = T::Members::default();
        while let Some(name) = entries.next_key()? {
            let value = entries.next_value_seed(Self::at(depth))?;
            T::insert(&mut members, depth, name, value);
        }
        Ok(T::object(members))
    }
}

impl JsonTree for Json {
    type Name = String;
    type Members = Map<String, Json>;

    fn null() -> Self {
        Self::Null
    }

    fn signed(number: i64) -> Self {
        number.into()
    }

    fn unsigned(number: u64) -> Self {
        number.into()
    }

    fn float(number: f64) -> Option<Self> {
        Number::from_f64(number).map(Self::Number)
    }

    fn text(text: &str) -> Self {
        text.into()
    }

    fn list(items: Vec<Self>) -> Self {
        Self::Array(items)
    }

    fn insert(members: &mut Self::Members, _depth: usize, name: String, value: Self) {
        members.insert(name, value);
    }

    fn object(members: Self::Members) -> Self {
        Self::Object(members)
    }
}

/// A text, a number, a truth value or null.
pub struct Scalar(pub Json);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        // At the greatest depth, it can be neither a list nor an object.
        Depth::at(DEPTH_MAX).deserialize(reader).map(Scalar)
    }
}
