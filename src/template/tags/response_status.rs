//! `response_status 403`: the status of the answer; nothing, when it is nil.

use crate::liquid::context::Context;
use crate::liquid::error::Error;
use crate::liquid::expression::Expression;
use crate::liquid::parser::Parser;
use crate::liquid::tag::{Flow, Markup, Tag};
use crate::template::stage;

#[derive(Debug)]
struct ResponseStatus(Expression);

/// Reads the tag.
///
/// # Errors
/// A syntax error.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    Ok(Box::new(ResponseStatus(markup.cursor(parser).filtered()?)))
}

impl Tag for ResponseStatus {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let value = self.0.evaluate(context)?;
        if value.is_blank() {
            return Ok(Flow::Next);
        }
        match value.to_int() {
            Some(status @ 100..=599) => {
                let status = status as u16;
                stage::on(context, move |stage| {
                    stage.scene.effect(|effects| effects.status = Some(status));
                });
                Ok(Flow::Next)
            }
            _ => Err(Error::argument(format!("`{}` is no status", value.to_text()))),
        }
    }

    fn is_blank(&self) -> bool {
        true
    }
}
