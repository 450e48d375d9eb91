//! `include_form 'name', k: v` (`render_form`): renders a form of the catalog.

use crate::template::host::FormCall;
use crate::template::host_calls::HostCall;
use crate::template::{arguments, bridge, json};
use sluicegate_liquid::context::Context;
use sluicegate_liquid::cursor::TagArguments;
use sluicegate_liquid::error::{Error, Kind};
use sluicegate_liquid::expression::Expression;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};
use sluicegate_liquid::template::Reference;
use sluicegate_liquid::value::Value;

#[derive(Debug)]
struct IncludeForm {
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
    Ok(Box::new(IncludeForm { name, arguments: cursor.arguments()? }))
}

impl Tag for IncludeForm {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let name = self.name.evaluate(context)?.to_text().into_owned();
        let named = arguments::named(&self.arguments, context)?;
        let id = named.iter().find(|(name, _)| &**name == "id").map(|(_, value)| value);
        let id = id.filter(|id| !id.is_blank()).map(|id| id.to_text().into_owned());
        let mut visible = context.visible();
        visible.retain(|(_, value)| !matches!(value, Value::Drop(_)));
        // The engine's variables are unordered; sorting makes the call deterministic.
        visible.sort_by(|(one, _), (other, _)| one.cmp(other));
        let call = FormCall {
            name,
            id: id.filter(|id| id != "new"),
            arguments: json::object(&named, context)?,
            locals: json::object(&visible, context)?,
        };
        bridge::send(context, HostCall::Form)?;
        let answer = bridge::on(context, move |bridge| {
            let html = bridge.host.include_form(call);
            (html, bridge.request_context.effect(|effects| effects.redirect.is_some()))
        });
        match answer {
            Some((Ok(html), redirects)) => {
                context.write(&html)?;
                Ok(if redirects { Flow::Stop } else { Flow::Next })
            }
            Some((Err(message), _)) => {
                bridge::check_interruption(context)?;
                Err(Error::new(Kind::Host, message))
            }
            None => Err(Error::new(Kind::Host, "there is no host to render a form")),
        }
    }

    fn references(&self, found: &mut Vec<Reference>) {
        if let Some(name) = self.name.constant_text() {
            let name = name.clone();
            found.push(Reference { kind: "form", name, mark: Default::default() });
        }
    }
}
