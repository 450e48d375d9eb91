//! `assign x = value | filters`.

use crate::context::Context;
use crate::error::Error;
use crate::expression::Expression;
use crate::parser::Parser;
use crate::tag::{Flow, Markup, Tag};
use crate::tags::append_in_place::Grow;
use crate::text::Text;

#[derive(Debug)]
struct Assign {
    name: Text,
    value: Expression,
}

impl Assign {
    fn tag(name: Text, value: Expression) -> Box<dyn Tag> {
        match Grow::of(name, value) {
            Ok(grow) => Box::new(grow),
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
    // Ruby finds the name anywhere before the `=`; files in the wild write `assign = x = …`.
    cursor.eat("=");
    let name = cursor.name_or_text();
    match name {
        Some(name) if cursor.eat("=") => Ok(Assign::tag(name, cursor.filtered()?)),
        _ => Err(malformed()),
    }
}

/// Ruby finds the name before the first `=` that has one, whatever stands before it.
fn read_ruby(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let Some((name, value)) = split(markup.text) else { return Err(malformed()) };
    let before = &markup.text[..markup.text.len() - value.len()];
    let value = parser.filtered(value, markup.text_mark.after(before))?;
    Ok(Assign::tag(name.into(), value))
}

fn malformed() -> Error {
    Error::syntax("Syntax Error in 'assign' - Valid syntax: assign [var] = [source]")
}

/// The name and the value of an assignment, as Ruby finds them.
pub fn split(text: &str) -> Option<(&str, &str)> {
    let is_part = |c: char| c.is_alphanumeric() || "_-.[]".contains(c);
    text.match_indices('=').find_map(|(place, _)| {
        let before = text[..place].trim_end();
        let start = before
            .rfind(|c| !is_part(c))
            .map_or(0, |last| last + before[last..].chars().next().map_or(1, char::len_utf8));
        (start < before.len()).then(|| (&before[start..], &text[place + 1..]))
    })
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
