//! `date`: a moment from any value that is one, by a format.

use crate::context::Context;
use crate::engine::Engine;
use crate::error::Error;
use crate::filter::Arguments;
use crate::time::{self, Time};
use crate::value::Value;
use jiff::Timestamp;

/// Adds them.
pub fn register(engine: &mut Engine) {
    engine.add_filter("date", date);
}

/// A moment from any value that is one.
pub fn moment(value: &Value, context: &Context<'_>) -> Option<Time> {
    match value {
        Value::Time(time) => Some(Time::clone(time)),
        Value::Int(seconds) => Timestamp::from_second(*seconds).ok().map(Time::utc),
        Value::Float(seconds) => Timestamp::from_second(*seconds as i64).ok().map(Time::utc),
        Value::Text(text, _) => time::read(text, context.now),
        _ => None,
    }
}

/// What is no moment is printed as it is, as Ruby does.
fn date(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> Result<Value, Error> {
    let format = arguments.text(0);
    if format.is_empty() {
        return Ok(value);
    }
    // Every directive may give as many as 64 letters.
    context.budget.value(format.len().saturating_mul(16))?;
    Ok(match moment(&value, context) {
        Some(time) => Value::text(time.format(&format)),
        None => value,
    })
}
