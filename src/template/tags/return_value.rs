//! `return value | filters`: ends the partial, from inside any block.

use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::expression::Expression;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};

#[derive(Debug)]
struct Return(Expression);

/// Parses the tag.
///
/// # Errors
/// A syntax error in the expression.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    Ok(Box::new(Return(markup.cursor(parser).filtered()?)))
}

impl Tag for Return {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let value = self.0.evaluate(context)?;
        context.returned = Some(value);
        Ok(Flow::Return)
    }

    fn is_blank(&self) -> bool {
        true
    }
}
