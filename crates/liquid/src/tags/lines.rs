//! `liquid`: one tag a line.

use crate::context::Context;
use crate::error::Error;
use crate::parser::Parser;
use crate::tag::{Flow, Markup, Tag};
use crate::template::{Block, Reference};

#[derive(Debug)]
struct Lines(Block);

/// Reads the tag.
///
/// # Errors
/// A syntax error in one of the lines.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    Ok(Box::new(Lines(parser.lines(markup.text, markup.text_mark)?)))
}

impl Tag for Lines {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        self.0.render_inside(context)
    }

    fn references(&self, found: &mut Vec<Reference>) {
        self.0.references(found);
    }

    fn is_blank(&self) -> bool {
        self.0.is_blank()
    }
}
