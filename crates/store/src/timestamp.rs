//! Timestamps as the store keeps and compares them: in microseconds.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::Value as Json;

/// The timestamp in microseconds, which every database can store.
pub fn to_micros(timestamp: Timestamp) -> i64 {
    timestamp.as_microsecond()
}

/// The timestamp of [`to_micros`]; one out of range becomes the epoch.
pub fn from_micros(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or_default()
}

/// The timestamp truncated to microseconds, so that it reads back equal.
pub fn truncate(timestamp: Timestamp) -> Timestamp {
    from_micros(to_micros(timestamp))
}

/// The timestamp that a filter compares with: RFC 3339, a date with or without a time (in UTC), or
/// seconds since the epoch.
pub fn read(bound: &Json) -> Option<Timestamp> {
    if let Some(seconds) = bound.as_i64() {
        return Timestamp::from_second(seconds).ok();
    }
    let string = bound.as_str()?.trim();
    let string = string.strip_suffix(" UTC").unwrap_or(string);
    if let Ok(timestamp) = string.parse::<Timestamp>() {
        return Some(timestamp);
    }
    let civil = string.parse::<DateTime>().or_else(|_| string.parse::<Date>().map(DateTime::from));
    civil.ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_timestamp_is_read_from_the_spellings_in_use() {
        let noon: Timestamp = "2026-11-20T12:00:00Z".parse().expect("a timestamp");
        for bound in [
            json!("2026-11-20T12:00:00Z"),
            json!("2026-11-20T13:00:00+01:00"),
            json!("2026-11-20 12:00:00 UTC"),
            json!("2026-11-20T12:00"),
            json!(noon.as_second()),
        ] {
            assert_eq!(read(&bound), Some(noon), "{bound}");
        }
        assert_eq!(
            read(&json!("2026-11-20")).map(|m| m.to_string()).as_deref(),
            Some("2026-11-20T00:00:00Z")
        );
        assert_eq!(read(&json!("yesterday-ish")), None);
        assert_eq!(read(&json!(true)), None);
    }
}
