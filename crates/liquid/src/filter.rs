//! What a filter is, and the arguments it is called with.

use crate::context::Context;
use crate::error::Error;
use crate::text::Text;
use crate::value::Value;
use smallvec::SmallVec;
use std::borrow::Cow;

/// A filter: the value, its arguments, and the render it happens in.
pub type Filter = fn(Value, &Arguments, &mut Context<'_>) -> Result<Value, Error>;

/// The arguments of one call.
#[derive(Debug, Default)]
pub struct Arguments {
    /// In order.
    pub positional: SmallVec<[Value; 2]>,
    /// By name, in the order written.
    pub named: Vec<(Text, Value)>,
}

impl Arguments {
    /// The argument at a place, or nil.
    #[inline]
    pub fn at(&self, place: usize) -> &Value {
        self.positional.get(place).unwrap_or(&Value::Nil)
    }

    /// The argument at a place, when it was given.
    #[inline]
    pub fn given(&self, place: usize) -> Option<&Value> {
        self.positional.get(place)
    }

    /// A named argument, when it was given.
    pub fn named(&self, name: &str) -> Option<&Value> {
        self.named.iter().find(|(one, _)| &**one == name).map(|(_, value)| value)
    }

    /// The argument at a place as text.
    pub fn text(&self, place: usize) -> Cow<'_, str> {
        self.at(place).to_text()
    }

    /// The argument at a place as Ruby's `Integer()` takes it, or `default` when it was not given.
    ///
    /// # Errors
    /// `invalid integer`.
    pub fn whole(&self, place: usize, default: i64) -> Result<i64, Error> {
        match self.given(place) {
            None => Ok(default),
            Some(value) => value.to_whole().ok_or_else(|| Error::argument("invalid integer")),
        }
    }

    /// The argument at a place as a whole number, or `default` when it was not given.
    ///
    /// # Errors
    /// When it is there and is none.
    pub fn int(&self, place: usize, default: i64) -> Result<i64, Error> {
        match self.given(place) {
            None | Some(Value::Nil) => Ok(default),
            Some(value) => value.to_int().ok_or_else(|| Error::argument("invalid integer")),
        }
    }
}
