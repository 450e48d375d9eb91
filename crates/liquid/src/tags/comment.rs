//! `comment`, `doc` and `#`: markup that is neither read nor rendered.

use crate::context::Context;
use crate::error::Error;
use crate::parser::Parser;
use crate::tag::{Flow, Markup, Tag};

#[derive(Debug)]
struct Comment;

/// Reads a block up to its end tag.
///
/// # Errors
/// When there is no end tag.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    if markup.name == "comment" {
        parser.comment()?;
        return Ok(Box::new(Comment));
    }
    parser.raw_until(&format!("end{}", markup.name))?;
    Ok(Box::new(Comment))
}

/// Reads a `#`, whose markup is the comment.
///
/// # Errors
/// Never.
pub fn read_line(_: &Markup<'_>, _: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    Ok(Box::new(Comment))
}

impl Tag for Comment {
    fn render(&self, _: &mut Context<'_>) -> Result<Flow, Error> {
        Ok(Flow::Next)
    }

    fn is_blank(&self) -> bool {
        true
    }
}
