//! `capture x … endcapture`.

use crate::context::Context;
use crate::error::Error;
use crate::parser::Parser;
use crate::print::Escape;
use crate::tag::{Flow, Markup, Tag};
use crate::template::{Block, Reference};
use crate::text::Text;
use crate::value::Value;

#[derive(Debug)]
struct Capture {
    name: Text,
    body: Block,
}

/// Reads the tag; the name may be quoted.
///
/// # Errors
/// When there is no name, or no `endcapture`.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let name = markup.cursor(parser).name_or_text();
    let syntax = "Syntax Error in 'capture' - Valid syntax: capture [var]";
    let name = name.ok_or_else(|| Error::syntax(syntax))?;
    let (body, _) = parser.block(&["endcapture"])?;
    Ok(Box::new(Capture { name, body }))
}

impl Tag for Capture {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let (flow, text) = context.capture(|context| self.body.render_inside(context));
        context.budget.value(text.len())?;
        // The output was escaped already and must not be escaped again.
        let safe = !matches!(context.escape, Escape::Raw);
        context.assign(self.name.clone(), Value::Text(text, safe));
        flow
    }

    fn references(&self, found: &mut Vec<Reference>) {
        self.body.references(found);
    }

    fn is_blank(&self) -> bool {
        true
    }
}
