//! `print value | filters`: prints a value without escaping.

use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::expression::Expression;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};

#[derive(Debug)]
struct Print(Expression);

/// Parses the tag.
///
/// # Errors
/// A syntax error in the expression.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    Ok(Box::new(Print(markup.cursor(parser).filtered()?)))
}

impl Tag for Print {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let value = self.0.evaluate(context)?;
        context.write(&value.to_text())?;
        Ok(Flow::Next)
    }
}
