//! Values bound to a statement.

use crate::text::Number;
use std::borrow::Cow;

/// A value bound to a statement.
#[derive(Debug, Clone)]
pub enum Value<'a> {
    /// NULL.
    Null,
    /// A 64-bit integer.
    Integer(i64),
    /// A number that is compared exactly.
    Number(Number),
    /// A string.
    Text(Cow<'a, str>),
    /// A list of integers.
    Integers(Vec<i64>),
    /// A list of numbers that are compared exactly.
    Numbers(Vec<Number>),
    /// A list of strings.
    Texts(Vec<Cow<'a, str>>),
}

impl From<i64> for Value<'_> {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<u32> for Value<'_> {
    fn from(integer: u32) -> Self {
        Self::Integer(integer.into())
    }
}

impl From<Number> for Value<'_> {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'a> From<Cow<'a, str>> for Value<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<i64>> for Value<'_> {
    fn from(integers: Vec<i64>) -> Self {
        Self::Integers(integers)
    }
}

impl From<Vec<Number>> for Value<'_> {
    fn from(numbers: Vec<Number>) -> Self {
        Self::Numbers(numbers)
    }
}

impl<'a> From<Vec<Cow<'a, str>>> for Value<'a> {
    fn from(texts: Vec<Cow<'a, str>>) -> Self {
        Self::Texts(texts)
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A list of values of different types.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::sql::value::Value::from($value)),*] };
}
pub(crate) use values;
