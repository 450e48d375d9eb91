//! `echo value | filters`: `{{ }}` as a tag.

use crate::liquid::context::Context;
use crate::liquid::error::Error;
use crate::liquid::expression::Expression;
use crate::liquid::parser::Parser;
use crate::liquid::tag::{Flow, Markup, Tag};

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
