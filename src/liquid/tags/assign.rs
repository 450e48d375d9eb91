//! `assign x = value | filters`.

use crate::liquid::context::Context;
use crate::liquid::error::Error;
use crate::liquid::expression::Expression;
use crate::liquid::parser::Parser;
use crate::liquid::tag::{Flow, Markup, Tag};
use crate::liquid::text::Text;

#[derive(Debug)]
struct Assign {
    name: Text,
    value: Expression,
}

/// Reads the tag.
///
/// # Errors
/// When there is no `name = value`.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let mut cursor = markup.cursor(parser);
    // Ruby finds the name anywhere before the `=`; files in the wild write `assign = x = …`.
    cursor.eat("=");
    let name = cursor.name_or_text();
    match name {
        Some(name) if cursor.eat("=") => {
            Ok(Box::new(Assign { name: name.into(), value: cursor.filtered()? }))
        }
        _ => Err(Error::syntax("Syntax Error in 'assign' - Valid syntax: assign [var] = [source]")),
    }
}

impl Tag for Assign {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let value = self.value.evaluate(context)?;
        context.assign(self.name.clone(), value);
        Ok(Flow::Next)
    }

    fn is_blank(&self) -> bool {
        true
    }
}
