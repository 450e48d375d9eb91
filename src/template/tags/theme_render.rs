//! `theme_render_rc 'name', k: v`: renders the first partial found along `theme_search_paths`.

use crate::template::arguments;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::cursor::TagArguments;
use sluicegate_liquid::error::{Error, Kind};
use sluicegate_liquid::expression::Expression;
use sluicegate_liquid::filters::list::shallow;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};
use sluicegate_liquid::variables::FrameKind;

#[derive(Debug)]
struct ThemeRender {
    name: Expression,
    arguments: TagArguments,
}

/// Parses the tag.
///
/// # Errors
/// A syntax error.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let mut cursor = markup.cursor(parser);
    let name = cursor.primary()?;
    Ok(Box::new(ThemeRender { name, arguments: cursor.arguments()? }))
}

impl Tag for ThemeRender {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let name = self.name.evaluate(context)?.to_text().into_owned();
        let named = arguments::named(&self.arguments, context)?;
        for folder in shallow(&context.variable("theme_search_paths")) {
            let path = format!("{}/{name}", folder.to_text().trim_end_matches('/'));
            match context.partials.find(&path) {
                Ok(template) => {
                    return Ok(match context.call(&template, FrameKind::Isolated, named)? {
                        Flow::Stop => Flow::Stop,
                        _ => Flow::Next,
                    });
                }
                Err(error) if error.kind() == Kind::Partial => {}
                Err(error) => return Err(error),
            }
        }
        let message = format!("can't find partial \"{name}\" in any of theme_search_paths");
        Err(Error::new(Kind::Partial, message))
    }
}
