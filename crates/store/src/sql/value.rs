//! Values bound to a statement, and the placeholders that stand for them in its SQL.

use super::dialect::Dialect;
use crate::text::Number;
use std::borrow::Cow;
use std::marker::PhantomData;

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

/// SQL, and the values bound to it.
#[derive(Debug)]
pub struct Statement<'a> {
    /// The SQL, with the placeholders of one database.
    pub sql: Cow<'static, str>,
    /// The values, in the order of the placeholders.
    pub values: Vec<Value<'a>>,
}

impl<'a> Statement<'a> {
    /// A statement whose SQL has the placeholders `?1`, `?2`, … for these values.
    pub fn new<D: Dialect>(sql: impl Into<Cow<'static, str>>, values: Vec<Value<'a>>) -> Self {
        Self { sql: D::numbered(sql.into()), values }
    }
}

/// The values bound so far to SQL that is being written.
pub struct Bindings<'a, D> {
    values: Vec<Value<'a>>,
    dialect: PhantomData<D>,
}

impl<'a, D: Dialect> Bindings<'a, D> {
    /// No values yet.
    pub fn new() -> Self {
        Self { values: Vec::new(), dialect: PhantomData }
    }

    /// Binds a value and returns its placeholder.
    pub fn bind(&mut self, value: impl Into<Value<'a>>) -> String {
        let value = value.into();
        let placeholder = D::placeholder(self.values.len() + 1, &value);
        self.values.push(value);
        placeholder
    }

    /// How many values are bound.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// The values, in order.
    pub fn into_values(self) -> Vec<Value<'a>> {
        self.values
    }
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
