//! Casts values to the property kinds of a table when they are saved.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, fmt::strtime};
use serde_json::Value as Json;
use sluicegate_module::table::PropertyKind;

/// Casts a value to a property kind. A value that cannot be cast is kept unchanged: a record of a
/// payment is never lost because of a malformed number.
pub fn cast(kind: PropertyKind, value: &Json) -> Json {
    match kind {
        PropertyKind::Integer => integer(value),
        PropertyKind::Float => float(value),
        PropertyKind::Boolean => boolean(value),
        PropertyKind::Datetime => time(value),
        PropertyKind::Date => date(value),
        PropertyKind::Array => array(value),
        PropertyKind::String | PropertyKind::Text => text(value),
        _ => value.clone(),
    }
}

fn integer(value: &Json) -> Json {
    match value {
        Json::String(text) if text.trim().is_empty() => Json::Null,
        Json::String(text) => text.trim().parse::<i64>().map_or_else(|_| value.clone(), Json::from),
        Json::Bool(truth) => Json::from(i64::from(*truth)),
        _ => value.clone(),
    }
}

fn float(value: &Json) -> Json {
    match value {
        Json::String(text) if text.trim().is_empty() => Json::Null,
        Json::String(text) => text.trim().parse::<f64>().map_or_else(|_| value.clone(), Json::from),
        _ => value.clone(),
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

/// True when a value parses as a time or a date.
pub fn is_time(value: &Json) -> bool {
    match value {
        Json::String(text) => {
            let day = text.trim().get(..10).unwrap_or_default();
            read_time(text.trim()).is_some() || day.parse::<jiff::civil::Date>().is_ok()
        }
        Json::Number(number) => number.as_i64().is_some_and(|s| Timestamp::from_second(s).is_ok()),
        _ => false,
    }
}

/// Converts ISO 8601, Unix seconds, or the classic mappers' `%d-%m-%Y %H:%M:%S` to ISO 8601 in UTC.
fn time(value: &Json) -> Json {
    let read = match value {
        Json::String(text) if text.trim().is_empty() => return Json::Null,
        Json::String(text) => read_time(text.trim()),
        Json::Number(number) => number.as_i64().and_then(|s| Timestamp::from_second(s).ok()),
        _ => None,
    };
    read.map_or_else(|| value.clone(), |time| Json::String(time.to_string()))
}

fn read_time(text: &str) -> Option<Timestamp> {
    let local = |format: &str| {
        let civil: DateTime = strtime::parse(format, text).ok()?.to_datetime().ok()?;
        Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    text.parse()
        .ok()
        .or_else(|| text.parse::<i64>().ok().and_then(|s| Timestamp::from_second(s).ok()))
        .or_else(|| {
            ["%d-%m-%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]
                .iter()
                .find_map(|format| local(format))
        })
}

fn date(value: &Json) -> Json {
    match value {
        Json::String(text) if text.trim().is_empty() => Json::Null,
        Json::String(text) => {
            let day = text.trim().get(..10).unwrap_or(text);
            let read = day.parse::<jiff::civil::Date>().ok().or_else(|| {
                strtime::parse("%d-%m-%Y", day).ok().and_then(|parsed| parsed.to_date().ok())
            });
            read.map_or_else(|| value.clone(), |date| Json::String(date.to_string()))
        }
        _ => value.clone(),
    }
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
        assert_eq!(cast(PropertyKind::Integer, &json!("500")), json!(500));
        assert_eq!(cast(PropertyKind::Integer, &json!("")), Json::Null);
        assert_eq!(cast(PropertyKind::Integer, &json!("many")), json!("many"));
        assert_eq!(cast(PropertyKind::Boolean, &json!("false")), json!(false));
        assert_eq!(cast(PropertyKind::String, &json!({"a": 1})), json!("{\"a\":1}"));
        assert_eq!(cast(PropertyKind::String, &json!(12)), json!("12"));
        assert_eq!(cast(PropertyKind::Array, &json!("[1,2]")), json!([1, 2]));
        assert_eq!(cast(PropertyKind::Array, &json!("one")), json!(["one"]));
    }

    #[test]
    fn reads_times_in_every_form_they_come_in() {
        let noon = json!("2026-11-20T12:00:00Z");
        for one in
            [json!("2026-11-20T12:00:00Z"), json!("20-11-2026 12:00:00"), json!(1_795_176_000)]
        {
            assert_eq!(cast(PropertyKind::Datetime, &one), noon, "{one}");
        }
        assert_eq!(cast(PropertyKind::Datetime, &json!("")), Json::Null);
        assert_eq!(cast(PropertyKind::Datetime, &json!("soon")), json!("soon"));
        assert_eq!(cast(PropertyKind::Date, &json!("20-11-2026")), json!("2026-11-20"));
    }
}
