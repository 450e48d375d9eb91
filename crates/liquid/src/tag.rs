//! What a tag is: how it is read, and what it does when it is rendered.

use crate::context::Context;
use crate::cursor::Cursor;
use crate::error::{Error, Mark};
use crate::parser::Parser;
use crate::template::Reference;
use std::fmt;

/// What follows after a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// The next piece.
    Next,
    /// The loop ends.
    Break,
    /// The loop's next turn.
    Continue,
    /// The partial ends, with the value that the context holds.
    Return,
    /// The whole render ends.
    Stop,
}

/// A compiled tag.
pub trait Tag: fmt::Debug + Send + Sync {
    /// Does what it does.
    ///
    /// # Errors
    /// What went wrong; the place is added by whoever renders the node.
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error>;

    /// Adds the names it refers to that are constant, for a checker.
    fn references(&self, found: &mut Vec<Reference>) {
        let _ = found;
    }

    /// True for tags that have a body.
    fn is_block(&self) -> bool {
        false
    }

    /// True for tags that print nothing: a block of only such tags and white space is blank.
    fn is_blank(&self) -> bool {
        false
    }
}

/// What a tag is read from.
pub struct Markup<'a> {
    /// The tag's own name.
    pub name: &'a str,
    /// What stands behind the name.
    pub text: &'a str,
    /// Where the tag begins.
    pub mark: Mark,
    /// Where `text` begins.
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
