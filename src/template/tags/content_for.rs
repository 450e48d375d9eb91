//! `content_for 'name', flush: true … endcontent_for`: content for a `yield` in a layout.

use crate::template::{arguments, bridge};
use sluicegate_liquid::context::Context;
use sluicegate_liquid::cursor::TagArguments;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::expression::Expression;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};
use sluicegate_liquid::template::{Block, Reference};
use sluicegate_liquid::value::Value;

#[derive(Debug)]
struct ContentFor {
    name: Expression,
    arguments: TagArguments,
    body: Block,
}

/// Parses the tag.
///
/// # Errors
/// When `endcontent_for` is missing.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let mut cursor = markup.cursor(parser);
    let name = cursor.filtered()?;
    let arguments = cursor.arguments()?;
    let (body, _) = parser.block(&["endcontent_for"])?;
    Ok(Box::new(ContentFor { name, arguments, body }))
}

impl Tag for ContentFor {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let name = self.name.evaluate(context)?.to_text().into_owned();
        let mut named = arguments::named(&self.arguments, context)?;
        let flush =
            arguments::take(&mut named, "flush").is_some_and(|value| Value::is_truthy(&value));
        let (flow, text) = context.capture(|context| self.body.render_inside(context));
        context.budget.value(text.len())?;
        bridge::on(context, move |bridge| bridge.request_context.keep_content(&name, &text, flush));
        flow
    }

    fn references(&self, found: &mut Vec<Reference>) {
        self.body.references(found);
    }

    fn is_blank(&self) -> bool {
        true
    }
}
