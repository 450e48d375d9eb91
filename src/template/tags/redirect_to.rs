//! `redirect_to url, status: 302`: redirects the visitor and ends the render.

use crate::template::{arguments, bridge};
use sluicegate_liquid::context::Context;
use sluicegate_liquid::cursor::TagArguments;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::expression::Expression;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};

#[derive(Debug)]
struct RedirectTo {
    url: Expression,
    arguments: TagArguments,
}

/// Parses the tag.
///
/// # Errors
/// A syntax error.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let mut cursor = markup.cursor(parser);
    let url = cursor.filtered()?;
    Ok(Box::new(RedirectTo { url, arguments: cursor.arguments()? }))
}

impl Tag for RedirectTo {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let url = self.url.evaluate(context)?;
        let url: String = url.to_text().chars().filter(|c| !c.is_control()).collect();
        let url = url.trim().to_owned();
        if url.is_empty() {
            return Err(Error::argument("redirect_to needs an address"));
        }
        let mut named = arguments::named(&self.arguments, context)?;
        let status = arguments::take(&mut named, "status").and_then(|value| value.to_int());
        let status = match status {
            None => 302,
            Some(301) => 301,
            Some(302) => 302,
            Some(303) => 303,
            Some(307) => 307,
            Some(308) => 308,
            Some(other) => {
                context.warn(format!("{other} is not a redirect status; 302 is used"));
                302
            }
        };
        bridge::on(context, move |bridge| {
            bridge.request_context.effect(|effects| effects.redirect = Some((url, status)));
        });
        Ok(Flow::Stop)
    }

    fn is_blank(&self) -> bool {
        true
    }
}
