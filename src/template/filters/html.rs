//! HTML filters: marking as safe, sanitizing, Markdown, escaping.

use crate::template::filters::json::parse;
use crate::template::filters::{alias, allowance, javascript, markup};
use crate::template::json;
use serde_json::Value as Json;
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::print::escape_entities;
use sluicegate_liquid::value::Value;

/// Registers the HTML filters.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["html_safe"], html_safe);
    alias(builder, &["raw_escape_string"], |v, _, _| {
        Ok(Value::safe(escape_entities(&v.to_text())))
    });
    alias(builder, &["sanitize"], sanitize);
    alias(builder, &["markdown", "markdownify"], markdown);
    alias(builder, &["html_to_text"], |v, _, c| {
        large(&v, c)?;
        if markup::nests_too_deep(&v.to_text()) {
            return Err(Error::limit("the HTML nests too deep"));
        }
        Ok(Value::text(markup::to_text(&v.to_text())))
    });
    alias(builder, &["new_line_to_br", "nl2br"], |v, _, _| {
        let text = escape_entities(&v.to_text());
        Ok(Value::safe(text.replace("\r\n", "\n").replace('\n', "<br />\n")))
    });
    alias(builder, &["escape_javascript", "j"], |v, _, _| {
        Ok(Value::safe(javascript::escape_javascript(&v.to_text())))
    });
    alias(builder, &["unescape_javascript"], |v, _, _| {
        Ok(Value::text(javascript::unescape_javascript(&v.to_text())))
    });
}

/// Charges the memory of an HTML parser, several times the size of its input.
fn large(value: &Value, context: &Context<'_>) -> Result<(), Error> {
    context.budget.value(value.to_text().len().saturating_mul(4))
}

/// Marks a string as safe. Entities are decoded first, unless `raw_text: true`.
fn html_safe(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> Result<Value, Error> {
    let Value::Text(text, _) = &value else { return Ok(value) };
    let is_raw = arguments.named("raw_text").is_some_and(Value::is_truthy);
    let text = if is_raw { text.to_string() } else { markup::unescape(text).into_owned() };
    Ok(Value::safe(text))
}

/// `sanitize: options`; a list is the older way to name elements.
fn sanitize(
    value: Value,
    arguments: &Arguments,
    context: &mut Context<'_>,
) -> Result<Value, Error> {
    large(&value, context)?;
    let text = value.to_text();
    let given = match arguments.at(0) {
        Value::List(_) => {
            serde_json::json!({ "elements": json::checked(arguments.at(0), context)? })
        }
        other => options(other, arguments, context)?,
    };
    if given.is_null() {
        return Ok(Value::safe(markup::sanitize(&text).into_owned()));
    }
    if markup::nests_too_deep(&text) {
        return Ok(Value::safe(escape_entities(&text)));
    }
    Ok(Value::safe(allowance::clean(&text, &given)))
}

/// `markdown: options, extra_options`: the first replaces the defaults, the second extends them.
fn markdown(
    value: Value,
    arguments: &Arguments,
    context: &mut Context<'_>,
) -> Result<Value, Error> {
    large(&value, context)?;
    let mut allowed = options(arguments.at(0), arguments, context)?;
    if allowed.is_null() {
        allowed = allowance::defaults();
    }
    let over = options(arguments.at(1), &Arguments::default(), context)?;
    Ok(Value::safe(markup::markdown(&value.to_text(), &allowance::merged(allowed, &over))))
}

/// Options as a hash, a JSON string, or named arguments; null when there are none.
fn options(given: &Value, arguments: &Arguments, context: &Context<'_>) -> Result<Json, Error> {
    let given = match given {
        Value::Text(text, _) if !text.trim().is_empty() => parse(text, context)?,
        other => other.clone(),
    };
    match (given, arguments.named.is_empty()) {
        (given @ Value::Hash(_), _) => json::checked(&given, context),
        (_, false) => json::object(&arguments.named, context),
        _ => Ok(Json::Null),
    }
}
