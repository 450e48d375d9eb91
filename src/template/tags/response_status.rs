//! `response_status 403`: sets the status of the response; blank leaves it unchanged.

use crate::template::bridge;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::expression::Expression;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};

#[derive(Debug)]
struct ResponseStatus(Expression);

/// Parses the tag.
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
        match value.to_int().and_then(|status| u16::try_from(status).ok()) {
            Some(status @ 100..=599) => {
                bridge::on(context, move |bridge| {
                    bridge.request_context.effect(|effects| effects.status = Some(status));
                });
                Ok(Flow::Next)
            }
            _ => Err(Error::argument(format!("`{}` is not a status", value.to_text()))),
        }
    }

    fn is_blank(&self) -> bool {
        true
    }
}
