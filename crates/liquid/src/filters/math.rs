//! Arithmetic: integers that overflow become floats and never wrap.

use crate::builder::EngineBuilder;
use crate::context::Context;
use crate::decimal::{self, Operand, Sum};
use crate::error::{Error, Kind};
use crate::filter::{Arguments, FilterResult};
use crate::value::Value;
use crate::value::numbers::{leading_int, to_integer};

/// A number as a filter sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
}

impl Number {
    /// The number of a value; 0 when it has none, as in Ruby.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Int(number) => Self::Int(*number),
            Value::Big(number) => Self::Float(**number as f64),
            Value::Float(number) => Self::Float(*number),
            Value::Text(text, _) => {
                let text = text.trim();
                let is_decimal = text.contains('.')
                    && text
                        .chars()
                        .all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E'));
                match text.parse::<f64>() {
                    Ok(number) if is_decimal => Self::Float(number),
                    _ => Self::Int(leading_int(text).unwrap_or(0)),
                }
            }
            _ => Self::Int(0),
        }
    }

    /// The number as a float.
    pub fn float(self) -> f64 {
        match self {
            Self::Int(number) => number as f64,
            Self::Float(number) => number,
        }
    }

    /// The number as a value.
    pub fn value(self) -> Value {
        match self {
            Self::Int(number) => Value::Int(number),
            Self::Float(number) => Value::Float(number),
        }
    }
}

/// Adds the arithmetic filters.
pub fn register(builder: &mut EngineBuilder) {
    builder
        .standard("plus", |v, a, _| both(&v, a, i128::checked_add, Sum::Plus))
        .standard("minus", |v, a, _| both(&v, a, i128::checked_sub, Sum::Minus))
        .standard("times", |v, a, _| both(&v, a, i128::checked_mul, Sum::Times))
        .standard("divided_by", divided_by)
        .standard("modulo", modulo)
        .standard("abs", |v, _, _| {
            Ok(match wide(&v) {
                Some(n) => n.checked_abs().map_or(Value::Float(-(n as f64)), Value::whole),
                None => Value::Float(Number::of(&v).float().abs()),
            })
        })
        .standard("ceil", |v, _, _| whole(&v, f64::ceil))
        .standard("floor", |v, _, _| whole(&v, f64::floor))
        .standard("round", round)
        .standard("at_least", |v, a, _| Ok(pick(&v, a, |x, y| x < y)))
        .standard("at_most", |v, a, _| Ok(pick(&v, a, |x, y| x > y)));
}

/// The integer of a value in 128 bits; `None` for floats.
fn wide(value: &Value) -> Option<i128> {
    match (value, Number::of(value)) {
        (Value::Big(number), _) => Some(**number),
        (_, Number::Int(number)) => Some(number.into()),
        _ => None,
    }
}

/// The value as an exact operand.
fn operand(value: &Value) -> Operand {
    wide(value).map_or_else(|| Number::of(value).float().into(), Operand::from)
}

fn both(
    value: &Value,
    arguments: &Arguments,
    ints: fn(i128, i128) -> Option<i128>,
    floats: Sum,
) -> FilterResult {
    let other = arguments.at(0);
    if let (Some(one), Some(other)) = (wide(value), wide(other))
        && let Some(result) = ints(one, other)
    {
        return Ok(Value::whole(result));
    }
    Ok(Value::Float(decimal::compute(operand(value), floats, operand(other))))
}

fn divided_by(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    // The common case; 128 bits take several times as long.
    if let (Value::Int(one), Value::Int(other @ 1..)) = (&value, arguments.at(0)) {
        return Ok(Value::Int(one.div_euclid(*other)));
    }
    if let (Some(one), Some(other)) = (wide(&value), wide(arguments.at(0))) {
        return match one.checked_div_euclid(other) {
            // Ruby rounds down, whatever the signs.
            Some(_) if other < 0 => Ok(match (one.checked_neg(), other.checked_neg()) {
                (Some(one), Some(other)) => Value::whole(one.div_euclid(other)),
                _ => Value::Float((one as f64 / other as f64).floor()),
            }),
            Some(quotient) => Ok(Value::whole(quotient)),
            None if other == 0 => Err(Error::argument("divided by 0")),
            None => Ok(Value::Float(-(one as f64))),
        };
    }
    let (one, other) = (operand(&value), operand(arguments.at(0)));
    Ok(Value::Float(decimal::compute(one, Sum::Over, other)))
}

fn modulo(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    if let (Some(one), Some(other)) = (wide(&value), wide(arguments.at(0))) {
        if other == 0 {
            return Err(Error::argument("divided by 0"));
        }
        let rest = one.checked_rem(other).unwrap_or(0);
        let wraps = rest != 0 && (rest < 0) != (other < 0);
        return Ok(Value::whole(if wraps { rest + other } else { rest }));
    }
    let (one, other) = (Number::of(&value).float(), Number::of(arguments.at(0)).float());
    if one.is_nan() || (other.is_infinite() && one.is_finite()) {
        return Ok(Value::Float(one));
    }
    if other == 0.0 {
        return Err(Error::argument("divided by 0"));
    }
    let (one, other) = (operand(&value), operand(arguments.at(0)));
    Ok(Value::Float(decimal::compute(one, Sum::Modulo, other)))
}

fn whole(value: &Value, round: fn(f64) -> f64) -> FilterResult {
    if let Value::Big(_) = value {
        return Ok(value.clone());
    }
    match Number::of(value) {
        Number::Int(number) => Ok(Value::Int(number)),
        Number::Float(number) => as_int(round(number)),
    }
}

/// An integral float as an integer; one of more than 64 bits stays a float.
fn as_int(number: f64) -> FilterResult {
    if number.is_nan() {
        return Err(Error::argument("Computation results in 'NaN' (Not a Number)"));
    }
    if number.is_infinite() {
        let sign = if number < 0.0 { "-" } else { "" };
        return Err(Error::argument(format!("Computation results in '{sign}Infinity'")));
    }
    Ok(if number.abs() < 9.2e18 { Value::Int(to_integer(number)) } else { Value::Float(number) })
}

fn round(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let digits = match Number::of(arguments.at(0)) {
        Number::Int(digits) => digits,
        Number::Float(digits) => match as_int(digits)? {
            Value::Int(digits) => digits,
            _ => return Err(Error::new(Kind::Internal, "internal")),
        },
    };
    // Ruby refuses as many digits.
    let Ok(digits) = i32::try_from(digits) else {
        return Err(Error::new(Kind::Internal, "internal"));
    };
    match Number::of(&value) {
        Number::Int(number) if digits >= 0 => Ok(Value::Int(number)),
        Number::Int(number) => {
            let scale = 10_i128.checked_pow(digits.unsigned_abs());
            let Some(scale) = scale else { return Ok(Value::Int(0)) };
            let (wide, half) = (i128::from(number), scale / 2);
            let rounded = (wide.abs() + half) / scale * scale * wide.signum();
            Ok(i64::try_from(rounded).map_or(Value::Float(rounded as f64), Value::Int))
        }
        Number::Float(number) if digits <= 0 => {
            let scale = 10_f64.powi(-digits.max(-300));
            as_int((number / scale).round() * scale)
        }
        Number::Float(number) if digits > 15 || !number.is_finite() => Ok(Value::Float(number)),
        Number::Float(number) => {
            let scale = 10_f64.powi(digits);
            let scaled = decimal::compute(number, Sum::Times, scale).round();
            Ok(Value::Float(decimal::compute(scaled, Sum::Over, scale)))
        }
    }
}

fn pick(value: &Value, arguments: &Arguments, other_wins: fn(f64, f64) -> bool) -> Value {
    let (one, other) = (Number::of(value), Number::of(arguments.at(0)));
    if other_wins(one.float(), other.float()) { other.value() } else { one.value() }
}
