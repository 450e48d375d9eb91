//! Compiled expressions, and how they are evaluated without cloning variables.

use crate::condition::Condition;
use crate::context::Context;
use crate::error::{Error, Mark};
use crate::filter::{Arguments, Filter};
use crate::filters::arity;
use crate::name::Name;
use crate::print::InPlace;
use crate::text::Text;
use crate::value::Value;
use crate::value::shared::Object;

/// The size of an empty list or hash.
const LIST_BYTES: usize = 64;

/// A constant in a template.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `nil`.
    Nil,
    /// `true`, `false`.
    Bool(bool),
    /// `5`.
    Int(i64),
    /// `50000000000000000000`.
    Big(i128),
    /// `5.0`.
    Float(f64),
    /// `'text'`.
    Text(Text),
    /// `empty`.
    Empty,
    /// `blank`.
    Blank,
}

/// An expression.
#[derive(Debug, Clone)]
pub enum Expression {
    /// A constant.
    Literal(Literal),
    /// `a.b[c]`.
    Path(Path),
    /// `(1..n)`.
    Range(Box<Expression>, Box<Expression>),
    /// `[a, b]`.
    List(Vec<Expression>),
    /// `{ "a": b }`.
    Hash(Vec<(Expression, Expression)>),
    /// `a | f: b`.
    Filtered(Box<Filtered>),
    /// `a == b`, as a value.
    Condition(Box<Condition>),
    /// `"a {{ b }}"`: a string with values in it, where the engine interpolates.
    Joined(Vec<Expression>),
}

/// A variable, and the steps into it.
#[derive(Debug, Clone)]
pub struct Path {
    /// The variable, by name or by an expression in brackets.
    pub root: Root,
    /// The steps.
    pub steps: Vec<PathStep>,
}

/// The start of a path.
#[derive(Debug, Clone)]
pub enum Root {
    /// `name`.
    Name(Name),
    /// `[expression]`.
    Dynamic(Box<Expression>),
}

/// One step of a path.
#[derive(Debug, Clone)]
pub enum PathStep {
    /// `.name`.
    Name(Name),
    /// `[expression]`.
    Key(Expression),
}

/// A value and its filters.
#[derive(Debug, Clone)]
pub struct Filtered {
    /// The value.
    pub base: Expression,
    /// The filters in order.
    pub filters: Vec<FilterCall>,
}

/// One filter with its arguments.
#[derive(Debug, Clone)]
pub struct FilterCall {
    /// Its name.
    pub name: Text,
    /// The engine's filter of that name; `None` when it has none.
    pub filter: Option<Filter>,
    /// `a, b`.
    pub positional: Vec<Expression>,
    /// `k: v`.
    pub named: Vec<(Text, Expression)>,
    /// The position of its name.
    pub mark: Mark,
}

impl Literal {
    /// The value of the constant.
    pub fn value(&self) -> Value {
        match self {
            Self::Nil => Value::Nil,
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Int(number) => Value::Int(*number),
            Self::Big(number) => Value::whole(*number),
            Self::Float(number) => Value::Float(*number),
            Self::Text(text) => Value::Text(text.clone(), false),
            Self::Empty => Value::Empty,
            Self::Blank => Value::Blank,
        }
    }
}

impl Expression {
    /// Evaluates the expression.
    ///
    /// # Errors
    /// What a filter refuses, or an exceeded limit.
    pub fn evaluate(&self, context: &mut Context<'_>) -> Result<Value, Error> {
        match self {
            Self::Literal(literal) => Ok(literal.value()),
            Self::Path(path) => path.evaluate(context),
            Self::Filtered(filtered) => filtered.evaluate(context),
            other => other.compose(context),
        }
    }

    /// Evaluates an expression of several values. It is out of line, which keeps the common path
    /// small.
    #[inline(never)]
    fn compose(&self, context: &mut Context<'_>) -> Result<Value, Error> {
        match self {
            Self::Range(from, to) => {
                let ruby = context.engine().is_ruby();
                let bound = |value: Value| match value {
                    Value::Float(_) if ruby => Err(Error::argument("invalid integer")),
                    value => Ok(value.to_int().unwrap_or(0)),
                };
                let from = bound(from.evaluate(context)?)?;
                Ok(Value::Range(from, bound(to.evaluate(context)?)?))
            }
            Self::List(items) => {
                context.budget.value(items.len() * size_of::<Value>() + LIST_BYTES)?;
                let items: Result<_, _> = items.iter().map(|item| item.evaluate(context)).collect();
                Ok(Value::list(items?))
            }
            Self::Hash(pairs) => {
                context.budget.value(pairs.len() * 4 * size_of::<Value>() + LIST_BYTES)?;
                let mut map = Object::with_capacity(pairs.len());
                for (key, value) in pairs {
                    let key = key.evaluate(context)?;
                    map.insert(Text::from(&*key.to_text()), value.evaluate(context)?);
                }
                Ok(Value::hash(map))
            }
            Self::Condition(condition) => Ok(Value::Bool(condition.holds(context)?)),
            Self::Joined(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    let value = piece.evaluate(context)?;
                    let piece = context.text(&value);
                    context.budget.value(piece.len())?;
                    text.push_str(&piece);
                }
                Ok(Value::text(text))
            }
            simple => simple.evaluate(context),
        }
    }

    /// Passes the value to a closure, without cloning a variable.
    ///
    /// # Errors
    /// As [`Expression::evaluate`].
    pub fn with<T>(
        &self,
        context: &mut Context<'_>,
        mut look: impl FnMut(&Value) -> T,
    ) -> Result<T, Error> {
        if let Self::Path(path) = self
            && let Some(name) = path.direct()
            && let Some(value) = context.find(name)
            && let Some(seen) = reach(value, &path.steps, &mut look)
        {
            return Ok(seen);
        }
        Ok(look(&self.evaluate(context)?))
    }

    /// Prints the value as `{{ }}` does, without cloning a variable.
    ///
    /// # Errors
    /// As [`Expression::evaluate`], and the output's limit.
    pub fn print(&self, context: &mut Context<'_>) -> Result<(), Error> {
        if let Self::Path(path) = self
            && let Some(name) = path.direct()
        {
            let (readable, mut writer) = context.writer();
            if let Some(value) = readable.find(name.hash(), name)
                && let Some(printed) = reach(value, &path.steps, &mut |value| writer.print(value))
            {
                return printed;
            }
        }
        if let Self::Filtered(filtered) = self
            && let Some(printed) = filtered.print_in_place(context)
        {
            return printed;
        }
        let value = self.evaluate(context)?;
        context.print(&value)
    }

    #[inline]
    fn is_constant(&self) -> bool {
        matches!(self, Self::Literal(_))
    }

    /// The string of a constant, such as the name of a partial; `None` for other expressions.
    pub fn constant_text(&self) -> Option<&Text> {
        match self {
            Self::Literal(Literal::Text(text)) => Some(text),
            _ => None,
        }
    }
}

/// The most steps of a path that is followed by recursion.
const DIRECT_MAX: usize = 6;

/// Follows steps into a value and passes the end to a closure; `None` when a step needs the render.
fn reach<T>(value: &Value, steps: &[PathStep], look: &mut impl FnMut(&Value) -> T) -> Option<T> {
    let Some((step, rest)) = steps.split_first() else { return Some(look(value)) };
    match (value, step) {
        (Value::Scope(_), _) => None,
        (Value::Hash(hash), PathStep::Name(name)) => match name.find(&hash.borrow()) {
            Some(inner) if rest.is_empty() => Some(look(inner)),
            Some(inner) => reach(inner, rest, look),
            None => reach(&value.property(name), rest, look),
        },
        (Value::List(list), PathStep::Key(Expression::Literal(Literal::Int(place @ 0..)))) => {
            let list = list.borrow();
            let place = usize::try_from(*place).unwrap_or(usize::MAX);
            reach(list.get(place).unwrap_or(&Value::Nil), rest, look)
        }
        (_, PathStep::Name(name)) => reach(&value.property(name), rest, look),
        (_, PathStep::Key(Expression::Literal(key))) => reach(&value.get(&key.value()), rest, look),
        (_, PathStep::Key(_)) => None,
    }
}

impl Path {
    /// The variable's name, if only a few names and constant keys follow it.
    #[inline]
    fn direct(&self) -> Option<&Name> {
        let is_known = |step: &PathStep| !matches!(step, PathStep::Key(key) if !key.is_constant());
        match &self.root {
            Root::Name(name) if self.steps.len() <= DIRECT_MAX => {
                self.steps.iter().all(is_known).then_some(name)
            }
            _ => None,
        }
    }

    fn evaluate(&self, context: &mut Context<'_>) -> Result<Value, Error> {
        if let Some(name) = self.direct()
            && let Some(value) = context.find(name)
            && let Some(found) = reach(value, &self.steps, &mut Value::clone)
        {
            return Ok(found);
        }
        let mut value = match &self.root {
            Root::Name(name) => context.variable(name),
            Root::Dynamic(expression) => {
                let name = expression.evaluate(context)?;
                context.variable(&name.to_text())
            }
        };
        for step in &self.steps {
            if let Value::Scope(level) = value {
                let name = match step {
                    PathStep::Name(name) => Value::text(&**name),
                    PathStep::Key(key) => key.evaluate(context)?,
                };
                value = context.variable_at(&name.to_text(), level);
                continue;
            }
            value = match step {
                PathStep::Name(name) => value.property(name),
                PathStep::Key(key) => {
                    let key = key.evaluate(context)?;
                    value.get(&key)
                }
            };
        }
        Ok(value)
    }
}

impl Filtered {
    fn evaluate(&self, context: &mut Context<'_>) -> Result<Value, Error> {
        let mut value = self.base.evaluate(context)?;
        for call in &self.filters {
            value = call.apply(value, context).map_err(|error| call.placed(error, context))?;
        }
        Ok(value)
    }

    /// Prints a variable's string through its only filter, without making a value of the result;
    /// `None` when the filter or the variable is another.
    fn print_in_place(&self, context: &mut Context<'_>) -> Option<Result<(), Error>> {
        let ([call], Expression::Path(path)) = (self.filters.as_slice(), &self.base) else {
            return None;
        };
        let in_place = call.in_place()?;
        let name = path.direct()?;
        let (readable, mut writer) = context.writer();
        let value = readable.find(name.hash(), name)?;
        // The value is read once: a drop may do work for it.
        let written = reach(value, &path.steps, &mut |value| match value {
            Value::Text(text, _) if writer.takes(in_place) => Ok(writer.filtered(text, in_place)),
            other => Err(other.clone()),
        });
        Some(match written? {
            Ok(Ok(bytes)) => context.written(bytes),
            Ok(Err(error)) => Err(call.placed(error, context)),
            Err(value) => match call.apply(value, context) {
                Ok(value) => context.print(&value),
                Err(error) => Err(call.placed(error, context)),
            },
        })
    }
}

/// Ruby passes named arguments as a hash at the end; standard filters refuse another number of
/// arguments than their own, and some take strings only.
fn as_ruby(filter: &Filter, value: &mut Value, arguments: &mut Arguments) -> Result<(), Error> {
    if !arguments.named.is_empty() {
        let named = arguments.named.iter().cloned().collect();
        arguments.positional.push(Value::hash(named));
    }
    let Some(standard) = filter.standard() else { return Ok(()) };
    if let Some(arity) = standard.arity {
        arity::check(arity, arguments.positional.len())?;
    }
    if standard.takes_strings {
        std::iter::once(value).chain(&mut arguments.positional).for_each(inspect);
    }
    Ok(())
}

/// Replaces a list or hash by the string that Ruby inspects it as.
fn inspect(value: &mut Value) {
    if let Value::List(_) | Value::Hash(_) | Value::Drop(_) | Value::Scope(_) = value {
        *value = Value::text(value.to_ruby_argument().into_owned());
    }
}

impl FilterCall {
    /// Adds the filter's position to an error; Ruby reports the line in which the tag begins.
    pub(super) fn placed(&self, error: Error, context: &Context<'_>) -> Error {
        let is_placed = !context.engine().is_ruby() || self.mark.line == context.line;
        if is_placed { context.place(error, self.mark) } else { error }
    }

    /// How the filter writes a string into the output, if it can and the call has no arguments.
    #[inline]
    fn in_place(&self) -> Option<InPlace> {
        let in_place = self.filter.as_ref()?.standard()?.in_place?;
        (self.positional.is_empty() && self.named.is_empty()).then_some(in_place)
    }

    fn apply(&self, value: Value, context: &mut Context<'_>) -> Result<Value, Error> {
        context.budget.step()?;
        let Some(filter) = &self.filter else {
            return context.unknown_filter(&self.name, value, self.mark);
        };
        let mut arguments = Arguments::default();
        for expression in &self.positional {
            arguments.positional.push(expression.evaluate(context)?);
        }
        for (name, expression) in &self.named {
            arguments.named.push((name.clone(), expression.evaluate(context)?));
        }
        run(filter, value, arguments, context)
    }
}

/// Calls a filter with evaluated arguments.
///
/// # Errors
/// What the filter refuses, or an exceeded limit.
#[inline]
pub(super) fn run(
    filter: &Filter,
    mut value: Value,
    mut arguments: Arguments,
    context: &mut Context<'_>,
) -> Result<Value, Error> {
    let weight = value.weight();
    if context.engine().is_ruby() {
        as_ruby(filter, &mut value, &mut arguments)?;
    }
    let result = filter.call(value, &arguments, context)?;
    context.budget.value(result.weight())?;
    context.budget.weigh(weight.max(result.weight()))?;
    Ok(result)
}
