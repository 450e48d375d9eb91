//! Parses timestamps from template values: numbers, dates in many formats, English phrases.

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime;
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp, ToSpan as _, Zoned};
use sluicegate_liquid::value::numbers::to_integer;

/// Finds a zone by name (`Europe/Warsaw`, `UTC`, `+02:00`); `None` for an unknown one.
pub fn zone(name: &str) -> Option<TimeZone> {
    let name = name.trim();
    if name.is_empty() {
        return None;
    }
    if name.eq_ignore_ascii_case("utc") || name == "Z" {
        return Some(TimeZone::UTC);
    }
    if let Ok(number) = name.parse::<f64>() {
        return hours(number).map(TimeZone::fixed);
    }
    let found = offset(name).map(TimeZone::fixed).or_else(|| TimeZone::get(name).ok());
    found.or_else(|| TimeZone::get(&rails(name)?).ok())
}

/// Converts a number to an offset from UTC: hours, or seconds when it is large.
fn hours(number: f64) -> Option<Offset> {
    let seconds = if number.abs() > 13.0 { number } else { number * 3600.0 };
    let seconds = Some(seconds).filter(|seconds| seconds.abs() < 93_600.0)?;
    Offset::from_seconds(i32::try_from(to_integer(seconds)).ok()?).ok()
}

/// Finds the IANA name of a Rails zone, which is named by a city or has a US name.
fn rails(name: &str) -> Option<String> {
    const AMERICAN: [(&str, &str); 7] = [
        ("Eastern Time (US & Canada)", "America/New_York"),
        ("Central Time (US & Canada)", "America/Chicago"),
        ("Mountain Time (US & Canada)", "America/Denver"),
        ("Pacific Time (US & Canada)", "America/Los_Angeles"),
        ("Atlantic Time (Canada)", "America/Halifax"),
        ("Alaska", "America/Juneau"),
        ("Hawaii", "Pacific/Honolulu"),
    ];
    if let Some((_, zone)) = AMERICAN.iter().find(|(american, _)| *american == name) {
        return Some((*zone).to_owned());
    }
    let city = name.replace(' ', "_");
    let mut zones = jiff::tz::db().available();
    let is_city = |zone: &str| zone.rsplit_once('/').is_some_and(|(_, own)| own == city);
    zones.find(|zone| is_city(zone.as_str())).map(|zone| zone.as_str().to_owned())
}

/// Parses `+0200`, `+02:00` or `-05`.
fn offset(text: &str) -> Option<Offset> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let digits: String = rest.chars().filter(|c| *c != ':').collect();
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 = digits.get(2..).filter(|m| !m.is_empty()).map_or(Ok(0), str::parse).ok()?;
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

/// Converts Unix seconds to a time in `zone`.
pub fn of_seconds(seconds: f64, zone: &TimeZone) -> Option<Zoned> {
    let whole = seconds.floor();
    let nanos = ((seconds - whole) * 1e9).round();
    if !whole.is_finite() || whole.abs() > 3e11 {
        return None;
    }
    let nanos = i32::try_from(to_integer(nanos).min(999_999_999)).ok()?;
    let stamp = Timestamp::new(to_integer(whole), nanos).ok()?;
    Some(stamp.to_zoned(zone.clone()))
}

/// Parses a time relative to `now`, whose zone applies when the string names none.
pub fn read(text: &str, now: &Zoned) -> Option<Zoned> {
    let text = text.trim();
    if text.is_empty() || text.len() > 100 {
        return None;
    }
    let is_epoch = text.len() >= 9 && text.bytes().all(|b| b.is_ascii_digit());
    if is_epoch {
        return of_seconds(text.parse().ok()?, now.time_zone());
    }
    words(&text.to_lowercase(), now).or_else(|| written(text, now))
}

/// Parses a time in a `strftime` format.
pub fn read_as(text: &str, format: &str, now: &Zoned) -> Option<Zoned> {
    let parsed = strtime::parse(format, text.trim()).ok()?;
    if let Ok(zoned) = parsed.to_zoned() {
        return Some(zoned);
    }
    let zone = parsed.offset().map_or_else(|| now.time_zone().clone(), TimeZone::fixed);
    if let Ok(stamp) = parsed.to_timestamp() {
        return Some(stamp.to_zoned(zone));
    }
    let date = parsed.to_date().unwrap_or_else(|_| now.date());
    let time = parsed.to_time().unwrap_or_else(|_| Time::midnight());
    date.to_datetime(time).to_zoned(zone).ok()
}

/// Parses `now`, `tomorrow`, `in 10 minutes`, `3 days ago`, `2 weeks from now`, `next month`.
fn words(text: &str, now: &Zoned) -> Option<Zoned> {
    let day = |days: i64| now.start_of_day().ok()?.checked_add(days.days()).ok();
    match text {
        "now" | "today" => return Some(now.clone()),
        "midnight" => return day(0),
        "tomorrow" => return day(1),
        "yesterday" => return day(-1),
        "noon" => return now.with().time(Time::constant(12, 0, 0, 0)).build().ok(),
        _ => {}
    }
    let (sign, rest) = if let Some(rest) = text.strip_prefix("in ") {
        (1, rest)
    } else if let Some(rest) = text.strip_suffix(" ago") {
        (-1, rest)
    } else if let Some(rest) = text.strip_suffix(" from now").or(text.strip_suffix(" hence")) {
        (1, rest)
    } else if let Some(rest) = text.strip_prefix("next ") {
        return now.checked_add(span(1, rest)?).ok();
    } else if let Some(rest) = text.strip_prefix("last ") {
        return now.checked_sub(span(1, rest)?).ok();
    } else if let Some(rest) = text.strip_prefix('+') {
        (1, rest)
    } else {
        (-1, text.strip_prefix('-')?)
    };
    let mut timestamp = now.clone();
    let mut parts = rest.split([' ', ',']).filter(|part| !part.is_empty() && *part != "and");
    let mut any = false;
    while let Some(count) = parts.next() {
        let count: i64 = match count {
            "a" | "an" | "one" => 1,
            digits => digits.parse().ok().filter(|n: &i64| n.abs() < 1_000_000_000)?,
        };
        timestamp = timestamp.checked_add(span(sign * count, parts.next()?)?).ok()?;
        any = true;
    }
    any.then_some(timestamp)
}

/// The span of `count` units; the unit may be singular or plural.
pub fn span(count: i64, unit: &str) -> Option<Span> {
    let span = Span::new();
    Some(match unit.strip_suffix('s').unwrap_or(unit) {
        "m" if unit == "ms" => span.try_milliseconds(count).ok()?,
        "millisecond" => span.try_milliseconds(count).ok()?,
        "sec" | "second" | "" => span.try_seconds(count).ok()?,
        "min" | "minute" | "m" => span.try_minutes(count).ok()?,
        "hour" | "h" => span.try_hours(count).ok()?,
        "day" | "d" => span.try_days(count).ok()?,
        "week" | "w" => span.try_weeks(count).ok()?,
        "fortnight" => span.try_weeks(count.checked_mul(2)?).ok()?,
        "month" | "mo" => span.try_months(count).ok()?,
        "year" | "y" => span.try_years(count).ok()?,
        _ => return None,
    })
}

/// Formats of a date and a time; the zone is split off before.
const WRITTEN: &[&str] = &[
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%d-%m-%Y %H:%M:%S",
    "%d-%m-%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%a, %d %b %Y %H:%M:%S",
    "%d %b %Y %H:%M:%S",
    "%d %b %Y %H:%M",
    "%d %B %Y %H:%M",
    "%b %d, %Y %H:%M",
    "%B %d, %Y %H:%M",
    "%a %b %d %H:%M:%S %Y",
];

const DATES: &[&str] = &[
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d-%m-%Y",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%Y%m%d",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%B %d %Y",
    "%a, %d %b %Y",
    "%Y-%m",
    "%Y/%m",
];

fn written(text: &str, now: &Zoned) -> Option<Zoned> {
    if let Ok(zoned) = text.parse::<Zoned>() {
        return Some(zoned);
    }
    let (text, zone) = split_zone(text, now);
    let text = text.as_str();
    for format in WRITTEN {
        let (text, nanos) = split_fraction(text);
        if let Ok(at) = DateTime::strptime(format, text) {
            return at.with().subsec_nanosecond(nanos).build().ok()?.to_zoned(zone).ok();
        }
    }
    if let Some(date) = date(text) {
        return date.to_zoned(zone).ok();
    }
    // A time without a date is today's.
    let time = ["%H:%M:%S", "%H:%M"].iter().find_map(|f| Time::strptime(f, text).ok())?;
    now.date().to_datetime(time).to_zoned(zone).ok()
}

/// Parses a date.
fn date(text: &str) -> Option<Date> {
    DATES.iter().find_map(|format| {
        // A month without a day means its first day.
        if !format.contains("%d") {
            return Date::strptime(format!("{format} %d"), format!("{text} 01")).ok();
        }
        Date::strptime(format, text).ok()
    })
}

/// Splits the zone off the end; without one, the zone of `now` applies.
fn split_zone(text: &str, now: &Zoned) -> (String, TimeZone) {
    let here = || now.time_zone().clone();
    if let Some(rest) = text.strip_suffix('Z').filter(|r| r.ends_with(|c: char| c.is_ascii_digit()))
    {
        return (rest.to_owned(), TimeZone::UTC);
    }
    for name in [" UTC", " GMT"] {
        if let Some(rest) = text.strip_suffix(name) {
            return (rest.to_owned(), TimeZone::UTC);
        }
    }
    let sign = text.rfind(['+', '-']).filter(|at| *at > 0);
    let has_time = |rest: &str| rest.contains(':');
    if let Some((rest, tail)) = sign.and_then(|at| text.split_at_checked(at))
        && has_time(rest)
        && let Some(offset) = offset(tail)
    {
        return (rest.trim_end().to_owned(), TimeZone::fixed(offset));
    }
    if let Some((rest, name)) = text.rsplit_once(' ')
        && name.contains('/')
        && let Some(zone) = zone(name)
    {
        return (rest.to_owned(), zone);
    }
    (text.to_owned(), here())
}

/// Splits the fraction of a second off the end, in nanoseconds.
fn split_fraction(text: &str) -> (&str, i32) {
    let Some((rest, digits)) = text.rsplit_once('.').filter(|(rest, _)| rest.contains(':')) else {
        return (text, 0);
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return (text, 0);
    }
    let nanos: String = digits.chars().chain("000000000".chars()).take(9).collect();
    (rest, nanos.parse().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Zoned {
        "2026-03-10T12:30:00Z".parse::<Timestamp>().unwrap().to_zoned(TimeZone::UTC)
    }

    #[test]
    fn dates_are_read_in_many_spellings() {
        let cases = [
            ("now", "2026-03-10T12:30:00Z"),
            ("in 10 minutes", "2026-03-10T12:40:00Z"),
            ("3 days ago", "2026-03-07T12:30:00Z"),
            ("2 weeks from now", "2026-03-24T12:30:00Z"),
            ("in 1 hour and 5 minutes", "2026-03-10T13:35:00Z"),
            ("tomorrow", "2026-03-11T00:00:00Z"),
            ("next month", "2026-04-10T12:30:00Z"),
            ("1554113410", "2019-04-01T10:10:10Z"),
            ("2019-04-01 10:10:10 +0200", "2019-04-01T08:10:10Z"),
            ("2019-04-01 10:10:10 UTC", "2019-04-01T10:10:10Z"),
            ("2019-04-01T10:10:10Z", "2019-04-01T10:10:10Z"),
            ("2019-04-01T10:10:10.500+02:00", "2019-04-01T08:10:10.5Z"),
            ("01-04-2019 10:10:10", "2019-04-01T10:10:10Z"),
            ("2019-04-01", "2019-04-01T00:00:00Z"),
            ("1 April 2019", "2019-04-01T00:00:00Z"),
            ("Mon, 01 Apr 2019 10:10:10 +0000", "2019-04-01T10:10:10Z"),
            ("08:15", "2026-03-10T08:15:00Z"),
        ];
        for (text, expected) in cases {
            let found = read(text, &now()).map(|z| z.timestamp().to_string());
            assert_eq!(found.as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_strings_are_not_timestamps() {
        for text in
            ["", "soon", "in minutes", "in 99999999999999999999 days", "2019-13-45", "x ago"]
        {
            assert_eq!(read(text, &now()), None, "{text}");
        }
        assert_eq!(of_seconds(f64::NAN, &TimeZone::UTC), None);
        assert_eq!(of_seconds(1e300, &TimeZone::UTC), None);
    }

    #[test]
    fn a_format_may_be_given() {
        let found = read_as("04/01/2019", "%m/%d/%Y", &now()).map(|z| z.date().to_string());
        assert_eq!(found.as_deref(), Some("2019-04-01"));
    }
}
