//! Moments as the store keeps and compares them: whole microseconds.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::Value as Json;

/// The moment in whole microseconds, as every database here can keep it.
pub fn to_micros(moment: Timestamp) -> i64 {
    moment.as_microsecond()
}

/// The moment that [`to_micros`] was given; one that no calendar has becomes the epoch.
pub fn from_micros(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or_default()
}

/// The moment without what is finer than a microsecond, so that it reads back equal.
pub fn whole(moment: Timestamp) -> Timestamp {
    from_micros(to_micros(moment))
}

/// The moment a filter names: RFC 3339, a date with or without a time (taken as UTC), or seconds
/// since the epoch.
pub fn read(bound: &Json) -> Option<Timestamp> {
    if let Some(seconds) = bound.as_i64() {
        return Timestamp::from_second(seconds).ok();
    }
    let text = bound.as_str()?.trim();
    let text = text.strip_suffix(" UTC").unwrap_or(text);
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let civil = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(DateTime::from));
    civil.ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_moment_is_read_from_the_spellings_in_use() {
        let noon: Timestamp = "2026-11-20T12:00:00Z".parse().expect("a moment");
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
