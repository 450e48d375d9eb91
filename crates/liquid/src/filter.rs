//! Filters, and the arguments they are called with.

use crate::context::Context;
use crate::error::Error;
use crate::print::InPlace;
use crate::text::Text;
use crate::value::Value;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// What a filter returns.
pub type FilterResult = Result<Value, Error>;

/// A filter as a function: its input, its arguments, and the render it is called in.
pub type FilterFunction = fn(Value, &Arguments, &mut Context<'_>) -> FilterResult;

type Closure = dyn Fn(Value, &Arguments, &mut Context<'_>) -> FilterResult + Send + Sync;

/// A filter of an engine.
#[derive(Clone)]
pub struct Filter {
    call: Call,
    standard: Option<Standard>,
}

#[derive(Clone)]
enum Call {
    Function(FilterFunction),
    Closure(Arc<Closure>),
}

/// What is known of a filter of standard Liquid.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standard {
    /// How many arguments it takes, the least and the most.
    pub(crate) arity: Option<(usize, usize)>,
    /// In a Ruby engine, arrays and hashes are passed to it as Ruby inspects them.
    pub(crate) takes_strings: bool,
    /// How it writes a string into the output.
    pub(crate) in_place: Option<InPlace>,
}

impl Filter {
    /// A filter that is a function.
    pub fn function(function: FilterFunction) -> Self {
        Self { call: Call::Function(function), standard: None }
    }

    /// A filter that is a closure.
    pub fn closure<F>(closure: F) -> Self
    where
        F: Fn(Value, &Arguments, &mut Context<'_>) -> FilterResult + Send + Sync + 'static,
    {
        Self { call: Call::Closure(Arc::new(closure)), standard: None }
    }

    /// The same filter, as one of standard Liquid.
    pub(crate) fn with_standard(mut self, standard: Standard) -> Self {
        self.standard = Some(standard);
        self
    }

    /// A closure around this filter that keeps what is known of it.
    pub(crate) fn wrapped(
        &self,
        wrapper: impl Fn(&Filter, Value, &Arguments, &mut Context<'_>) -> FilterResult
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let inner = self.clone();
        let wrapped = Self::closure(move |input, arguments, context| {
            wrapper(&inner, input, arguments, context)
        });
        let standard = self.standard.map(|standard| Standard { in_place: None, ..standard });
        Self { standard, ..wrapped }
    }

    /// What is known of a standard filter; `None` for an engine's own.
    #[inline]
    pub(crate) fn standard(&self) -> Option<Standard> {
        self.standard
    }

    /// Calls the filter.
    ///
    /// # Errors
    /// What the filter refuses, or an exceeded limit.
    #[inline]
    pub fn call(
        &self,
        input: Value,
        arguments: &Arguments,
        context: &mut Context<'_>,
    ) -> FilterResult {
        match &self.call {
            Call::Function(function) => function(input, arguments, context),
            Call::Closure(closure) => closure(input, arguments, context),
        }
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").field("standard", &self.standard).finish_non_exhaustive()
    }
}

/// The arguments of one call.
#[derive(Debug, Default)]
pub struct Arguments {
    /// Arguments without a name, in order.
    pub positional: SmallVec<[Value; 2]>,
    /// Named arguments, in the order written.
    pub named: Vec<(Text, Value)>,
}

impl Arguments {
    /// The argument at a position, or nil.
    #[inline]
    pub fn at(&self, position: usize) -> &Value {
        self.positional.get(position).unwrap_or(&Value::Nil)
    }

    /// The argument at a position; `None` when the call has fewer.
    #[inline]
    pub fn given(&self, position: usize) -> Option<&Value> {
        self.positional.get(position)
    }

    /// The named argument; `None` when the call does not name it.
    pub fn named(&self, name: &str) -> Option<&Value> {
        self.named.iter().find(|(one, _)| &**one == name).map(|(_, value)| value)
    }

    /// The argument at a position as a string.
    pub fn text(&self, position: usize) -> Cow<'_, str> {
        self.at(position).to_text()
    }

    /// The argument at a position as Ruby's `Integer()` reads it, or `default` when there is none.
    ///
    /// # Errors
    /// `invalid integer`.
    pub fn whole(&self, position: usize, default: i64) -> Result<i64, Error> {
        match self.given(position) {
            None => Ok(default),
            Some(value) => value.to_whole().ok_or_else(|| Error::argument("invalid integer")),
        }
    }

    /// The argument at a position as an integer, or `default` when it is missing or nil.
    ///
    /// # Errors
    /// When the argument is not a number.
    pub fn int(&self, position: usize, default: i64) -> Result<i64, Error> {
        match self.given(position) {
            None | Some(Value::Nil) => Ok(default),
            Some(value) => value.to_int().ok_or_else(|| Error::argument("invalid integer")),
        }
    }
}
