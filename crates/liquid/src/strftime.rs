//! Ruby's `strftime` for [`Zoned`], with bounded widths; the formatter is the crate strftime-ruby.

use jiff::Zoned;
use std::borrow::Cow;

/// The largest width of a directive: `%5000000d` is an attack, not a date.
const WIDTH_MAX: usize = 64;

/// Formats a timestamp. An unknown directive is printed as it is written, and so is one that the
/// end of the format cuts off.
pub fn format(zoned: &Zoned, format: &str) -> String {
    frequent(zoned, format).unwrap_or_else(|| complete(zoned, format))
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Formats by the commonest directives, without flags and widths; `None` for any other.
fn frequent(zoned: &Zoned, format: &str) -> Option<String> {
    let mut output = String::with_capacity(format.len() * 2);
    let two = |number: i8, output: &mut String| {
        let number = number.unsigned_abs();
        output.extend([char::from(b'0' + number / 10 % 10), char::from(b'0' + number % 10)]);
    };
    let mut rest = format;
    while let Some(percent) = memchr::memchr(b'%', rest.as_bytes()) {
        output.push_str(&rest[..percent]);
        match rest.as_bytes().get(percent + 1)? {
            b'Y' => {
                let year @ 1000..=9999 = zoned.year() else { return None };
                output.push_str(itoa::Buffer::new().format(year));
            }
            b'm' => two(zoned.month(), &mut output),
            b'd' => two(zoned.day(), &mut output),
            b'H' => two(zoned.hour(), &mut output),
            b'M' => two(zoned.minute(), &mut output),
            b'S' => two(zoned.second(), &mut output),
            b'b' => output.push_str(MONTHS.get(usize::try_from(zoned.month() - 1).ok()?)?),
            b'%' => output.push('%'),
            _ => return None,
        }
        rest = &rest[percent + 2..];
    }
    output.push_str(rest);
    Some(output)
}

/// Formats by any directive.
fn complete(zoned: &Zoned, format: &str) -> String {
    let format = bounded(format);
    let time = Adapter { zoned, zone: zone(zoned, &format) };
    let mut output = String::with_capacity(format.len() * 2);
    if strftime::fmt::strftime(&time, &format, &mut output).is_ok() {
        return output;
    }
    // The crate refuses a format that ends inside a directive.
    let end = format.rfind('%').unwrap_or(format.len());
    output.clear();
    match strftime::fmt::strftime(&time, &format[..end], &mut output) {
        Ok(()) => output.push_str(&format[end..]),
        Err(_) => output.clone_from(&format.into_owned()),
    }
    output
}

/// The format with every width that exceeds the largest replaced by it.
fn bounded(format: &str) -> Cow<'_, str> {
    let mut output = String::new();
    let mut copied = 0;
    let mut rest = 0;
    while let Some(percent) = format[rest..].find('%').map(|found| rest + found) {
        let flags = skip(format, percent + 1, |byte| b"-_0^#:".contains(&byte));
        let end = skip(format, flags, |byte| byte.is_ascii_digit());
        let is_wide =
            format[flags..end].parse().map_or(end > flags, |width: usize| width > WIDTH_MAX);
        if is_wide {
            output.push_str(&format[copied..flags]);
            output.push_str(&WIDTH_MAX.to_string());
            copied = end;
        }
        // What follows may be any character, `%` too.
        rest = end + format[end..].chars().next().map_or(0, char::len_utf8);
    }
    match copied {
        0 => Cow::Borrowed(format),
        _ => Cow::Owned(output + &format[copied..]),
    }
}

/// The position of the first byte from `start` on that `is_part` refuses.
fn skip(format: &str, start: usize, is_part: impl Fn(u8) -> bool) -> usize {
    let rest = format.as_bytes()[start..].iter();
    start + rest.take_while(|byte| is_part(**byte)).count()
}

/// The abbreviation for `%Z`; a zone that is only an offset has none, as in Ruby.
fn zone(zoned: &Zoned, format: &str) -> String {
    if !format.contains('Z') {
        return String::new();
    }
    match zoned.time_zone().iana_name() {
        None if zoned.offset().is_zero() => "UTC".to_owned(),
        None => String::new(),
        Some(_) => zoned.time_zone().to_offset_info(zoned.timestamp()).abbreviation().to_owned(),
    }
}

/// A timestamp as the crate reads it.
struct Adapter<'a> {
    zoned: &'a Zoned,
    zone: String,
}

impl strftime::Time for Adapter<'_> {
    fn year(&self) -> i32 {
        self.zoned.year().into()
    }

    fn month(&self) -> u8 {
        self.zoned.month().unsigned_abs()
    }

    fn day(&self) -> u8 {
        self.zoned.day().unsigned_abs()
    }

    fn hour(&self) -> u8 {
        self.zoned.hour().unsigned_abs()
    }

    fn minute(&self) -> u8 {
        self.zoned.minute().unsigned_abs()
    }

    fn second(&self) -> u8 {
        self.zoned.second().unsigned_abs()
    }

    fn nanoseconds(&self) -> u32 {
        self.zoned.subsec_nanosecond().unsigned_abs()
    }

    fn day_of_week(&self) -> u8 {
        self.zoned.weekday().to_sunday_zero_offset().unsigned_abs()
    }

    fn day_of_year(&self) -> u16 {
        self.zoned.day_of_year().unsigned_abs()
    }

    fn to_int(&self) -> i64 {
        self.zoned.timestamp().as_second()
    }

    fn is_utc(&self) -> bool {
        self.zoned.time_zone().iana_name().is_none() && self.zoned.offset().is_zero()
    }

    fn utc_offset(&self) -> i32 {
        self.zoned.offset().seconds()
    }

    fn time_zone(&self) -> &str {
        &self.zone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_as_ruby_does() {
        let zoned: Zoned = "2020-06-05T14:03:09.25-04:00[-04:00]".parse().unwrap();
        let shown = |pattern| format(&zoned, pattern);
        assert_eq!(shown("%Y-%m-%d %-d %_d %e"), "2020-06-05 5  5  5");
        assert_eq!(shown("%I:%M:%S %p %P %r"), "02:03:09 PM pm 02:03:09 PM");
        assert_eq!(shown("%z %:z %::z"), "-0400 -04:00 -04:00:00");
        assert_eq!(shown("%^B %#B %10A %^a"), "JUNE JUNE     Friday FRI");
        assert_eq!(shown("%L %N %3N %s"), "250 250000000 250 1591380189");
        assert_eq!(shown("%U %W %V %j %u %w"), "22 22 23 157 5 5");
        assert_eq!(shown("%Q %"), "%Q %");
        assert_eq!(shown("%99999999d").len(), WIDTH_MAX);
    }

    /// The short way prints what the crate prints, for formats of common directives and others.
    #[test]
    fn the_short_way_is_the_long_way() {
        let dates = [
            "1000-01-01T00:00:00+00:00[UTC]",
            "2020-02-29T23:59:59.999+05:45[+05:45]",
            "2031-12-31T09:08:07-11:00[-11:00]",
            "9999-10-10T12:00:00+00:00[UTC]",
            "0999-10-10T12:00:00+00:00[UTC]",
        ];
        let pieces =
            ["%Y", "%m", "%d", "%H", "%M", "%S", "%b", "%%", "-", "é", "", "%", "%e", "%3Y"];
        let mut short = 0;
        for date in dates {
            let zoned: Zoned = date.parse().unwrap();
            for one in pieces {
                for other in pieces {
                    for last in pieces {
                        let pattern = format!("{one}{other}{last}");
                        let wanted = complete(&zoned, &pattern);
                        assert_eq!(format(&zoned, &pattern), wanted, "{date} {pattern}");
                        short += usize::from(frequent(&zoned, &pattern).is_some());
                    }
                }
            }
        }
        assert!(short > 1000, "{short} in the short way");
    }

    /// Forms that a formatter of our own got wrong, with the answers of MRI 3.1.
    #[test]
    fn rare_directives_are_mris() {
        let zoned: Zoned = "2001-01-01T10:00:00+09:00[+09:00]".parse().unwrap();
        for (pattern, wanted) in [
            ("%10z", "+000000900"),
            ("%_10z", "      +900"),
            ("%_z", " +900"),
            ("%:::z", "+09"),
            ("%Ey", "01"),
            ("%Od", "01"),
            ("%-10A", "Monday"),
            ("%+", "%+"),
        ] {
            assert_eq!(format(&zoned, pattern), wanted, "{pattern}");
        }
    }

    #[test]
    fn widths_are_bounded_and_everything_else_is_kept() {
        for format in ["%Y-%m-%d", "%64d", "100%", "%%99999d", "%é99999", "99999"] {
            assert_eq!(bounded(format), format);
        }
        assert_eq!(bounded("a%065d%-99999999999999999999Nb"), "a%064d%-64Nb");
        assert_eq!(bounded("%%%100d"), "%%%64d");
    }
}
