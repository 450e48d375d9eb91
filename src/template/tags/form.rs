//! `form html-class: x, url:, method: … endform`: the form element around a form's body.

use crate::template::arguments::{self, Named, take};
use sluicegate_liquid::context::Context;
use sluicegate_liquid::cursor::TagArguments;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::print::escape_entities;
use sluicegate_liquid::tag::{Flow, Markup, Tag};
use sluicegate_liquid::template::{Block, Reference};
use sluicegate_liquid::value::Value;
use std::fmt::Write as _;

#[derive(Debug)]
struct Form {
    arguments: TagArguments,
    body: Block,
}

/// Parses the tag.
///
/// # Errors
/// When `endform` is missing.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let arguments = markup.cursor(parser).arguments()?;
    let (body, _) = parser.block(&["endform"])?;
    Ok(Box::new(Form { arguments, body }))
}

impl Tag for Form {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let named = arguments::named(&self.arguments, context)?;
        let form = match context.variable("form") {
            Value::Nil => context.variable("form_builder"),
            form => form,
        };
        let opening = opening(&form, named);
        context.write(&opening)?;
        context.write(&form.property("system_fields").to_text())?;
        // `form_builder` is the old name of the same object.
        let variables = vec![("form".into(), form.clone()), ("form_builder".into(), form)];
        let kind = sluicegate_liquid::variables::FrameKind::Block;
        let flow =
            context.with_frame(kind, variables, |context| self.body.render_inside(context))?;
        context.write("</form>")?;
        Ok(flow)
    }

    fn references(&self, found: &mut Vec<Reference>) {
        self.body.references(found);
    }
}

/// Returns the opening tag, and a hidden input for a method that browsers cannot send.
fn opening(form: &Value, mut named: Named) -> String {
    let given = |value: Option<Value>| value.filter(|value| !value.is_blank());
    let text = |value: Value| value.to_text().into_owned();
    let action = given(take(&mut named, "url")).unwrap_or_else(|| form.property("action"));
    let method = given(take(&mut named, "method")).unwrap_or_else(|| form.property("method"));
    let method = text(method).to_ascii_lowercase();
    let sent = if method == "get" { "get" } else { "post" };
    let mut out = String::from("<form accept-charset=\"UTF-8\"");
    let multipart = take(&mut named, "html-multipart");
    if sent == "post" && multipart.is_none_or(|value| value.is_truthy()) {
        out.push_str(" enctype=\"multipart/form-data\"");
    }
    let _ = write!(out, " action=\"{}\" method=\"{sent}\"", escape_entities(&text(action)));
    for (name, value) in named {
        let Some(name) = name.strip_prefix("html-") else { continue };
        match value {
            Value::Nil | Value::Bool(false) => {}
            Value::Bool(true) => {
                let _ = write!(out, " {}", escape_entities(name));
            }
            value => {
                let value = escape_entities(&value.to_text());
                let _ = write!(out, " {}=\"{value}\"", escape_entities(name));
            }
        }
    }
    out.push('>');
    if matches!(&*method, "put" | "patch" | "delete") {
        let _ = write!(out, "<input type=\"hidden\" name=\"_method\" value=\"{method}\">");
    }
    out
}
