//! Billing periods: calendar months and years, days and weeks.

use jiff::{Span, Timestamp, tz::TimeZone};

/// The time `count` intervals after another; the day of a month is at most its last.
pub fn add(from: i64, interval: &str, count: i64) -> i64 {
    let span = match interval {
        "day" => Span::new().try_days(count),
        "week" => Span::new().try_weeks(count),
        "year" => Span::new().try_years(count),
        _ => Span::new().try_months(count),
    };
    let later = span.ok().and_then(|span| {
        let start = Timestamp::from_second(from).ok()?.to_zoned(TimeZone::UTC);
        start.checked_add(span).ok()
    });
    later.map_or(from, |later| later.timestamp().as_second())
}

/// The end of the period that begins at `start`, in the rhythm of `anchor`: a month of a 31st ends
/// on the 28th, and the one after that on the 31st again.
pub fn end(anchor: i64, start: i64, interval: &str, count: i64) -> i64 {
    let count = count.max(1);
    let mut steps = 1;
    // Anchors in the future (a trial, a billing cycle anchor) end the first period.
    if anchor > start {
        return anchor;
    }
    let mut at = add(anchor, interval, count);
    while at <= start && steps < 10_000 {
        steps += 1;
        at = add(anchor, interval, count * steps);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_keep_the_day_of_their_anchor() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
        let anchor = at("2026-01-31T10:00:00Z");
        let february = end(anchor, anchor, "month", 1);
        assert_eq!(february, at("2026-02-28T10:00:00Z"));
        assert_eq!(end(anchor, february, "month", 1), at("2026-03-31T10:00:00Z"));
        assert_eq!(add(at("2024-02-29T00:00:00Z"), "year", 1), at("2025-02-28T00:00:00Z"));
        assert_eq!(end(anchor + 100, anchor, "month", 1), anchor + 100);
    }
}
