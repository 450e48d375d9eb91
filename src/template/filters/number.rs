//! Number formatting: decimal rounding, grouping, `sprintf`, telephone numbers.

use sluicegate_liquid::value::numbers::to_integer;

/// The decimal digits of a number: sign, integer part, fraction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal {
    is_negative: bool,
    integer: String,
    part: String,
}

impl Decimal {
    /// Parses a string such as `-12.50` or `1e-3`.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let number: f64 = text.parse().ok().filter(|n: &f64| n.is_finite())?;
        // Exponents are expanded; everything else keeps its own digits.
        let plain = if text.contains(['e', 'E']) { format!("{number}") } else { text.to_owned() };
        let (is_negative, digits) = match plain.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
        };
        let (integer, part) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(integer) || !all_digits(part) || integer.len() + part.len() > 400 {
            return None;
        }
        let integer = integer.trim_start_matches('0');
        let integer = if integer.is_empty() { "0" } else { integer }.to_owned();
        Some(Self { is_negative, integer, part: part.to_owned() })
    }

    /// Rounds to `places` decimal places, half away from zero.
    pub fn rounded(mut self, places: usize) -> Self {
        if self.part.len() > places {
            let is_up = self.part.as_bytes()[places] >= b'5';
            self.part.truncate(places);
            if is_up {
                self.count_up();
            }
        } else {
            self.part.extend(std::iter::repeat_n('0', places - self.part.len()));
        }
        self
    }

    /// Adds one to the last digit.
    fn count_up(&mut self) {
        let places = self.part.len();
        let mut digits: Vec<u8> = self.integer.bytes().chain(self.part.bytes()).collect();
        let mut carries = true;
        for digit in digits.iter_mut().rev() {
            if *digit < b'9' {
                *digit += 1;
                carries = false;
                break;
            }
            *digit = b'0';
        }
        let mut text = String::from_utf8_lossy(&digits).into_owned();
        if carries {
            text.insert(0, '1');
        }
        self.part = text.split_off(text.len() - places);
        self.integer = text;
    }

    /// Removes trailing zeros.
    pub fn stripped(mut self) -> Self {
        let length = self.part.trim_end_matches('0').len();
        self.part.truncate(length);
        self
    }

    /// Formats the number, with the integer part in groups of three.
    pub fn write(&self, separator: &str, delimiter: &str) -> String {
        let mut out = String::new();
        let is_zero = self.integer.bytes().chain(self.part.bytes()).all(|b| b == b'0');
        if self.is_negative && !is_zero {
            out.push('-');
        }
        for (index, digit) in self.integer.chars().enumerate() {
            if index > 0 && (self.integer.len() - index).is_multiple_of(3) {
                out.push_str(delimiter);
            }
            out.push(digit);
        }
        if !self.part.is_empty() {
            out.push_str(separator);
            out.push_str(&self.part);
        }
        out
    }
}

/// The maximum field width; a wider one is a mistake or an attack.
const WIDTH_MAX: usize = 1_000;

/// Formats one value with `sprintf`; `None` for an unsupported format.
pub fn sprintf(format: &str, text: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut directive = String::new();
        let kind = loop {
            let c = chars.next()?;
            if c.is_ascii_alphabetic() || c == '%' {
                break c;
            }
            directive.push(c);
        };
        out.push_str(&field(&directive, kind, text)?);
    }
    Some(out)
}

fn field(directive: &str, kind: char, text: &str) -> Option<String> {
    if kind == '%' {
        return Some("%".to_owned());
    }
    let digits = directive.trim_start_matches(['-', '+', '0', ' ', '#']);
    let flags = &directive[..directive.len() - digits.len()];
    let (width, precision) = match digits.split_once('.') {
        Some((width, precision)) => (width, Some(precision.parse::<usize>().unwrap_or(0))),
        None => (digits, None),
    };
    let width: usize = if width.is_empty() { 0 } else { width.parse().ok()? };
    if width > WIDTH_MAX || precision.is_some_and(|p| p > 100) {
        return None;
    }
    let integer = || text.trim().parse::<f64>().ok().filter(|n| n.is_finite()).map(|n| n.trunc());
    let body = match kind {
        's' => match precision {
            Some(length) => text.chars().take(length).collect(),
            None => text.to_owned(),
        },
        'd' | 'i' | 'u' => format!("{}", integer()?),
        'f' => Decimal::read(text)?.rounded(precision.unwrap_or(6)).write(".", ""),
        'e' => {
            let number: f64 = text.trim().parse().ok()?;
            let text = format!("{number:.*e}", precision.unwrap_or(6));
            let (mantissa, exponent) = text.split_once('e')?;
            let exponent: i32 = exponent.parse().ok()?;
            format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
        }
        'x' => format!("{:x}", to_integer(integer()?)),
        'X' => format!("{:X}", to_integer(integer()?)),
        'o' => format!("{:o}", to_integer(integer()?)),
        'b' => format!("{:b}", to_integer(integer()?)),
        'c' => text.chars().take(1).collect(),
        _ => return None,
    };
    let is_number = !matches!(kind, 's' | 'c');
    let body = match (is_number && !body.starts_with('-'), flags) {
        (true, flags) if flags.contains('+') => format!("+{body}"),
        (true, flags) if flags.contains(' ') => format!(" {body}"),
        _ => body,
    };
    let missing = width.saturating_sub(body.chars().count());
    if flags.contains('-') {
        return Some(body + &" ".repeat(missing));
    }
    if flags.contains('0') && is_number {
        let sign = usize::from(body.starts_with(['-', '+', ' ']));
        let (sign, digits) = body.split_at(sign);
        return Some(format!("{sign}{}{digits}", "0".repeat(missing)));
    }
    Some(" ".repeat(missing) + &body)
}

const CALLING_CODES: &[(&str, &str)] = &[
    ("US", "1"),
    ("CA", "1"),
    ("AU", "61"),
    ("AT", "43"),
    ("BE", "32"),
    ("BR", "55"),
    ("CH", "41"),
    ("CN", "86"),
    ("CZ", "420"),
    ("DE", "49"),
    ("DK", "45"),
    ("ES", "34"),
    ("FI", "358"),
    ("FR", "33"),
    ("GB", "44"),
    ("GR", "30"),
    ("HK", "852"),
    ("HU", "36"),
    ("IE", "353"),
    ("IN", "91"),
    ("IT", "39"),
    ("JP", "81"),
    ("KR", "82"),
    ("MX", "52"),
    ("NL", "31"),
    ("NO", "47"),
    ("NZ", "64"),
    ("PL", "48"),
    ("PT", "351"),
    ("RO", "40"),
    ("SE", "46"),
    ("SG", "65"),
    ("SK", "421"),
    ("TR", "90"),
    ("UA", "380"),
    ("ZA", "27"),
];

/// Formats a telephone number as E.164; `None` when it has too few or too many digits.
pub fn mobile(text: &str, country: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_international = text.trim_start().starts_with('+');
    let number = if is_international {
        digits
    } else if let Some(rest) = digits.strip_prefix("00") {
        rest.to_owned()
    } else {
        let code = country.trim().to_uppercase();
        let (_, code) = CALLING_CODES.iter().find(|(name, _)| *name == code)?;
        // The leading zero of a national number is not dialed from abroad, except to Italy.
        let national = if *code == "39" { &digits[..] } else { digits.trim_start_matches('0') };
        match national.strip_prefix(code) {
            Some(rest) if *code == "1" && rest.len() == 10 => national.to_owned(),
            _ => format!("{code}{national}"),
        }
    };
    (8..=15).contains(&number.len()).then(|| format!("+{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str, places: usize) -> String {
        Decimal::read(text).unwrap().rounded(places).write(".", ",")
    }

    #[test]
    fn numbers_round_as_they_are_written() {
        assert_eq!(decimal("111.2345", 3), "111.235");
        assert_eq!(decimal("1.005", 2), "1.01");
        assert_eq!(decimal("999.999", 2), "1,000.00");
        assert_eq!(decimal("-0.001", 2), "0.00");
        assert_eq!(decimal("-1234567", 0), "-1,234,567");
        assert_eq!(decimal("1e3", 1), "1,000.0");
        assert!(Decimal::read("NaN").is_none() && Decimal::read("x").is_none());
        assert_eq!(Decimal::read("1.500").unwrap().stripped().write(".", ""), "1.5");
    }

    #[test]
    fn sprintf_knows_flags_and_bounds() {
        let cases = [
            ("%.2f", "3.124", Some("3.12")),
            ("%05d", "-3", Some("-0003")),
            ("%+d kg", "3", Some("+3 kg")),
            ("%-5s|", "x", Some("x    |")),
            ("%x %X %b", "255", Some("ff FF 11111111")),
            ("100%%", "x", Some("100%")),
            ("%e", "12345.678", Some("1.234568e+04")),
            ("%999999999d", "1", None),
            ("%d", "x", None),
            ("%", "x", None),
        ];
        for (format, text, expected) in cases {
            assert_eq!(sprintf(format, text).as_deref(), expected, "{format}");
        }
    }

    #[test]
    fn telephone_numbers_are_international() {
        assert_eq!(mobile("500 123 999", "PL").as_deref(), Some("+48500123999"));
        assert_eq!(mobile("(555) 123-4567", "us").as_deref(), Some("+15551234567"));
        assert_eq!(mobile("07700 900123", "GB").as_deref(), Some("+447700900123"));
        assert_eq!(mobile("+49 30 1234567", "PL").as_deref(), Some("+49301234567"));
        assert_eq!(mobile("12", "PL"), None);
        assert_eq!(mobile("500123999", "XX"), None);
    }
}
