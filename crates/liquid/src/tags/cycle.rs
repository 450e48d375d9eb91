//! `cycle 'a', 'b'`, `cycle group: 'a', 'b'`.

use crate::context::Context;
use crate::error::Error;
use crate::expression::Expression;
use crate::parser::Parser;
use crate::tag::{Flow, Markup, Tag};
use crate::value::Value;

#[derive(Debug)]
struct Cycle {
    group: Option<Expression>,
    values: Vec<Expression>,
    key: String,
}

/// Reads the tag.
///
/// # Errors
/// When the tag has no values.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let mut cursor = markup.cursor(parser);
    let first = cursor.primary()?;
    let (group, mut values) =
        if cursor.eat(":") { (Some(first), vec![cursor.primary()?]) } else { (None, vec![first]) };
    while cursor.eat(",") {
        if cursor.is_done() {
            break;
        }
        values.push(cursor.primary()?);
    }
    if markup.text.trim().is_empty() {
        let syntax =
            "Syntax Error in 'cycle' - Valid syntax: cycle [name :] var [, var2, var3 ...]";
        return Err(Error::syntax(syntax));
    }
    let is_constant = values.iter().all(|value| matches!(value, Expression::Literal(_)));
    // A cycle with variables has its own turn, even beside an equal one.
    let key = match is_constant {
        true => markup.text.trim().to_owned(),
        false => format!("{}:{} {}", markup.mark.line, markup.mark.column, markup.text),
    };
    Ok(Box::new(Cycle { group, values, key }))
}

impl Tag for Cycle {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let key = match &self.group {
            Some(group) => format!("cycle group {}", group.evaluate(context)?.to_text()),
            None => format!("cycle {}", self.key),
        };
        let turn = match context.tallies.get(&key).and_then(Value::to_int) {
            Some(turn) => turn,
            None => {
                // A group can have another name each time.
                context.budget.value(key.len() + 2 * size_of::<Value>())?;
                0
            }
        };
        let place = usize::try_from(turn).unwrap_or(0) % self.values.len();
        context.tallies.insert(key.into(), Value::Int(turn + 1));
        let value = self.values[place].evaluate(context)?;
        context.print(&value)?;
        Ok(Flow::Next)
    }
}
