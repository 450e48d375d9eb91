//! Exact decimals of Stripe's amounts: up to 12 digits behind the point, as an integer.

use serde_json::Value;

/// One, in the unit of this file.
pub const ONE: i128 = 1_000_000_000_000;

/// Reads `12.5` or a JSON number.
pub fn read(value: &Value) -> Option<i128> {
    match value {
        Value::String(text) => parse(text),
        Value::Number(number) => parse(&number.to_string()),
        _ => None,
    }
}

fn parse(text: &str) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction: String = fraction.chars().chain("000000000000".chars()).take(12).collect();
    let whole: i128 = whole.parse().ok()?;
    Some(sign * (whole * ONE + fraction.parse::<i128>().ok()?))
}

/// Rounds to an integer, a half away from zero.
pub fn round(value: i128) -> i64 {
    let half = if value < 0 { -ONE / 2 } else { ONE / 2 };
    i64::try_from((value + half) / ONE).unwrap_or(i64::MAX)
}

/// `amount` × `part` ÷ `whole`, rounded half away from zero.
pub fn share(amount: i64, part: i64, whole: i64) -> i64 {
    if whole == 0 {
        return 0;
    }
    let exact = i128::from(amount) * ONE / i128::from(whole) * i128::from(part);
    // Divided last when that loses nothing.
    let exact = match i128::from(amount).checked_mul(i128::from(part)) {
        Some(product) => product * ONE / i128::from(whole),
        None => exact,
    };
    round(exact)
}

/// A percentage of an amount, rounded half away from zero.
pub fn percent(amount: i64, percentage: &Value) -> i64 {
    round(i128::from(amount) * read(percentage).unwrap_or(0) / 100)
}

/// The tax inside an amount that includes it.
pub fn included(amount: i64, percentage: &Value) -> i64 {
    let rate = read(percentage).unwrap_or(0);
    round(i128::from(amount) * rate * ONE / (100 * ONE + rate))
}

/// A decimal as Stripe writes it: no zeros at the end.
pub fn write(value: i128) -> String {
    let (sign, value) = if value < 0 { ("-", -value) } else { ("", value) };
    let fraction = format!("{:012}", value % ONE);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{fraction}", value / ONE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_are_rounded_half_away_from_zero() {
        assert_eq!(percent(1_050, &json!(10)), 105);
        assert_eq!(percent(5, &json!("10")), 1);
        assert_eq!(percent(-5, &json!(10)), -1);
        assert_eq!(percent(999, &json!(8.875)), 89);
        assert_eq!(included(1_200, &json!(20)), 200);
        assert_eq!(share(3_000, 1, 3), 1_000);
        assert_eq!(share(1_000, 15, 31), 484);
    }

    #[test]
    fn decimals_are_written_without_zeros() {
        assert_eq!(write(read(&json!("0.50")).unwrap()), "0.5");
        assert_eq!(write(read(&json!(12)).unwrap()), "12");
        assert_eq!(write(read(&json!("-1.25")).unwrap()), "-1.25");
    }
}
