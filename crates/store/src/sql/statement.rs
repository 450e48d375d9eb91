//! A statement: its SQL, and the values bound to its placeholders.

use super::dialect::Dialect;
use super::value::Value;
use std::borrow::Cow;
use std::marker::PhantomData;

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
