//! `assign x = value | filters`.

use crate::context::Context;
use crate::error::Error;
use crate::expression::Expression;
use crate::lexer::split_assignment;
use crate::parser::Parser;
use crate::tag::{Flow, Markup, Tag};
use crate::tags::append_in_place::AppendInPlace;
use crate::text::Text;

#[derive(Debug)]
struct Assign {
    name: Text,
    value: Expression,
}

impl Assign {
    fn tag(name: Text, value: Expression) -> Box<dyn Tag> {
        match AppendInPlace::of(name, value) {
            Ok(append) => Box::new(append),
            Err((name, value)) => Box::new(Self { name, value }),
        }
    }
}

/// Reads the tag.
///
/// # Errors
/// When there is no `name = value`.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    if parser.engine().is_ruby() {
        return read_ruby(markup, parser);
    }
    let mut cursor = markup.cursor(parser);
    // Existing files write `assign = x = …`, because Ruby finds the name anywhere before the `=`.
    cursor.eat("=");
    let name = cursor.name_or_text();
    match name {
        Some(name) if cursor.eat("=") => Ok(Assign::tag(name, cursor.filtered()?)),
        _ => Err(malformed()),
    }
}

/// Reads it as Ruby does: the name is before the first `=` that has one, whatever precedes it.
fn read_ruby(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let Some((name, value)) = split_assignment(markup.text) else { return Err(malformed()) };
    let before = &markup.text[..markup.text.len() - value.len()];
    let value = parser.filtered(value, markup.text_mark.after(before))?;
    Ok(Assign::tag(name.into(), value))
}

fn malformed() -> Error {
    Error::syntax("Syntax Error in 'assign' - Valid syntax: assign [var] = [source]")
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
