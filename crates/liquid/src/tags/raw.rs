//! `raw … endraw`: markup that is printed as it is written.

use crate::context::Context;
use crate::error::Error;
use crate::parser::Parser;
use crate::tag::{Flow, Markup, Tag};

#[derive(Debug)]
struct Raw(String);

/// Reads the tag.
///
/// # Errors
/// When there is no `endraw`.
pub fn read(_: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    Ok(Box::new(Raw(parser.raw_until("endraw")?.to_owned())))
}

impl Tag for Raw {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        context.write(&self.0)?;
        Ok(Flow::Next)
    }
}
