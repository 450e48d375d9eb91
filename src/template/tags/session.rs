//! `session name = value`: kept for the visitor; blank takes it away.

use crate::liquid::context::Context;
use crate::liquid::error::Error;
use crate::liquid::expression::Expression;
use crate::liquid::parser::Parser;
use crate::liquid::tag::{Flow, Markup, Tag};
use crate::liquid::text::Text;
use crate::template::{json, stage};

#[derive(Debug)]
struct Session {
    name: Text,
    value: Expression,
}

/// Reads the tag.
///
/// # Errors
/// When there is no `name = value`.
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
        let Some(scene) = stage::scene(context) else { return Ok(Flow::Next) };
        let session = scene.part("session");
        let kept = if value.is_blank() {
            session.borrow_mut().shift_remove(&self.name);
            serde_json::Value::Null
        } else {
            let kept = json::checked(&value, context)?;
            session.borrow_mut().insert(self.name.clone(), value);
            kept
        };
        scene.effect(|effects| effects.session.push((self.name.to_string(), kept)));
        Ok(Flow::Next)
    }

    fn is_blank(&self) -> bool {
        true
    }
}
