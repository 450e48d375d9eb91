//! Moments: read from what templates hold, printed as Ruby prints them, formatted by `strftime`.

use crate::strftime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use std::fmt;

/// A moment in a time zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Time(pub Zoned);

impl Time {
    /// A moment in UTC.
    pub fn utc(moment: Timestamp) -> Self {
        Self(moment.to_zoned(TimeZone::UTC))
    }

    /// Seconds since 1970.
    pub fn seconds(&self) -> i64 {
        self.0.timestamp().as_second()
    }

    /// By Ruby's `strftime`; a format that means nothing is printed as it stands.
    pub fn format(&self, format: &str) -> String {
        strftime::format(&self.0, format)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.format("%Y-%m-%d %H:%M:%S %z"))
    }
}

/// A longer text is no moment.
const LENGTH_MAX: usize = 128;

/// A moment from a text or number as templates write them; `now` is the render's own.
pub fn read(text: &str, now: Timestamp) -> Option<Time> {
    let text = text.trim();
    // No moment is written at such length, and every format below would look at all of it.
    if text.len() > LENGTH_MAX {
        return None;
    }
    match text.to_ascii_lowercase().as_str() {
        "" => return None,
        "now" | "today" => return Some(Time::utc(now)),
        _ => {}
    }
    if let Ok(seconds) = text.parse::<i64>() {
        return Timestamp::from_second(seconds).ok().map(Time::utc);
    }
    if let Ok(zoned) = text.parse::<Zoned>() {
        return Some(Time(zoned));
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        let zone = offset_zone(text).unwrap_or(TimeZone::UTC);
        return Some(Time(moment.to_zoned(zone)));
    }
    // `UTC` and colons in an offset are not known to the formats below.
    let plain = text.replace(" UTC", " +0000");
    let text = plain.as_str();
    for format in [
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
    ] {
        if let Ok(zoned) = jiff::fmt::strtime::parse(format, text).and_then(|t| t.to_zoned()) {
            return Some(Time(zoned));
        }
        if let Ok(moment) = jiff::fmt::strtime::parse(format, text).and_then(|t| t.to_timestamp()) {
            return Some(Time::utc(moment));
        }
    }
    for format in [
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S",
        "%d-%m-%Y %H:%M:%S",
        "%Y-%m-%d %H:%M",
        "%B %d, %Y %H:%M:%S",
        "%Y/%m/%d %H:%M:%S",
        "%a %b %d %H:%M:%S %Y",
    ] {
        if let Ok(civil) = jiff::fmt::strtime::parse(format, text).and_then(|t| t.to_datetime()) {
            return civil.to_zoned(TimeZone::UTC).ok().map(Time);
        }
    }
    for format in [
        "%Y-%m-%d",
        "%d-%m-%Y",
        "%B %d, %Y",
        "%d %B %Y",
        "%Y/%m/%d",
        "%b %d, %Y",
        "%d %b %Y",
        "%m/%d/%Y",
    ] {
        if let Ok(date) = jiff::fmt::strtime::parse(format, text).and_then(|t| t.to_date()) {
            return date.to_zoned(TimeZone::UTC).ok().map(Time);
        }
    }
    None
}

/// The zone of an ISO text that names its offset.
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
