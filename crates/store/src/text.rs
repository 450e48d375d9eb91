//! The text and the number of a property, which filters and sorts compare.

use serde_json::Value as Json;
use std::borrow::Cow;
use std::cmp::Ordering;

/// The text that a filter compares: a string itself, any other value as JSON, `None` for null.
pub fn of(value: &Json) -> Option<Cow<'_, str>> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(Cow::Borrowed(text)),
        other => Some(Cow::Owned(other.to_string())),
    }
}

/// True when a string or a name in the value has a NUL character, which PostgreSQL does not store.
pub fn has_nul(value: &Json) -> bool {
    match value {
        Json::String(text) => text.contains('\0'),
        Json::Array(items) => items.iter().any(has_nul),
        Json::Object(map) => map.iter().any(|(name, one)| name.contains('\0') || has_nul(one)),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

/// 2^63: the first float above every i64; -2^63 is itself one.
const LIMIT: f64 = 9_223_372_036_854_775_808.0;

/// A number as databases compare it: an integer if it fits 64 bits, otherwise a float.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    /// An integer.
    Integer(i64),
    /// Any other number.
    Float(f64),
}

impl Number {
    /// The number of a JSON number.
    pub fn of(value: &Json) -> Option<Self> {
        let number = value.as_number()?;
        number.as_i64().map(Self::Integer).or_else(|| number.as_f64().map(Self::Float))
    }

    /// The number of a bound: a JSON number, or a decimal string such as `"500"`.
    pub fn of_bound(bound: &Json) -> Option<Self> {
        let Some(text) = bound.as_str() else { return Self::of(bound) };
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (integer, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !plain(integer) || !plain(fraction) {
            return None;
        }
        text.parse().map(Self::Integer).or_else(|_| text.parse().map(Self::Float)).ok()
    }

    /// The integer that it equals, if there is one of 64 bits.
    pub fn as_integer(self) -> Option<i64> {
        match self {
            Self::Integer(integer) => Some(integer),
            Self::Float(float) => {
                let is_integer = (-LIMIT..LIMIT).contains(&float) && float.fract() == 0.0;
                is_integer.then(|| in_range(float))
            }
        }
    }

    /// Compares exactly, also an integer with a float.
    pub fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(&b),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            (Self::Integer(a), Self::Float(b)) => integer_with_float(a, b),
            (Self::Float(a), Self::Integer(b)) => integer_with_float(b, a).reverse(),
        }
    }
}

impl From<Number> for Json {
    fn from(number: Number) -> Self {
        match number {
            Number::Integer(integer) => integer.into(),
            Number::Float(float) => float.into(),
        }
    }
}

/// The integer part of a float between `-LIMIT` and `LIMIT`.
#[expect(clippy::cast_possible_truncation, reason = "callers check the range")]
fn in_range(float: f64) -> i64 {
    float as i64
}

fn integer_with_float(integer: i64, float: f64) -> Ordering {
    if float >= LIMIT {
        return Ordering::Less;
    }
    if float < -LIMIT {
        return Ordering::Greater;
    }
    let floor = float.floor();
    integer.cmp(&in_range(floor)).then(if float > floor { Ordering::Less } else { Ordering::Equal })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_is_the_string_or_the_json() {
        assert_eq!(of(&json!("a")).as_deref(), Some("a"));
        assert_eq!(of(&json!(500)).as_deref(), Some("500"));
        assert_eq!(of(&json!(true)).as_deref(), Some("true"));
        assert_eq!(of(&json!([1, "b"])).as_deref(), Some("[1,\"b\"]"));
        assert_eq!(of(&json!(null)), None);
    }

    #[test]
    fn numbers_compare_exactly() {
        let compare = |a: Json, b: Json| {
            Number::of_bound(&a).zip(Number::of_bound(&b)).map(|(a, b)| a.compare(b))
        };
        assert_eq!(compare(json!("10"), json!(9.5)), Some(Ordering::Greater));
        assert_eq!(compare(json!(9), json!("9.5")), Some(Ordering::Less));
        assert_eq!(compare(json!(-1), json!(-1.5)), Some(Ordering::Greater));
        assert_eq!(
            compare(json!(i64::MAX), json!(9_223_372_036_854_775_807.0)),
            Some(Ordering::Less)
        );
        assert_eq!(compare(json!(2), json!(2.0)), Some(Ordering::Equal));
        for text in ["", "-", "1e3", ".5", "5.", "0x1", " 1", "1 ", "nan"] {
            assert!(Number::of_bound(&json!(text)).is_none(), "{text:?}");
        }
    }
}
