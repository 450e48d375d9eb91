//! Times as v2 writes them: `2026-12-01T10:00:00.000Z`.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;

const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));

/// Seconds since 1970 as a text.
pub fn written(seconds: i64) -> String {
    PRINTER.timestamp_to_string(&Timestamp::from_second(seconds).unwrap_or_default())
}

/// A text, or a number of seconds, as seconds since 1970.
pub fn read(text: &str) -> Option<i64> {
    let number = text.parse().ok();
    number.or_else(|| text.parse::<Timestamp>().ok().map(Timestamp::as_second))
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_written_and_read() {
        assert_eq!(super::written(1_796_092_910), "2026-12-01T02:41:50.000Z");
        assert_eq!(super::read("2026-12-01T02:41:50.000Z"), Some(1_796_092_910));
        assert_eq!(super::read("soon"), None);
    }
}
