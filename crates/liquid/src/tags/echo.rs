//! `echo value | filters`: `{{ }}` as a tag.

use crate::context::Context;
use crate::error::Error;
use crate::expression::Expression;
use crate::parser::Parser;
use crate::tag::{Flow, Markup, Tag};

#[derive(Debug)]
struct Echo(Expression);

/// Reads the tag.
///
/// # Errors
/// A syntax error in the expression.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    Ok(Box::new(Echo(parser.filtered(markup.text, markup.text_mark)?)))
}

impl Tag for Echo {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let value = self.0.evaluate(context)?;
        context.print(&value)?;
        Ok(Flow::Next)
    }
}
