//! `yield 'name', default: text`: prints a `content_for` block; without a name, the wrapped page.

use crate::template::{arguments, bridge};
use sluicegate_liquid::context::Context;
use sluicegate_liquid::cursor::TagArguments;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::expression::Expression;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};

#[derive(Debug)]
struct Yield {
    name: Expression,
    arguments: TagArguments,
}

/// Parses the tag.
///
/// # Errors
/// A syntax error.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let mut cursor = markup.cursor(parser);
    let name = cursor.filtered()?;
    Ok(Box::new(Yield { name, arguments: cursor.arguments()? }))
}

impl Tag for Yield {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let name = self.name.evaluate(context)?.to_text().into_owned();
        let kept = bridge::on(context, move |bridge| match name.trim() {
            "" => Some(bridge.request_context.content()),
            name => bridge.request_context.content_for(name),
        });
        match kept.flatten().filter(|text| !text.trim().is_empty()) {
            Some(text) => context.write(&text)?,
            None => {
                let mut named = arguments::named(&self.arguments, context)?;
                if let Some(default) = arguments::take(&mut named, "default") {
                    context.print(&default)?;
                }
            }
        }
        Ok(Flow::Next)
    }
}
