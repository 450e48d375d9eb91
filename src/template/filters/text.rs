//! String filters: words, padding, prefixes and suffixes, telephone numbers, types.

use crate::template::email_address::is_email;
use crate::template::filters::{alias, number, plural, words};
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::filters::list::shallow;
use sluicegate_liquid::value::Value;

type FilterResult = Result<Value, Error>;

/// The maximum padding width; a wider one is a mistake or an attack.
const WIDTH_MAX: i64 = 10_000;

/// Registers the string filters.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["titleize"], |v, _, _| Ok(Value::text(words::titleize(&v.to_text()))));
    alias(builder, &["humanize"], |v, _, _| Ok(Value::text(words::humanize(&v.to_text()))));
    alias(builder, &["slugify"], |v, _, _| Ok(Value::text(words::slugify(&v.to_text()))));
    alias(builder, &["parameterize"], |v, a, c| {
        let separator = a.given(0).map_or("-".into(), Value::to_text);
        c.budget.room(v.to_text().len().saturating_mul(separator.len()))?;
        Ok(Value::text(words::parameterize(&v.to_text(), &separator)))
    });
    alias(builder, &["pluralize"], pluralize);
    alias(builder, &["pad_left"], pad_left);
    alias(builder, &["start_with"], |v, a, _| Ok(ends(&v, a, |text, end| text.starts_with(end))));
    alias(builder, &["end_with"], |v, a, _| Ok(ends(&v, a, |text, end| text.ends_with(end))));
    alias(builder, &["strip_liquid"], |v, _, _| Ok(Value::text(words::strip_liquid(&v.to_text()))));
    alias(builder, &["is_email_valid"], |v, _, _| Ok(Value::Bool(is_email(&v.to_text()))));
    alias(builder, &["to_mobile_number"], |v, a, _| {
        let country = a.given(0).map_or("US".into(), Value::to_text);
        Ok(number::mobile(&v.to_text(), &country).map_or(Value::Nil, Value::from))
    });
    alias(builder, &["advanced_format"], |v, a, _| {
        let text = v.to_text();
        Ok(Value::text(number::sprintf(&a.text(0), &text).unwrap_or_else(|| text.into_owned())))
    });
    alias(builder, &["scrub"], |v, _, _| Ok(Value::text(v.to_text().replace('\u{fffd}', ""))));
    // Every string is already UTF-8.
    alias(builder, &["encode", "force_encoding"], |v, _, _| Ok(v));
    alias(builder, &["encoding"], |_, _, _| Ok(Value::text("UTF-8")));
    alias(builder, &["type_of"], |v, _, _| Ok(Value::text(type_of(&v))));
    // A list passes through, so that splitting twice is safe.
    builder.wrap_filter("split", |standard, v, a, c| match v {
        Value::List(_) => Ok(v),
        v => standard.call(v, a, c),
    });
}

fn pluralize(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let count = arguments.int(0, 2)?;
    let word = value.to_text();
    Ok(Value::text(if count == 1 { word.into_owned() } else { plural::pluralize(&word) }))
}

fn pad_left(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let text = value.to_text();
    let width = arguments.int(0, 0)?;
    let symbol = arguments.given(1).map_or(" ".into(), Value::to_text);
    let missing = usize::try_from(width).unwrap_or(0).saturating_sub(text.chars().count());
    if width > WIDTH_MAX || symbol.is_empty() {
        return Ok(value.clone());
    }
    let padding: String = symbol.chars().cycle().take(missing).collect();
    Ok(Value::text(format!("{padding}{text}")))
}

fn ends(value: &Value, arguments: &Arguments, fits: fn(&str, &str) -> bool) -> Value {
    let text = value.to_text();
    let any = arguments.positional.iter().flat_map(shallow).any(|end| fits(&text, &end.to_text()));
    Value::Bool(any)
}

/// Returns the platform's name of the type.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Nil | Value::Empty | Value::Blank => "null",
        Value::Bool(_) => "Boolean",
        Value::Int(_) | Value::Big(_) => "Integer",
        Value::Float(_) => "Float",
        Value::Text(..) => "String",
        Value::List(_) => "Array",
        Value::Hash(_) => "Hash",
        Value::Range(..) => "Range",
        Value::Time(_) => "Time",
        Value::Drop(object) if object.bytes().is_some() => "String",
        _ => "Object",
    }
}
