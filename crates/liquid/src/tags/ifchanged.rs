//! `ifchanged … endifchanged`: printed when its output differs from the previous turn.

use crate::context::Context;
use crate::error::Error;
use crate::parser::Parser;
use crate::tag::{Flow, Markup, Tag};
use crate::template::{Block, Reference};
use crate::value::Value;

#[derive(Debug)]
struct IfChanged(Block);

/// Reads the tag.
///
/// # Errors
/// When there is no `endifchanged`.
pub fn read(_: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    Ok(Box::new(IfChanged(parser.block(&["endifchanged"])?.0)))
}

impl Tag for IfChanged {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let (flow, text) = context.capture(|context| self.0.render_inside(context));
        let last = context.tallies.get("ifchanged").map(|last| last.to_text().into_owned());
        if last.as_deref() != Some(&text) {
            context.write(&text)?;
            context.tallies.insert("ifchanged".into(), Value::text(text));
        }
        flow
    }

    fn references(&self, found: &mut Vec<Reference>) {
        self.0.references(found);
    }
}
