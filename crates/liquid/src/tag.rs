//! Tags: how a tag is read from its markup, and how it is rendered.

use crate::context::Context;
use crate::cursor::Cursor;
use crate::error::{Error, Mark};
use crate::parser::Parser;
use crate::template::Reference;
use std::fmt;

/// How a render goes on after a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flow {
    /// With the next node.
    Next,
    /// After the end of the loop.
    Break,
    /// With the next turn of the loop.
    Continue,
    /// After the partial, whose value is in [`Context::returned`].
    Return,
    /// Not at all: the render ends.
    Stop,
}

/// A compiled tag.
pub trait Tag: fmt::Debug + Send + Sync {
    /// Renders the tag.
    ///
    /// # Errors
    /// What went wrong; [`crate::template::Block::render`] adds the place.
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error>;

    /// Adds the constant names that the tag refers to, for a checker.
    fn references(&self, found: &mut Vec<Reference>) {
        let _ = found;
    }

    /// Whether the tag has a body.
    fn is_block(&self) -> bool {
        false
    }

    /// Whether the tag prints nothing: a block of such tags and white space is blank.
    fn is_blank(&self) -> bool {
        false
    }
}

/// The markup of a tag.
pub struct Markup<'a> {
    /// The tag's name.
    pub name: &'a str,
    /// The markup after the name.
    pub text: &'a str,
    /// The position of the tag.
    pub mark: Mark,
    /// The position of `text`.
    pub text_mark: Mark,
}

impl<'a> Markup<'a> {
    /// A cursor over the markup.
    pub fn cursor<'b>(&self, parser: &'b Parser<'_>) -> Cursor<'b>
    where
        'a: 'b,
    {
        parser.cursor(self.text, self.text_mark)
    }
}

/// Reads a tag; a block reads its body from the parser.
pub type ReadTag = fn(&Markup<'_>, &mut Parser<'_>) -> Result<Box<dyn Tag>, Error>;
