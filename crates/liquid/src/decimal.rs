//! Exact decimal arithmetic: `0.1 | plus: 0.2` is 0.3, as Ruby Liquid has it.

/// Digits without a point, and the number of them after it.
#[derive(Debug, Clone, Copy)]
struct Decimal {
    digits: i128,
    scale: u32,
}

/// The most digits after the point that fit.
const SCALE_MAX: u32 = 30;

/// A number, exact where it is an integer.
#[derive(Debug, Clone, Copy)]
pub struct Operand {
    float: f64,
    whole: Option<i128>,
}

impl From<f64> for Operand {
    fn from(float: f64) -> Self {
        Self { float, whole: None }
    }
}

impl From<i128> for Operand {
    fn from(whole: i128) -> Self {
        Self { float: whole as f64, whole: Some(whole) }
    }
}

fn read(operand: Operand) -> Option<Decimal> {
    if let Some(digits) = operand.whole {
        return Some(Decimal { digits, scale: 0 });
    }
    let number = operand.float;
    let text = number.is_finite().then(|| number.to_string())?;
    let (whole, behind) = text.split_once('.').unwrap_or((&text, ""));
    let scale = u32::try_from(behind.len()).ok().filter(|scale| *scale <= SCALE_MAX)?;
    Some(Decimal { digits: format!("{whole}{behind}").parse().ok()?, scale })
}

impl Decimal {
    fn at(self, scale: u32) -> Option<i128> {
        self.digits.checked_mul(10_i128.checked_pow(scale.checked_sub(self.scale)?)?)
    }

    fn float(self) -> f64 {
        format!("{}e-{}", self.digits, self.scale).parse().unwrap_or(f64::NAN)
    }
}

/// An operation on two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sum {
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Times,
    /// `/`
    Over,
    /// The remainder of `/`, with the sign of the divisor.
    Modulo,
}

/// The exact result as the nearest float; larger numbers are computed as floats.
pub fn compute(one: impl Into<Operand>, sum: Sum, other: impl Into<Operand>) -> f64 {
    let (one, other) = (one.into(), other.into());
    exact(one, sum, other).unwrap_or(match sum {
        Sum::Plus => one.float + other.float,
        Sum::Minus => one.float - other.float,
        Sum::Times => one.float * other.float,
        Sum::Over => one.float / other.float,
        Sum::Modulo => one.float - other.float * (one.float / other.float).floor(),
    })
}

fn exact(one: Operand, sum: Sum, other: Operand) -> Option<f64> {
    let (a, b) = (read(one)?, read(other)?);
    let scale = a.scale.max(b.scale);
    let decimal = match sum {
        Sum::Plus => Decimal { digits: a.at(scale)?.checked_add(b.at(scale)?)?, scale },
        Sum::Minus => Decimal { digits: a.at(scale)?.checked_sub(b.at(scale)?)?, scale },
        Sum::Times => {
            let scale = a.scale + b.scale;
            Decimal { digits: a.digits.checked_mul(b.digits)?, scale }
        }
        Sum::Modulo => {
            let (top, bottom) = (a.at(scale)?, b.at(scale)?);
            let rest = top.checked_rem(bottom)?;
            let wraps = rest != 0 && (rest < 0) != (bottom < 0);
            Decimal { digits: if wraps { rest + bottom } else { rest }, scale }
        }
        Sum::Over => {
            // Twenty digits more than needed round to the nearest float.
            let (top, bottom) = (a.at(scale)?, b.at(scale)?);
            if top == 0 {
                return None;
            }
            let top = top.checked_mul(10_i128.pow(20))?;
            Decimal { digits: top.checked_div(bottom)?, scale: 20 }
        }
    };
    // Zero keeps its sign in float arithmetic.
    (decimal.digits != 0 || sum == Sum::Plus || sum == Sum::Minus).then(|| decimal.float())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_exact() {
        assert_eq!(compute(0.1, Sum::Plus, 0.2), 0.3);
        assert_eq!(compute(0.0725, Sum::Times, 100.0), 7.25);
        assert_eq!(compute(123.0, Sum::Over, 4.56).to_string(), "26.973684210526315");
        assert_eq!(compute(123.321, Sum::Modulo, 0.1), 0.021);
        assert_eq!(compute(-123.321, Sum::Modulo, 2_i128), 0.679);
        assert_eq!(compute(1e300, Sum::Times, 1e300), f64::INFINITY);
    }
}
