//! How Ruby's Psych, which implements YAML 1.1, reads a plain scalar.

use serde_json::{Number, Value as Json};

/// The value of an unquoted scalar: null, a boolean, a number, or a string.
pub fn resolve(text: &str) -> Json {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Json::Null,
        _ => {}
    }
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "yes" | "true" | "on" => return Json::Bool(true),
        "no" | "false" | "off" => return Json::Bool(false),
        _ => {}
    }
    integer(text)
        .map(|i| Json::Number(i.into()))
        .or_else(|| float(text).and_then(Number::from_f64).map(Json::Number))
        .unwrap_or_else(|| Json::String(text.to_owned()))
}

fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let value = if digits.contains(':') {
        sexagesimal(digits)?
    } else {
        let plain = digits.replace(['_', ','], "");
        if let Some(bits) = plain.strip_prefix("0b") {
            i64::from_str_radix(bits, 2).ok()?
        } else if let Some(hex) = plain.strip_prefix("0x") {
            i64::from_str_radix(hex, 16).ok()?
        } else if plain.len() > 1 && plain.starts_with('0') {
            i64::from_str_radix(&plain, 8).ok()?
        } else {
            plain.parse().ok()?
        }
    };
    Some(if negative { -value } else { value })
}

/// `1:30` is 90, as in Psych.
fn sexagesimal(digits: &str) -> Option<i64> {
    let mut parts = digits.split(':');
    let mut value: i64 = parts.next()?.replace('_', "").parse().ok()?;
    let mut count = 0;
    for part in parts {
        let unit: i64 = part.parse().ok().filter(|unit| *unit < 60)?;
        if part.is_empty() || part.len() > 2 {
            return None;
        }
        value = value.checked_mul(60)?.checked_add(unit)?;
        count += 1;
    }
    (count <= 2).then_some(value)
}

fn float(text: &str) -> Option<f64> {
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = body.chars().filter(char::is_ascii_digit).count();
    let shaped = body.chars().all(|c| c.is_ascii_digit() || "._,eE+-".contains(c));
    // `08` and `1-2` are strings: Psych requires a point or a signed exponent.
    let marked = body.contains('.') || body.contains("e+") || body.contains("e-");
    if digits == 0 || !shaped || !marked {
        return None;
    }
    text.replace(['_', ','], "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scalars_mean_what_psych_makes_of_them() {
        let cases = [
            ("", json!(null)),
            ("~", json!(null)),
            ("yes", json!(true)),
            ("Off", json!(false)),
            ("y", json!("y")),
            ("12", json!(12)),
            ("-3", json!(-3)),
            ("1_000", json!(1000)),
            ("017", json!(15)),
            ("08", json!("08")),
            ("0x1F", json!(31)),
            ("0b11", json!(3)),
            ("1:30", json!(90)),
            ("1:75", json!("1:75")),
            ("1.5", json!(1.5)),
            ("1.2.3", json!("1.2.3")),
            ("2019-08-14", json!("2019-08-14")),
            ("1e+3", json!(1000.0)),
            (".", json!(".")),
            ("sk_test_1", json!("sk_test_1")),
        ];
        for (text, value) in cases {
            assert_eq!(resolve(text), value, "{text:?}");
        }
    }
}
