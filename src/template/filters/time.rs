//! Time filters: parsing, formatting, comparing, adding.

use crate::template::filters::alias;
use crate::template::{bridge, date_parse};
use jiff::tz::TimeZone;
use jiff::{Unit, Zoned};
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::filters::math::Number;
use sluicegate_liquid::time::Time;
use sluicegate_liquid::value::Value;
use sluicegate_liquid::value::numbers::to_integer;

type FilterResult = Result<Value, Error>;

/// Registers the time filters.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["to_time"], to_time);
    alias(builder, &["to_date"], |v, _, c| {
        Ok(read(&v, c).map_or(Value::Nil, |time| Value::text(time.date().to_string())))
    });
    alias(builder, &["strftime"], strftime);
    alias(builder, &["l", "localize"], localize);
    alias(builder, &["time_diff"], time_diff);
    alias(builder, &["date_add", "add_to_date"], |v, a, c| {
        let sum = added(&v, a, "d", c)?;
        Ok(sum.map_or(Value::Nil, |time| Value::text(time.date().to_string())))
    });
    alias(builder, &["add_to_time"], |v, a, c| {
        Ok(added(&v, a, "s", c)?.map_or(Value::Nil, |time| Value::from(Time(time))))
    });
    alias(builder, &["is_date_before", "date_before"], |v, a, c| {
        let (one, other) = (read(&v, c), read(a.at(0), c));
        Ok(Value::Bool(one.zip(other).is_some_and(|(one, other)| one < other)))
    });
    alias(builder, &["is_date_in_past"], |v, _, c| {
        Ok(Value::Bool(read(&v, c).is_some_and(|time| time.timestamp() < c.now)))
    });
    alias(builder, &["is_parsable_date"], |v, _, c| Ok(Value::Bool(read(&v, c).is_some())));
}

fn now(context: &Context<'_>) -> Zoned {
    context.now.to_zoned(TimeZone::UTC)
}

/// Parses a value as a time, in UTC when it names no zone.
fn read(value: &Value, context: &Context<'_>) -> Option<Zoned> {
    read_from(value, &now(context))
}

fn read_from(value: &Value, now: &Zoned) -> Option<Zoned> {
    match value {
        Value::Time(time) => Some(time.0.clone()),
        Value::Int(seconds) => date_parse::of_seconds(*seconds as f64, now.time_zone()),
        Value::Float(seconds) => date_parse::of_seconds(*seconds, now.time_zone()),
        Value::Text(text, _) => date_parse::read(text, now),
        _ => None,
    }
}

/// `to_time: zone, format, now`.
fn to_time(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let zone = date_parse::zone(&arguments.text(0));
    let mut base = now(context);
    if let Some(other) = read(arguments.at(2), context) {
        base = other;
    }
    if let Some(zone) = &zone {
        base = base.with_time_zone(zone.clone());
    }
    let format = arguments.text(1);
    let found = match (&value, format.is_empty()) {
        (Value::Text(text, _), false) => date_parse::read_as(text, &format, &base),
        _ => read_from(&value, &base),
    };
    let found = match zone {
        Some(zone) => found.map(|time| time.with_time_zone(zone)),
        None => found,
    };
    Ok(found.map_or(Value::Nil, |time| Value::from(Time(time))))
}

/// `strftime: format, zone, now`; UTC by default.
fn strftime(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let base = read(arguments.at(2), context).unwrap_or_else(|| now(context));
    let Some(time) = read_from(&value, &base) else { return Ok(Value::Nil) };
    let zone = date_parse::zone(&arguments.text(1)).unwrap_or(TimeZone::UTC);
    let time = Time(time.with_time_zone(zone));
    Ok(Value::text(time.format(&arguments.text(0))))
}

/// `localize: format, zone`: the format is a pattern, or a name looked up in the translations.
fn localize(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let Some(time) = read(&value, context) else { return Ok(Value::Nil) };
    let zone = date_parse::zone(&arguments.text(1)).unwrap_or(TimeZone::UTC);
    let name = arguments.text(0).into_owned();
    let format = if name.contains('%') {
        name
    } else {
        let name = if name.is_empty() { "long".to_owned() } else { name };
        let named = bridge::on(context, move |bridge| {
            let key = format!("time.formats.{name}");
            bridge.host.translate(&key, &serde_json::Value::Null)
        });
        named.flatten().unwrap_or_else(|| "%a, %b %-d, %Y at %I:%M".to_owned())
    };
    Ok(Value::text(Time(time.with_time_zone(zone)).format(&format)))
}

/// `time_diff: finish, unit, precision`: positive when the finish is later.
fn time_diff(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let (Some(start), Some(finish)) = (read(&value, context), read(arguments.at(0), context))
    else {
        return Ok(Value::Nil);
    };
    let millis = start
        .until(&finish)
        .ok()
        .and_then(|span| span.total((Unit::Millisecond, &start)).ok())
        .unwrap_or_default();
    let unit = arguments.text(1);
    let of_unit = match unit.trim_end_matches('s') {
        "m" if unit == "ms" => 1.0,
        "" if unit.is_empty() => 1.0,
        "milli" | "millisecond" => 1.0,
        "" | "sec" | "second" => 1_000.0,
        "m" | "min" | "minute" => 60_000.0,
        "h" | "hour" => 3_600_000.0,
        "d" | "day" => 86_400_000.0,
        "w" | "week" => 604_800_000.0,
        "mo" | "month" => 2_629_746_000.0,
        "y" | "year" => 31_556_952_000.0,
        _ => 1.0,
    };
    let places = i32::try_from(arguments.int(2, 3)?).unwrap_or(3).clamp(0, 12);
    let scale = 10_f64.powi(places);
    Ok(Value::Float((millis / of_unit * scale).round() / scale))
}

/// Adds the given number of units to a time.
fn added(
    value: &Value,
    arguments: &Arguments,
    default_unit: &str,
    context: &Context<'_>,
) -> Result<Option<Zoned>, Error> {
    let Some(time) = read(value, context) else { return Ok(None) };
    let count = match arguments.given(0).map(Number::of) {
        None => 1,
        Some(Number::Int(count)) => count,
        Some(Number::Float(count)) => to_integer(count.round()),
    };
    let unit = arguments.given(1).map_or(default_unit.into(), Value::to_text);
    let Some(span) = date_parse::span(count, &unit) else {
        return Err(Error::argument(format!("`{unit}` is not a unit of time")));
    };
    Ok(time.checked_add(span).ok())
}
