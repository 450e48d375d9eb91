//! `parse_json x … endparse_json`: renders the body and parses it as JSON.

use crate::template::filters::json::parse;
use crate::template::filters::markup;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::print::{Escape, escape_entities};
use sluicegate_liquid::tag::{Flow, Markup, Tag};
use sluicegate_liquid::template::{Block, Reference};
use sluicegate_liquid::text::Text;
use sluicegate_liquid::value::Value;

#[derive(Debug)]
struct ParseJson {
    name: Text,
    body: Block,
}

/// Parses the tag; the name may be quoted.
///
/// # Errors
/// When the name or `endparse_json` is missing.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let name = markup.cursor(parser).name_or_text();
    let name = name.ok_or_else(|| Error::syntax("parse_json needs the name of a variable"))?;
    let (body, _) = parser.block(&["endparse_json"])?;
    Ok(Box::new(ParseJson { name, body }))
}

impl Tag for ParseJson {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        // The platform unescapes the body before parsing it. Escaping all output into the body
        // protects data that contains entities itself.
        let outer = std::mem::replace(&mut context.escape, Escape::Through(escape_entities));
        let (flow, text) = context.capture(|context| self.body.render_inside(context));
        context.escape = outer;
        let flow = flow?;
        let value = parse(&markup::unescape(&text), context).or_else(|error| {
            if context.raises() {
                return Err(error);
            }
            context.warn(error.message());
            Ok(Value::Nil)
        })?;
        context.assign(self.name.clone(), value);
        Ok(flow)
    }

    fn references(&self, found: &mut Vec<Reference>) {
        self.body.references(found);
    }

    fn is_blank(&self) -> bool {
        true
    }
}
