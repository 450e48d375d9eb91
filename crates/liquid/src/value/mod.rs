//! The values of templates: shared by reference, ordered, and convertible from and to JSON.

pub(crate) mod convert;
pub(crate) mod inspect;
pub mod numbers;
pub mod ordered_map;
pub(crate) mod plain;
pub mod shared;

use crate::text::Text;
use crate::time::Time;
use crate::value::numbers::{float_text, integer_text, leading_int, of_length, to_integer};
use crate::value::shared::{Entries, Items, Object};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

/// A list; clones are the same list.
pub type List = Rc<RefCell<Items>>;
/// A hash in insertion order; clones are the same hash.
pub type Hash = Rc<RefCell<Entries>>;

/// A value with behavior of its own, such as `forloop` or a request; Ruby Liquid calls it a drop.
pub trait LiquidDrop: fmt::Debug {
    /// The value under a key.
    fn get(&self, key: &str) -> Option<Value>;
    /// The plain data that is printed and handed on.
    fn to_json(&self) -> Json;
    /// The content, for a drop that is a binary string; `None` for all others.
    fn bytes(&self) -> Option<&[u8]> {
        None
    }
}

/// The value of `self` in a Ruby engine: the variables as a level sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope(pub(crate) usize);

/// How `self` is printed.
pub(crate) const SCOPE: &str = "Liquid::SelfDrop";

/// A Liquid value.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Value {
    /// No value.
    #[default]
    Nil,
    /// True or false.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// An integer of more than 64 bits; see [`Value::whole`].
    Big(Box<i128>),
    /// A float.
    Float(f64),
    /// A string, and whether it is safe to print without escaping.
    Text(Text, bool),
    /// A list.
    List(List),
    /// A hash.
    Hash(Hash),
    /// The first and last integer of a range.
    Range(i64, i64),
    /// A timestamp in a time zone.
    Time(Rc<Time>),
    /// A value with behavior of its own.
    Drop(Rc<dyn LiquidDrop>),
    /// The word `self` in a Ruby engine.
    Scope(Scope),
    /// The word `empty`, for comparisons.
    Empty,
    /// The word `blank`, for comparisons.
    Blank,
}

impl Value {
    /// A string that is escaped when printed.
    pub fn text(text: impl Into<Text>) -> Self {
        Self::Text(text.into(), false)
    }

    /// A string that is printed without escaping.
    pub fn safe(text: impl Into<Text>) -> Self {
        Self::Text(text.into(), true)
    }

    /// An integer, in 64 bits where it fits.
    pub fn whole(number: i128) -> Self {
        i64::try_from(number).map_or_else(|_| Self::Big(Box::new(number)), Self::Int)
    }

    /// A new list.
    pub fn list(items: Vec<Value>) -> Self {
        Self::List(Rc::new(RefCell::new(items.into())))
    }

    /// A new hash.
    pub fn hash(map: Object) -> Self {
        Self::Hash(Rc::new(RefCell::new(map.into())))
    }

    /// Whether a condition takes the value as true: all but nil and false.
    #[inline]
    pub fn is_truthy(&self) -> bool {
        !matches!(self, Self::Nil | Self::Bool(false))
    }

    /// Whether the value is nil.
    #[inline]
    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    /// Whether `value == empty`: an empty string, list or hash.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text, _) => text.is_empty(),
            Self::List(list) => list.borrow().is_empty(),
            Self::Hash(hash) => hash.borrow().is_empty(),
            _ => false,
        }
    }

    /// Whether `value == blank`, as in Rails: nil, false, white space, and empty values.
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Nil | Self::Bool(false) | Self::Empty | Self::Blank => true,
            Self::Text(text, _) => text.trim().is_empty(),
            other => other.is_empty(),
        }
    }

    /// The kind of the value with its article, for error messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nil | Self::Empty | Self::Blank => "nil",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Big(_) | Self::Float(_) => "a number",
            Self::Text(..) => "a text",
            Self::Drop(drop) if drop.bytes().is_some() => "a text",
            Self::List(_) => "a list",
            Self::Hash(_) => "a hash",
            Self::Range(..) => "a range",
            Self::Time(_) => "a time",
            Self::Drop(_) | Self::Scope(_) => "an object",
        }
    }

    /// The value as a string: nil is empty, lists and hashes are compact JSON.
    #[inline]
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text, _) => Cow::Borrowed(text),
            other => other.printed(),
        }
    }

    fn printed(&self) -> Cow<'_, str> {
        match self {
            Self::Nil | Self::Empty | Self::Blank => Cow::Borrowed(""),
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Int(number) => Cow::Owned(itoa::Buffer::new().format(*number).to_owned()),
            Self::Big(number) => Cow::Owned(number.to_string()),
            Self::Float(number) => Cow::Owned(float_text(*number)),
            Self::Text(text, _) => Cow::Borrowed(text),
            Self::Range(from, to) => Cow::Owned(format!("{from}..{to}")),
            Self::Time(time) => Cow::Owned(time.to_string()),
            Self::Drop(drop) if drop.bytes().is_some() => {
                String::from_utf8_lossy(drop.bytes().unwrap_or_default())
            }
            Self::List(_) | Self::Hash(_) | Self::Drop(_) | Self::Scope(_) => {
                Cow::Owned(self.to_json().to_string())
            }
        }
    }

    /// The value as Ruby Liquid prints it: lists joined, hashes as Ruby inspects them.
    pub fn to_ruby_text(&self) -> Cow<'_, str> {
        match self {
            Self::List(_) => {
                let mut text = String::new();
                inspect::joined(self, "", &mut text);
                Cow::Owned(text)
            }
            Self::Hash(_) => Cow::Owned(inspect::inspected(self)),
            Self::Scope(_) => Cow::Borrowed(SCOPE),
            Self::Drop(drop) => match drop.to_json() {
                Json::String(text) => Cow::Owned(text),
                other => Cow::Owned(other.to_string()),
            },
            other => other.to_text(),
        }
    }

    /// The value as Ruby Liquid's string filters read it: lists are inspected, too.
    pub fn to_ruby_argument(&self) -> Cow<'_, str> {
        match self {
            Self::List(_) => Cow::Owned(inspect::inspected(self)),
            other => other.to_ruby_text(),
        }
    }

    /// The integer of a number, or at the start of a string.
    pub fn to_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Float(number) if number.is_finite() => Some(to_integer(*number)),
            Self::Text(text, _) => leading_int(text),
            _ => None,
        }
    }

    /// The integer of a number, or of a string that has no other content.
    pub fn to_whole(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Big(number) => Some(if **number < 0 { i64::MIN } else { i64::MAX }),
            // An integer that was too large for `Value::Big`.
            Self::Float(number) if number.abs() >= 9e18 => Some(to_integer(*number)),
            Self::Text(text, _) => integer_text(text),
            _ => None,
        }
    }

    /// The value as plain data; a value that contains itself is cut off.
    pub fn to_json(&self) -> Json {
        plain::json(self)
    }

    /// The value under a key or index: `a[key]`.
    pub fn get(&self, key: &Value) -> Value {
        match (self, key) {
            (Self::Hash(_), Value::Range(..)) => Value::Nil,
            (Self::Hash(hash), Value::Text(name, _)) => {
                hash.borrow().get(name).cloned().unwrap_or_default()
            }
            (Self::Hash(hash), _) => hash.borrow().get(&key.to_text()).cloned().unwrap_or_default(),
            (Self::List(list), Self::Int(index)) => {
                let list = list.borrow();
                let index =
                    if *index < 0 { index.saturating_add(of_length(list.len())) } else { *index };
                usize::try_from(index).ok().and_then(|i| list.get(i).cloned()).unwrap_or_default()
            }
            (Self::Drop(drop), key) => drop.get(&key.to_text()).unwrap_or_default(),
            _ => Value::Nil,
        }
    }

    /// The value under a name: `a.name`, with `first`, `last` and `size` where Liquid has them.
    pub fn property(&self, name: &str) -> Value {
        let character =
            |character: Option<char>| Value::text(character.map(String::from).unwrap_or_default());
        match self {
            Self::Hash(hash) => {
                let hash = hash.borrow();
                match (hash.get(name), name) {
                    (Some(value), _) => value.clone(),
                    (None, "size") => Value::Int(of_length(hash.len())),
                    (None, "first") => hash.first().map_or(Value::Nil, pair),
                    _ => Value::Nil,
                }
            }
            Self::Drop(drop) => drop.get(name).unwrap_or_default(),
            Self::List(list) => match name {
                "size" => Value::Int(of_length(list.borrow().len())),
                "first" => list.borrow().first().cloned().unwrap_or_default(),
                "last" => list.borrow().last().cloned().unwrap_or_default(),
                _ => match name.parse() {
                    Ok(index) => self.get(&Value::Int(index)),
                    Err(_) => Value::Nil,
                },
            },
            Self::Text(text, _) => match name {
                "size" => Value::Int(of_length(text.chars().count())),
                "first" => character(text.chars().next()),
                "last" => character(text.chars().next_back()),
                _ => Value::Nil,
            },
            Self::Range(from, to) => match name {
                "size" => Value::Int(to.saturating_sub(*from).saturating_add(1).max(0)),
                "first" => Value::Int(*from),
                "last" => Value::Int(*to),
                _ => Value::Nil,
            },
            Self::Int(_) if name == "size" => Value::Int(8),
            _ => Value::Nil,
        }
    }

    /// The approximate size in bytes, without that of nested values.
    #[inline]
    pub fn weight(&self) -> usize {
        match self {
            Self::Text(text, _) => text.len(),
            Self::List(list) => list.borrow().len() * size_of::<Value>(),
            Self::Hash(hash) => hash.borrow().len() * 2 * size_of::<Value>(),
            _ => 0,
        }
    }
}

/// An entry of a hash as loops see it: `[key, value]`.
pub fn pair((key, value): (&Text, &Value)) -> Value {
    Value::list(vec![Value::text(key.clone()), value.clone()])
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            // In Ruby the two words have no value of their own.
            (Self::Empty | Self::Blank, Self::Empty | Self::Blank) => false,
            (Self::Empty, value) | (value, Self::Empty) => value.is_empty(),
            (Self::Blank, value) | (value, Self::Blank) => value.is_blank(),
            (Self::Nil, Self::Nil) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Big(a), Self::Big(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b,
            (Self::Int(a), Self::Float(b)) | (Self::Float(b), Self::Int(a)) => *a as f64 == *b,
            (Self::Text(a, _), Self::Text(b, _)) => a == b,
            (Self::Range(a, b), Self::Range(c, d)) => a == c && b == d,
            (Self::Time(a), Self::Time(b)) => a == b,
            (Self::List(_), Self::List(_)) | (Self::Hash(_), Self::Hash(_)) => {
                plain::same(self, other)
            }
            (Self::Scope(_), Self::Scope(_)) => true,
            (Self::Drop(a), Self::Drop(b)) => {
                Rc::ptr_eq(a, b) || (a.bytes().is_some() && a.bytes() == b.bytes())
            }
            _ => false,
        }
    }
}
