//! Conditions: comparisons, and `and` and `or` from right to left.

use crate::context::Context;
use crate::error::Error;
use crate::expression::{Expression, Literal};
use crate::text::Text;
use crate::value::Value;
use std::cmp::Ordering;

/// A condition.
#[derive(Debug, Clone)]
pub enum Condition {
    /// A single value.
    Truth(Expression),
    /// Two values compared.
    Compare(Expression, Operator, Expression),
    /// Two values with an unknown operator between them, which is an error once it is evaluated.
    Unknown(Text),
    /// Both conditions.
    And(Box<Condition>, Box<Condition>),
    /// Either condition.
    Or(Box<Condition>, Box<Condition>),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `==`
    Equal,
    /// `!=`, `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `contains`
    Contains,
}

impl Operator {
    /// The operator that a word is; `None` for other words.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "==" => Self::Equal,
            "!=" | "<>" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            "contains" => Self::Contains,
            _ => return None,
        })
    }
}

impl Condition {
    /// Evaluates the condition.
    ///
    /// # Errors
    /// When two values cannot be compared, or a limit is reached.
    pub fn holds(&self, context: &mut Context<'_>) -> Result<bool, Error> {
        match self {
            Self::Truth(expression) => expression.with(context, Value::is_truthy),
            Self::Compare(left, operator, Expression::Literal(right)) => {
                let (holds, weight) = left
                    .with(context, |left| (with_literal(left, *operator, right), left.weight()))?;
                context.budget.weigh(weight)?;
                holds
            }
            Self::Compare(left, operator, right) => {
                let left = left.evaluate(context)?;
                let right = right.evaluate(context)?;
                let holds = compare(&left, *operator, &right)?;
                context.budget.weigh(left.weight().max(right.weight()))?;
                Ok(holds)
            }
            Self::Unknown(word) => Err(Error::argument(format!("Unknown operator {word}"))),
            Self::And(left, right) => Ok(left.holds(context)? && right.holds(context)?),
            Self::Or(left, right) => Ok(left.holds(context)? || right.holds(context)?),
        }
    }
}

/// Compares a value with a constant; the common comparisons make no value of it.
#[inline]
fn with_literal(left: &Value, operator: Operator, right: &Literal) -> Result<bool, Error> {
    match (operator, left, right) {
        (Operator::Equal, Value::Text(left, _), Literal::Text(right)) => Ok(left == right),
        (Operator::NotEqual, Value::Text(left, _), Literal::Text(right)) => Ok(left != right),
        (Operator::Equal, Value::Int(left), Literal::Int(right)) => Ok(left == right),
        (Operator::NotEqual, Value::Int(left), Literal::Int(right)) => Ok(left != right),
        (Operator::Greater, Value::Int(left), Literal::Int(right)) => Ok(left > right),
        _ => compare(left, operator, &right.value()),
    }
}

/// Compares two values; nil is neither larger nor smaller than any other.
///
/// # Errors
/// `comparison of String with 5 failed`, in Ruby's words.
pub fn compare(left: &Value, operator: Operator, right: &Value) -> Result<bool, Error> {
    match operator {
        Operator::Equal => return Ok(left == right),
        Operator::NotEqual => return Ok(left != right),
        Operator::Contains => return Ok(contains(left, right)),
        _ => {}
    }
    let order = match (left, right) {
        (Value::Int(a), Value::Int(b)) => a.partial_cmp(b),
        (Value::Big(a), Value::Big(b)) => a.partial_cmp(b),
        (Value::Big(a), Value::Int(b)) => (**a).partial_cmp(&i128::from(*b)),
        (Value::Int(a), Value::Big(b)) => i128::from(*a).partial_cmp(&**b),
        (Value::Big(a), Value::Float(b)) => (**a as f64).partial_cmp(b),
        (Value::Float(a), Value::Big(b)) => a.partial_cmp(&(**b as f64)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Float(b)) => (*a as f64).partial_cmp(b),
        (Value::Float(a), Value::Int(b)) => a.partial_cmp(&(*b as f64)),
        (Value::Text(a, _), Value::Text(b, _)) => Some(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) => Some(a.0.cmp(&b.0)),
        (Value::Nil, _) | (_, Value::Nil) => return Ok(false),
        (Value::Text(..), Value::Int(_) | Value::Big(_) | Value::Float(_))
        | (Value::Int(_) | Value::Big(_) | Value::Float(_), Value::Text(..)) => {
            // Ruby shows small integers and floats, and names the class of other values.
            let shown = match right {
                Value::Int(number) if (-1 << 62..1 << 62).contains(number) => right.to_text(),
                Value::Float(_) => right.to_text(),
                _ => class(right).into(),
            };
            let one = class(left);
            let other = &*shown;
            return Err(Error::argument(format!("comparison of {one} with {other} failed")));
        }
        _ => return Ok(false),
    };
    Ok(match (operator, order) {
        (_, None) => false,
        (Operator::Less, Some(order)) => order == Ordering::Less,
        (Operator::LessOrEqual, Some(order)) => order != Ordering::Greater,
        (Operator::Greater, Some(order)) => order == Ordering::Greater,
        (_, Some(order)) => order != Ordering::Less,
    })
}

fn class(value: &Value) -> &'static str {
    match value {
        Value::Text(..) => "String",
        Value::Float(_) => "Float",
        _ => "Integer",
    }
}

/// Whether a string has a substring, a list an item, or a hash a key.
fn contains(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (_, Value::Nil) => false,
        (Value::Text(text, _), part) => text.contains(&*part.to_text()),
        (Value::List(list), item) => list.borrow().iter().any(|one| one == item),
        (Value::Hash(hash), key) => hash.borrow().contains_key(&key.to_text()),
        (Value::Range(from, to), Value::Int(number)) => (from..=to).contains(&number),
        _ => false,
    }
}
