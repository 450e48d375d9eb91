//! Ruby's `strftime`, with widths that are bounded.

use jiff::Zoned;

/// A format may ask for at most this width: `%5000000d` is an attack, not a date.
const WIDTH_MAX: usize = 64;

/// What stands between `%` and the letter.
#[derive(Debug, Default, Clone, Copy)]
struct Flags {
    /// `-`, `_` or `0`.
    pad: Option<char>,
    upper: bool,
    swap: bool,
    colons: usize,
    width: Option<usize>,
}

/// The moment in that format; directives that mean nothing are printed as they stand.
pub fn format(moment: &Zoned, format: &str) -> String {
    let mut text = String::with_capacity(format.len() * 2);
    let mut rest = format;
    while let Some(place) = rest.find('%') {
        text.push_str(&rest[..place]);
        let tail = &rest[place..];
        let (flags, length) = flags(&tail[1..]);
        let letter = tail[1 + length..].chars().next();
        let taken = 1 + length + letter.map_or(0, char::len_utf8);
        match letter.and_then(|letter| directive(moment, letter, flags)) {
            Some(shown) => text.push_str(&shown),
            None => text.push_str(&tail[..taken]),
        }
        rest = &tail[taken..];
    }
    text.push_str(rest);
    text
}

fn flags(text: &str) -> (Flags, usize) {
    let mut flags = Flags::default();
    let mut width = String::new();
    let mut length = 0;
    for letter in text.chars() {
        match letter {
            '-' | '_' if width.is_empty() => flags.pad = Some(letter),
            '0' if width.is_empty() => flags.pad = Some('0'),
            '^' => flags.upper = true,
            '#' => flags.swap = true,
            ':' => flags.colons += 1,
            '0'..='9' => width.push(letter),
            _ => break,
        }
        length += 1;
    }
    if !width.is_empty() {
        flags.width = Some(width.parse().unwrap_or(WIDTH_MAX).min(WIDTH_MAX));
    }
    (flags, length)
}

fn directive(moment: &Zoned, letter: char, flags: Flags) -> Option<String> {
    let number = |value: i64, width: usize, pad: char| Some(padded(value, width, pad, flags));
    let hour = i64::from(moment.hour());
    let hour12 = if hour % 12 == 0 { 12 } else { hour % 12 };
    let year = i64::from(moment.year());
    match letter {
        'Y' => number(year, if year < 0 { 5 } else { 1 }, '0'),
        'C' => number(year.div_euclid(100), 2, '0'),
        'y' => number(year.rem_euclid(100), 2, '0'),
        'm' => number(moment.month().into(), 2, '0'),
        'd' => number(moment.day().into(), 2, '0'),
        'e' => number(moment.day().into(), 2, ' '),
        'j' => number(moment.day_of_year().into(), 3, '0'),
        'H' => number(hour, 2, '0'),
        'k' => number(hour, 2, ' '),
        'I' => number(hour12, 2, '0'),
        'l' => number(hour12, 2, ' '),
        'M' => number(moment.minute().into(), 2, '0'),
        'S' => number(moment.second().into(), 2, '0'),
        's' => number(moment.timestamp().as_second(), 1, '0'),
        'u' => number(moment.weekday().to_monday_one_offset().into(), 1, '0'),
        'w' => number(moment.weekday().to_sunday_zero_offset().into(), 1, '0'),
        'U' => number(week(moment, moment.weekday().to_sunday_zero_offset()), 2, '0'),
        'W' => number(week(moment, moment.weekday().to_monday_zero_offset()), 2, '0'),
        'V' => number(moment.date().iso_week_date().week().into(), 2, '0'),
        'G' => number(moment.date().iso_week_date().year().into(), 1, '0'),
        'g' => number(i64::from(moment.date().iso_week_date().year()).rem_euclid(100), 2, '0'),
        'L' => Some(fraction(moment, flags.width.unwrap_or(3))),
        'N' => Some(fraction(moment, flags.width.unwrap_or(9))),
        'z' => Some(offset(moment, flags)),
        _ => words(moment, letter, flags).map(|text| dressed(&text, flags)),
    }
}

/// Directives that give words, or several directives at once.
fn words(moment: &Zoned, letter: char, flags: Flags) -> Option<String> {
    let all = |pattern: &str| format(moment, pattern);
    let half = if moment.hour() < 12 { "AM" } else { "PM" };
    Some(match letter {
        'B' => all_months(moment).to_owned(),
        'b' | 'h' => all_months(moment)[..3].to_owned(),
        'A' => all_days(moment).to_owned(),
        'a' => all_days(moment)[..3].to_owned(),
        'p' if flags.swap => half.to_lowercase(),
        'p' => half.to_owned(),
        'P' => half.to_lowercase(),
        'Z' => zone(moment),
        'D' | 'x' => all("%m/%d/%y"),
        'F' => all("%Y-%m-%d"),
        'T' | 'X' => all("%H:%M:%S"),
        'R' => all("%H:%M"),
        'r' => all("%I:%M:%S %p"),
        'c' => all("%a %b %e %H:%M:%S %Y"),
        'v' => all("%e-%^b-%Y"),
        '+' => all("%a %b %e %H:%M:%S %Z %Y"),
        'n' => "\n".to_owned(),
        't' => "\t".to_owned(),
        '%' => "%".to_owned(),
        _ => return None,
    })
}

fn all_months(moment: &Zoned) -> &'static str {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    MONTHS[(moment.month().unsigned_abs() as usize + 11) % 12]
}

fn all_days(moment: &Zoned) -> &'static str {
    const DAYS: [&str; 7] =
        ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    DAYS[moment.weekday().to_sunday_zero_offset().unsigned_abs() as usize % 7]
}

/// The week of the year, weeks beginning on the day that `weekday` counts from.
fn week(moment: &Zoned, weekday: i8) -> i64 {
    (i64::from(moment.day_of_year()) - 1 + 7 - i64::from(weekday)) / 7
}

fn padded(value: i64, width: usize, pad: char, flags: Flags) -> String {
    let width = flags.width.unwrap_or(width);
    match flags.pad {
        Some('-') => value.to_string(),
        Some('_') => format!("{value:>width$}"),
        Some(_) => format!("{value:0>width$}"),
        None if pad == ' ' => format!("{value:>width$}"),
        None => format!("{value:0width$}"),
    }
}

fn dressed(text: &str, flags: Flags) -> String {
    let text = if flags.upper || (flags.swap && text.chars().any(char::is_lowercase)) {
        text.to_uppercase()
    } else {
        text.to_owned()
    };
    let width = flags.width.unwrap_or(0);
    match flags.pad {
        Some('0') => format!("{text:0>width$}"),
        _ => format!("{text:>width$}"),
    }
}

fn fraction(moment: &Zoned, digits: usize) -> String {
    let nanos = format!("{:09}", moment.subsec_nanosecond());
    let mut digits_text: String = nanos.chars().take(digits).collect();
    while digits_text.len() < digits {
        digits_text.push('0');
    }
    digits_text
}

fn offset(moment: &Zoned, flags: Flags) -> String {
    let seconds = moment.offset().seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let seconds = seconds.unsigned_abs();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match flags.colons {
        0 => format!("{sign}{hours:02}{minutes:02}"),
        1 => format!("{sign}{hours:02}:{minutes:02}"),
        _ => format!("{sign}{hours:02}:{minutes:02}:{:02}", seconds % 60),
    }
}

/// A zone that is only an offset has no name, as in Ruby.
fn zone(moment: &Zoned) -> String {
    match moment.time_zone().iana_name() {
        None if moment.offset().is_zero() => "UTC".to_owned(),
        None => String::new(),
        Some(_) => moment.time_zone().to_offset_info(moment.timestamp()).abbreviation().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_rubys() {
        let moment: Zoned = "2020-06-05T14:03:09.25-04:00[-04:00]".parse().unwrap();
        let shown = |pattern| format(&moment, pattern);
        assert_eq!(shown("%Y-%m-%d %-d %_d %e"), "2020-06-05 5  5  5");
        assert_eq!(shown("%I:%M:%S %p %P %r"), "02:03:09 PM pm 02:03:09 PM");
        assert_eq!(shown("%z %:z %::z"), "-0400 -04:00 -04:00:00");
        assert_eq!(shown("%^B %#B %10A %^a"), "JUNE JUNE     Friday FRI");
        assert_eq!(shown("%L %N %3N %s"), "250 250000000 250 1591380189");
        assert_eq!(shown("%U %W %V %j %u %w"), "22 22 23 157 5 5");
        assert_eq!(shown("%Q %"), "%Q %");
        assert_eq!(shown("%99999999d").len(), WIDTH_MAX);
    }
}
