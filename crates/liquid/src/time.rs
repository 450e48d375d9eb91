//! Timestamps: parsed from the forms that templates use, printed and formatted as Ruby does.

use crate::strftime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use std::fmt;

/// A timestamp in a time zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Time(pub Zoned);

impl Time {
    /// A timestamp in UTC.
    pub fn utc(timestamp: Timestamp) -> Self {
        Self(timestamp.to_zoned(TimeZone::UTC))
    }

    /// Seconds since 1970.
    pub fn seconds(&self) -> i64 {
        self.0.timestamp().as_second()
    }

    /// Formats by Ruby's `strftime`; unknown directives are printed as they are written.
    pub fn format(&self, format: &str) -> String {
        strftime::format(&self.0, format)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.format("%Y-%m-%d %H:%M:%S %z"))
    }
}

/// Longer strings are not parsed: each format below would read all of them.
const LENGTH_MAX: usize = 128;

/// Parses the forms that templates use, `now` and seconds since 1970 among them.
pub fn read(text: &str, now: Timestamp) -> Option<Time> {
    let text = text.trim();
    if text.len() > LENGTH_MAX {
        return None;
    }
    if text.is_empty() {
        return None;
    }
    if text.eq_ignore_ascii_case("now") || text.eq_ignore_ascii_case("today") {
        return Some(Time::utc(now));
    }
    if let Ok(seconds) = text.parse::<i64>() {
        return Timestamp::from_second(seconds).ok().map(Time::utc);
    }
    if let Ok(zoned) = text.parse::<Zoned>() {
        return Some(Time(zoned));
    }
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        let zone = offset_zone(text).unwrap_or(TimeZone::UTC);
        return Some(Time(timestamp.to_zoned(zone)));
    }
    // The formats below have no `UTC`.
    let plain = text.replace(" UTC", " +0000");
    with_offset(&plain).or_else(|| without_offset(&plain))
}

/// Formats with an offset, which may have a colon.
const WITH_OFFSET: [&str; 10] = [
    "%Y-%m-%d %H:%M:%S %z",
    "%Y-%m-%d %H:%M:%S %:z",
    "%Y-%m-%d %H:%M:%S%.f %z",
    "%Y-%m-%d %H:%M:%S%.f %:z",
    "%Y-%m-%dT%H:%M:%S %z",
    "%Y-%m-%d %H:%M %z",
    "%Y-%m-%d %H:%M %:z",
    "%a %b %d %H:%M:%S %z %Y",
    "%a, %d %b %Y %H:%M:%S %z",
    "%d-%m-%Y %H:%M:%S %z",
];

/// Formats of a date and a time.
const DATETIME: [&str; 7] = [
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%d-%m-%Y %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%B %d, %Y %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%a %b %d %H:%M:%S %Y",
];

/// Formats of a date.
const DATE: [&str; 8] = [
    "%Y-%m-%d",
    "%d-%m-%Y",
    "%B %d, %Y",
    "%d %B %Y",
    "%Y/%m/%d",
    "%b %d, %Y",
    "%d %b %Y",
    "%m/%d/%Y",
];

fn with_offset(text: &str) -> Option<Time> {
    WITH_OFFSET.into_iter().find_map(|format| {
        let parsed = jiff::fmt::strtime::parse(format, text).ok()?;
        match parsed.to_zoned() {
            Ok(zoned) => Some(Time(zoned)),
            Err(_) => parsed.to_timestamp().ok().map(Time::utc),
        }
    })
}

/// Parses a date, or a date and a time, in UTC.
fn without_offset(text: &str) -> Option<Time> {
    let parse = |format| jiff::fmt::strtime::parse(format, text);
    let datetime = DATETIME.into_iter().find_map(|format| parse(format).ok()?.to_datetime().ok());
    if let Some(datetime) = datetime {
        return datetime.to_zoned(TimeZone::UTC).ok().map(Time);
    }
    let date = DATE.into_iter().find_map(|format| parse(format).ok()?.to_date().ok())?;
    date.to_zoned(TimeZone::UTC).ok().map(Time)
}

/// The zone of an ISO 8601 string with an offset.
fn offset_zone(text: &str) -> Option<TimeZone> {
    let tail = text.get(text.len().checked_sub(6)?..)?;
    let (sign, rest) = match tail.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
    Some(TimeZone::fixed(jiff::tz::Offset::from_seconds(sign * seconds).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_formats() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let shown = |text: &str| read(text, now).map(|t| t.format("%Y-%m-%dT%H:%M:%S%z"));
        assert_eq!(shown("now").as_deref(), Some("2023-11-14T22:13:20+0000"));
        assert_eq!(shown("1700000000").as_deref(), Some("2023-11-14T22:13:20+0000"));
        assert_eq!(shown("2023-11-14T22:13:20Z").as_deref(), Some("2023-11-14T22:13:20+0000"));
        assert_eq!(shown("2023-11-14 22:13:20 +0200").as_deref(), Some("2023-11-14T22:13:20+0200"));
        assert_eq!(shown("2023-11-14").as_deref(), Some("2023-11-14T00:00:00+0000"));
        assert_eq!(shown("soon"), None);
    }
}
