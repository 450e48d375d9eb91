//! The arguments of the platform's tags, and the filters after them.

use crate::template::filters::json::parse;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::cursor::{Cursor, TagArguments};
use sluicegate_liquid::error::Error;
use sluicegate_liquid::expression::{Expression, Path, Root};
use sluicegate_liquid::text::Text;
use sluicegate_liquid::value::Value;
use sluicegate_liquid::variables::FrameKind;

/// Named values, in source order.
pub type Named = Vec<(Text, Value)>;

/// Evaluates every named argument.
///
/// # Errors
/// The error of an expression.
pub fn named(arguments: &TagArguments, context: &mut Context<'_>) -> Result<Named, Error> {
    let mut values = Vec::with_capacity(arguments.named.len());
    for (name, expression) in &arguments.named {
        let value = expression.evaluate(context)?;
        // Of two arguments with the same name, the last counts.
        values.retain(|(other, _): &(Text, Value)| other != name);
        values.push((name.clone(), value));
    }
    Ok(values)
}

/// Removes a named value and returns it.
pub fn take(values: &mut Named, name: &str) -> Option<Value> {
    let at = values.iter().position(|(one, _)| &**one == name)?;
    Some(values.remove(at).1)
}

/// `args: hash`: its entries become arguments, unless they are also passed by name. A string is
/// parsed as JSON first.
///
/// # Errors
/// When the string is not valid JSON.
pub fn spread(values: &mut Named, context: &mut Context<'_>) -> Result<(), Error> {
    let args = match take(values, "args") {
        Some(Value::Text(text, _)) => parse(&text, context)?,
        Some(other) => other,
        None => return Ok(()),
    };
    let Value::Hash(hash) = args else { return Ok(()) };
    let given = std::mem::take(values);
    let is_given = |key: &Text| given.iter().any(|(name, _)| name == key);
    let hash = hash.borrow();
    let spread = hash.iter().filter(|(key, _)| !is_given(key));
    values.extend(spread.map(|(key, value)| (key.clone(), value.clone())));
    values.extend(given);
    Ok(())
}

/// The input variable of the filters after a tag's arguments; no template can name it.
const RESULT: &str = " result";

/// The filters after a tag's arguments.
#[derive(Debug)]
pub struct Trailing(Expression);

impl Trailing {
    /// Parses them; there may be none.
    ///
    /// # Errors
    /// A syntax error.
    pub fn read(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let result = Path { root: Root::Name(RESULT.into()), steps: Vec::new() };
        Ok(Self(cursor.filters(Expression::Path(result))?))
    }

    /// Returns the value after the filters.
    ///
    /// # Errors
    /// The error of a filter.
    pub fn apply(&self, value: Value, context: &mut Context<'_>) -> Result<Value, Error> {
        if matches!(self.0, Expression::Path(_)) {
            return Ok(value);
        }
        let variables = vec![(RESULT.into(), value)];
        context.with_frame(FrameKind::Block, variables, |context| self.0.evaluate(context))
    }
}
