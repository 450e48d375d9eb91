//! `increment x` and `decrement x`: counters of the render, apart from its variables.

use crate::context::Context;
use crate::error::Error;
use crate::parser::Parser;
use crate::tag::{Flow, Markup, Tag};
use crate::text::Text;
use crate::value::Value;

#[derive(Debug)]
struct Counter {
    name: Text,
    down: bool,
}

/// Reads the tag.
///
/// # Errors
/// Never.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let name = markup.cursor(parser).name().unwrap_or_default();
    Ok(Box::new(Counter { name, down: markup.name == "decrement" }))
}

impl Tag for Counter {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let before = context.count(&self.name, if self.down { -1 } else { 1 });
        let shown = if self.down { before.saturating_sub(1) } else { before };
        context.print(&Value::Int(shown))?;
        Ok(Flow::Next)
    }
}
