//! Numbers as Ruby prints them, and the integers that strings contain.

/// As Ruby prints: always with a point, large and small ones with an exponent.
pub fn float_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let size = number.abs();
    let is_plain = (1e-4..1e15).contains(&size) || (size < 1e16 && size.fract() != 0.0);
    if size != 0.0 && (!is_plain || size < 1e-4) {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let digits = if digits.contains('.') { digits.to_owned() } else { format!("{digits}.0") };
        let (sign, exponent) = match exponent.strip_prefix('-') {
            Some(rest) => ('-', rest),
            None => ('+', exponent),
        };
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    let text = number.to_string();
    if text.contains('.') { text } else { format!("{text}.0") }
}

/// The integer part of a float. One that is out of range becomes the nearest integer of 64 bits,
/// and NaN becomes 0.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the conversion saturates, as documented")]
pub fn to_integer(float: f64) -> i64 {
    float as i64
}

/// A length or a position as an integer.
#[inline]
pub(crate) fn of_length(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// A string as Ruby's `Integer()` reads it: single underscores between digits do not count, a NUL
/// ends large numbers and those with underscores, and what exceeds 64 bits becomes the nearest
/// integer of 64 bits.
pub(crate) fn integer_text(text: &str) -> Option<i64> {
    let (text, is_cut) = text.split_once('\0').map_or((text, false), |(text, _)| (text, true));
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits.split('_').all(is_part) {
        return None;
    }
    if is_cut && !digits.contains('_') && digits.parse::<u64>().is_ok() {
        return None;
    }
    let limit = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    Some(text.replace('_', "").parse().unwrap_or(limit))
}

/// The integer at the beginning of a string, as Ruby's `to_i`; `None` when there are no digits.
pub fn leading_int(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    if end == 0 {
        return None;
    }
    text[..text.len() - digits.len() + end].parse().ok()
}
