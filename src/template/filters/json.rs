//! JSON: `json`, `parse_json`, `is_json_valid`.

use crate::template::filters::{alias, markup};
use crate::template::{json, lenient_json, strict_json};
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::value::Value;
use sluicegate_liquid::{EngineBuilder, RenderErrors};

type FilterResult = Result<Value, Error>;

/// Registers the JSON filters.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["json", "to_json"], |v, _, c| {
        let json = json::checked(&v, c)?;
        Ok(Value::safe(json::text(&json, c)?))
    });
    alias(builder, &["parse_json", "to_hash"], parse_json);
    alias(builder, &["is_json_valid"], |v, _, _| {
        Ok(Value::Bool(matches!(lenient_json::read(&v.to_text()), Ok(Some(_)))))
    });
}

/// Parses a string as JSON; the error reports the position without quoting the input.
pub fn parse(text: &str, context: &Context<'_>) -> Result<Value, Error> {
    // The parsed value takes more memory than its source.
    context.budget.value(text.len().saturating_mul(2))?;
    if let Some(value) = strict_json::read(text) {
        return Ok(value);
    }
    match lenient_json::read(text) {
        Ok(json) => Ok(json.map_or(Value::Nil, Value::from)),
        Err(error) => Err(Error::argument(format!("this is not JSON: {error}"))),
    }
}

fn parse_json(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let Value::Text(text, _) = &value else {
        return Ok(value);
    };
    let is_raw = arguments.named("raw_text").is_some_and(Value::is_truthy);
    let parsed =
        if is_raw { parse(text, context) } else { parse(&markup::unescape(text), context) };
    parsed.or_else(|error| {
        if context.engine().render_errors() == RenderErrors::Raise {
            return Err(error);
        }
        context.warn(error.message());
        Ok(Value::Nil)
    })
}
