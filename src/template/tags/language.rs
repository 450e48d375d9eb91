//! `context language: 'de'`: the language of the request from here on.

use crate::liquid::context::Context;
use crate::liquid::cursor::TagArguments;
use crate::liquid::error::Error;
use crate::liquid::parser::Parser;
use crate::liquid::tag::{Flow, Markup, Tag};
use crate::template::{arguments, json, stage};

#[derive(Debug)]
struct Language(TagArguments);

/// Reads the tag.
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
            stage::on(context, move |stage| stage.scene.set("language", language));
        }
        Ok(Flow::Next)
    }

    fn is_blank(&self) -> bool {
        true
    }
}
