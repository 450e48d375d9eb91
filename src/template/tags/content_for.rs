//! `content_for 'name', flush: true … endcontent_for`: text for a `yield` further out.

use crate::liquid::context::Context;
use crate::liquid::cursor::TagArguments;
use crate::liquid::error::Error;
use crate::liquid::expression::Expression;
use crate::liquid::parser::Parser;
use crate::liquid::tag::{Flow, Markup, Tag};
use crate::liquid::template::{Block, Reference};
use crate::liquid::value::Value;
use crate::template::{arguments, stage};

#[derive(Debug)]
struct ContentFor {
    name: Expression,
    arguments: TagArguments,
    body: Block,
}

/// Reads the tag.
///
/// # Errors
/// When there is no `endcontent_for`.
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
        stage::on(context, move |stage| stage.scene.keep_content(&name, &text, flush));
        flow
    }

    fn references(&self, found: &mut Vec<Reference>) {
        self.body.references(found);
    }

    fn is_blank(&self) -> bool {
        true
    }
}
