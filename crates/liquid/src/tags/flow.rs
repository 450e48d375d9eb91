//! `break` and `continue`.

use crate::context::Context;
use crate::error::Error;
use crate::parser::Parser;
use crate::tag::{Flow, Markup, Tag};

#[derive(Debug)]
struct Jump(Flow);

/// Reads either tag.
///
/// # Errors
/// Never.
pub fn read(markup: &Markup<'_>, _: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let flow = if markup.name == "break" { Flow::Break } else { Flow::Continue };
    Ok(Box::new(Jump(flow)))
}

impl Tag for Jump {
    fn render(&self, _: &mut Context<'_>) -> Result<Flow, Error> {
        Ok(self.0)
    }
}
