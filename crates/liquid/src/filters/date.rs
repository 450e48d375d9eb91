//! `date`: formats a value that is a timestamp.

use crate::builder::EngineBuilder;
use crate::context::Context;
use crate::error::Error;
use crate::filter::Arguments;
use crate::time::{self, Time};
use crate::value::Value;
use crate::value::numbers::to_integer;
use jiff::Timestamp;

/// Adds the filter.
pub fn register(builder: &mut EngineBuilder) {
    builder.standard("date", date);
}

/// The timestamp of a value; `None` when it has none.
pub fn timestamp(value: &Value, context: &Context<'_>) -> Option<Time> {
    match value {
        Value::Time(time) => Some(Time::clone(time)),
        Value::Int(seconds) => Timestamp::from_second(*seconds).ok().map(Time::utc),
        Value::Float(seconds) => Timestamp::from_second(to_integer(*seconds)).ok().map(Time::utc),
        Value::Text(text, _) => time::read(text, context.now),
        _ => None,
    }
}

/// Returns values without a timestamp unchanged, as Ruby does.
fn date(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> Result<Value, Error> {
    let format = arguments.text(0);
    if format.is_empty() {
        return Ok(value);
    }
    // A directive prints at most 64 characters.
    context.budget.value(format.len().saturating_mul(16))?;
    Ok(match timestamp(&value, context) {
        Some(time) => Value::text(time.format(&format)),
        None => value,
    })
}
