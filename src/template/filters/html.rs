//! HTML in filters: marking safe, sanitising, Markdown, escaping.

use crate::liquid::context::Context;
use crate::liquid::engine::Engine;
use crate::liquid::error::Error;
use crate::liquid::filter::Arguments;
use crate::liquid::print::escape_entities;
use crate::liquid::value::Value;
use crate::template::filters::{alias, inflection, markup};

/// Adds them.
pub fn register(engine: &mut Engine) {
    alias(engine, &["html_safe"], html_safe);
    alias(engine, &["raw_escape_string"], |v, _, _| Ok(Value::safe(escape_entities(&v.to_text()))));
    alias(engine, &["sanitize"], |v, _, c| {
        large(&v, c)?;
        Ok(Value::safe(markup::sanitize(&v.to_text()).into_owned()))
    });
    alias(engine, &["markdown", "markdownify"], |v, _, c| {
        large(&v, c)?;
        Ok(Value::safe(markup::markdown(&v.to_text())))
    });
    alias(engine, &["html_to_text"], |v, _, c| {
        large(&v, c)?;
        if markup::nests_too_deep(&v.to_text()) {
            return Err(Error::limit("the HTML nests too deep"));
        }
        Ok(Value::text(markup::to_text(&v.to_text())))
    });
    alias(engine, &["new_line_to_br", "nl2br"], |v, _, _| {
        let text = escape_entities(&v.to_text());
        Ok(Value::safe(text.replace("\r\n", "\n").replace('\n', "<br />\n")))
    });
    alias(engine, &["escape_javascript", "j"], |v, _, _| {
        Ok(Value::safe(inflection::escape_javascript(&v.to_text())))
    });
    alias(engine, &["unescape_javascript"], |v, _, _| {
        Ok(Value::text(inflection::unescape_javascript(&v.to_text())))
    });
}

/// An HTML parser takes many times the room of its text.
fn large(value: &Value, context: &Context<'_>) -> Result<(), Error> {
    context.budget.value(value.to_text().len().saturating_mul(4))
}

/// Entities are unescaped first, unless `raw_text: true`.
fn html_safe(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> Result<Value, Error> {
    let Value::Text(text, _) = &value else { return Ok(value) };
    let is_raw = arguments.named("raw_text").is_some_and(Value::is_truthy);
    let text = if is_raw { text.to_string() } else { markup::unescape(text).into_owned() };
    Ok(Value::safe(text))
}
