//! `session name = value`: stores a value in the visitor's session; a blank value removes it.

use crate::template::{bridge, json};
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::expression::Expression;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};
use sluicegate_liquid::text::Text;

#[derive(Debug)]
struct Session {
    name: Text,
    value: Expression,
}

/// Parses the tag.
///
/// # Errors
/// When `name = value` is missing.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let mut cursor = markup.cursor(parser);
    match cursor.name_or_text() {
        Some(name) if cursor.eat("=") => Ok(Box::new(Session { name, value: cursor.filtered()? })),
        _ => Err(Error::syntax("session needs `name = value`")),
    }
}

impl Tag for Session {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let value = self.value.evaluate(context)?;
        let Some(request_context) = bridge::request_context(context) else { return Ok(Flow::Next) };
        let session = request_context.part("session");
        let kept = if value.is_blank() {
            session.borrow_mut().shift_remove(&self.name);
            serde_json::Value::Null
        } else {
            let kept = json::checked(&value, context)?;
            session.borrow_mut().insert(self.name.clone(), value);
            kept
        };
        request_context.effect(|effects| effects.session.push((self.name.to_string(), kept)));
        Ok(Flow::Next)
    }

    fn is_blank(&self) -> bool {
        true
    }
}
