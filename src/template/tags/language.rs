//! `context language: 'de'`: sets the language for the rest of the request.

use crate::template::{arguments, bridge, json};
use sluicegate_liquid::context::Context;
use sluicegate_liquid::cursor::TagArguments;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};

#[derive(Debug)]
struct Language(TagArguments);

/// Parses the tag.
///
/// # Errors
/// A syntax error.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    Ok(Box::new(Language(markup.cursor(parser).arguments()?)))
}

impl Tag for Language {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let mut named = arguments::named(&self.0, context)?;
        if let Some(language) = arguments::take(&mut named, "language") {
            let language = json::plain(&language);
            bridge::on(context, move |bridge| bridge.request_context.set("language", language));
        }
        Ok(Flow::Next)
    }

    fn is_blank(&self) -> bool {
        true
    }
}
