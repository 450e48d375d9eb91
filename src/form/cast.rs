//! Casts values to the property kinds of a table when they are saved.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, fmt::strtime};
use serde_json::Value as Json;
use sluicegate_module::table::PropertyKind;

/// Casts a value to a property kind. A value that cannot be cast is kept unchanged: a record of a
/// payment is never lost because of a malformed number.
pub fn cast(kind: PropertyKind, value: Json) -> Json {
    match (kind, &value) {
        // Most values are what they are to be.
        (_, Json::Null) | (PropertyKind::String | PropertyKind::Text, Json::String(_)) => value,
        _ => read(kind, &value).unwrap_or(value),
    }
}

/// What is wrong with a value for a property kind, without reading it where nothing can be.
pub fn problem(kind: PropertyKind, value: &Json) -> Option<&'static str> {
    match kind {
        PropertyKind::String | PropertyKind::Text => None,
        _ => read(kind, value).err(),
    }
}

/// Reads a value as a property kind. Validations read by the same rules.
///
/// # Errors
/// What is wrong, as the message of a form: the kind cannot hold the value.
pub fn read(kind: PropertyKind, value: &Json) -> Result<Json, &'static str> {
    Ok(match kind {
        _ if value.is_null() => Json::Null,
        PropertyKind::Integer => integer(value)?,
        PropertyKind::Float => float(value)?,
        PropertyKind::Boolean => boolean(value),
        PropertyKind::Datetime => time(value)?,
        PropertyKind::Date => date(value)?,
        PropertyKind::Array => array(value),
        PropertyKind::String | PropertyKind::Text => text(value),
        _ => value.clone(),
    })
}

/// True for an optional sign and digits: neither `1e1` nor `3.0`.
pub fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// A finite number.
pub fn read_number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

fn integer(value: &Json) -> Result<Json, &'static str> {
    match value {
        Json::String(text) if text.trim().is_empty() => Ok(Json::Null),
        Json::String(text) if !is_integer(text.trim()) => match read_number(text.trim()) {
            Some(_) => Err("must be an integer"),
            None => Err("is not a number"),
        },
        Json::String(text) => text.trim().parse::<i64>().map(Json::from).map_err(|_| TOO_LARGE),
        Json::Bool(truth) => Ok(Json::from(i64::from(*truth))),
        Json::Number(number) if number.is_i64() => Ok(value.clone()),
        Json::Number(number) if number.is_u64() => Err(TOO_LARGE),
        Json::Number(_) => Err("must be an integer"),
        _ => Err("is not a number"),
    }
}

/// The message for an integer beyond 64 bits.
const TOO_LARGE: &str = "is too large";

fn float(value: &Json) -> Result<Json, &'static str> {
    match value {
        Json::String(text) if text.trim().is_empty() => Ok(Json::Null),
        Json::String(text) => read_number(text.trim()).map(Json::from).ok_or("is not a number"),
        Json::Number(_) => Ok(value.clone()),
        _ => Err("is not a number"),
    }
}

fn boolean(value: &Json) -> Json {
    match value {
        Json::String(text) => match text.trim() {
            "true" | "t" | "1" | "on" | "yes" => Json::Bool(true),
            "" => Json::Null,
            _ => Json::Bool(false),
        },
        Json::Number(number) => Json::Bool(number.as_i64() != Some(0)),
        _ => value.clone(),
    }
}

/// The message for a value that is not a date or time.
const NOT_A_DATE: &str = "is not a valid date";

/// Converts ISO 8601 with or without an offset (UTC), a date, Unix seconds, or the classic mappers'
/// `%d-%m-%Y %H:%M:%S` to ISO 8601 in UTC.
fn time(value: &Json) -> Result<Json, &'static str> {
    if value.as_str().is_some_and(|text| text.trim().is_empty()) {
        return Ok(Json::Null);
    }
    let time = timestamp(value).ok_or(NOT_A_DATE)?;
    Ok(Json::String(time.to_string()))
}

/// Reads a date or time; a date is its midnight in UTC.
pub fn timestamp(value: &Json) -> Option<Timestamp> {
    match value {
        Json::String(text) => read_time(text.trim()).or_else(|| {
            let midnight = read_date(text.trim())?.to_zoned(TimeZone::UTC).ok()?;
            Some(midnight.timestamp())
        }),
        Json::Number(number) => number.as_i64().and_then(|s| Timestamp::from_second(s).ok()),
        _ => None,
    }
}

/// Reads the date of a date or time, as it is written.
pub fn day(value: &Json) -> Option<Date> {
    match value {
        Json::String(text) => read_date(text.trim()),
        Json::Number(_) => Some(timestamp(value)?.to_zoned(TimeZone::UTC).date()),
        _ => None,
    }
}

fn read_time(text: &str) -> Option<Timestamp> {
    let local = |format: &str| strtime::parse(format, text).ok()?.to_datetime().ok();
    // Without an offset, as an input of type datetime-local posts it.
    let civil = || {
        let is_written = text.len() > DAY_CHARS && !text.contains('[');
        let plain = text.parse::<DateTime>().ok().filter(|_| is_written);
        plain.or_else(|| local("%d-%m-%Y %H:%M:%S")).or_else(|| local("%d-%m-%Y %H:%M"))
    };
    text.parse()
        .ok()
        .or_else(|| text.parse::<i64>().ok().and_then(|s| Timestamp::from_second(s).ok()))
        .or_else(|| Some(civil()?.to_zoned(TimeZone::UTC).ok()?.timestamp()))
}

/// The length of `2026-11-20`.
const DAY_CHARS: usize = 10;

fn read_date(text: &str) -> Option<Date> {
    let day_first = |text: &str| strtime::parse("%d-%m-%Y", text).ok()?.to_date().ok();
    if let Some(date) = text.parse::<Date>().ok().or_else(|| day_first(text)) {
        return Some(date);
    }
    read_time(text)?;
    let written = text.get(..DAY_CHARS)?;
    written.parse::<Date>().ok().or_else(|| day_first(written))
}

fn date(value: &Json) -> Result<Json, &'static str> {
    if value.as_str().is_some_and(|text| text.trim().is_empty()) {
        return Ok(Json::Null);
    }
    Ok(Json::String(day(value).ok_or(NOT_A_DATE)?.to_string()))
}

fn array(value: &Json) -> Json {
    match value {
        Json::Null | Json::Array(_) => value.clone(),
        Json::String(text) => match serde_json::from_str::<Json>(text) {
            Ok(list @ Json::Array(_)) => list,
            _ if text.trim().is_empty() => Json::Array(Vec::new()),
            _ => Json::Array(vec![value.clone()]),
        },
        other => Json::Array(vec![other.clone()]),
    }
}

/// Converts hashes and lists in a string property to JSON strings.
fn text(value: &Json) -> Json {
    match value {
        Json::Null | Json::String(_) => value.clone(),
        other => Json::String(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn casts_what_mappers_write() {
        assert_eq!(cast(PropertyKind::Integer, json!("500")), json!(500));
        assert_eq!(cast(PropertyKind::Integer, json!("")), Json::Null);
        assert_eq!(cast(PropertyKind::Integer, json!("many")), json!("many"));
        assert_eq!(cast(PropertyKind::Boolean, json!("false")), json!(false));
        assert_eq!(cast(PropertyKind::String, json!({"a": 1})), json!("{\"a\":1}"));
        assert_eq!(cast(PropertyKind::String, json!(12)), json!("12"));
        assert_eq!(cast(PropertyKind::Array, json!("[1,2]")), json!([1, 2]));
        assert_eq!(cast(PropertyKind::Array, json!("one")), json!(["one"]));
    }

    #[test]
    fn reads_times_in_every_form_they_come_in() {
        let noon = json!("2026-11-20T12:00:00Z");
        for one in
            [json!("2026-11-20T12:00:00Z"), json!("20-11-2026 12:00:00"), json!(1_795_176_000)]
        {
            assert_eq!(cast(PropertyKind::Datetime, one.clone()), noon, "{one}");
        }
        assert_eq!(cast(PropertyKind::Datetime, json!("")), Json::Null);
        assert_eq!(cast(PropertyKind::Datetime, json!("soon")), json!("soon"));
        assert_eq!(cast(PropertyKind::Date, json!("20-11-2026")), json!("2026-11-20"));
    }

    #[test]
    fn a_time_without_an_offset_is_a_time() {
        for one in
            ["2026-11-20T12:00", "2026-11-20 12:00", "2026-11-20T12:00:00", "20-11-2026 12:00"]
        {
            let noon = json!("2026-11-20T12:00:00Z");
            assert_eq!(read(PropertyKind::Datetime, &json!(one)), Ok(noon), "{one}");
            assert_eq!(read(PropertyKind::Date, &json!(one)), Ok(json!("2026-11-20")), "{one}");
        }
        let midnight = Ok(json!("2026-11-20T00:00:00Z"));
        assert_eq!(read(PropertyKind::Datetime, &json!("2026-11-20")), midnight);
        let late = json!("2026-11-20T23:30:00-08:00");
        assert_eq!(read(PropertyKind::Date, &late), Ok(json!("2026-11-20")), "as written");
        let zulu = json!("2026-11-20T23:30:00Z");
        assert_eq!(read(PropertyKind::Date, &zulu), Ok(json!("2026-11-20")));
    }

    #[test]
    fn what_a_kind_cannot_hold_is_refused() {
        use PropertyKind::{Date, Datetime, Float, Integer};
        for (kind, texts) in [
            (Integer, &["1e1", "3.0", "0x10", "1_000", "many", "9223372036854775808", "--1"][..]),
            (Float, &["inf", "-inf", "nan", "1e400", "1,5", "x"]),
            (Date, &["2031-01-01rubbish", "2031-02-30", "01/02/2031", "soon", "2031-01-01T"]),
            (Datetime, &["2031-01-01T10:00rubbish", "2031-01-01T25:00", "2031-01-01rubbish"]),
        ] {
            for text in texts {
                assert!(read(kind, &json!(text)).is_err(), "{kind:?} {text}");
                assert_eq!(cast(kind, json!(text)), json!(text), "a mapper's value is kept");
            }
        }
        assert!(read(Integer, &json!(3.5)).is_err());
        assert_eq!(read(Integer, &json!(" -7 ")), Ok(json!(-7)));
        assert_eq!(read(Float, &json!("1e3")), Ok(json!(1000.0)));
    }
}
