//! Values: shared by reference, ordered, and convertible from and to JSON.

use crate::inspect;
use crate::plain;
use crate::shared::{Entries, Items, Map};
use crate::text::Text;
use crate::time::Time;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

/// A list; clones are the same list.
pub type List = Rc<RefCell<Items>>;
/// A hash in insertion order; clones are the same hash.
pub type Hash = Rc<RefCell<Entries>>;

/// A value with behaviour of its own, such as `forloop` or the platform's `context`.
pub trait Object: fmt::Debug {
    /// The value under a key.
    fn get(&self, key: &str) -> Option<Value>;
    /// What it is when it is printed or handed on: plain data.
    fn to_json(&self) -> Json;
    /// For `self`: the level of variables it stands for.
    fn level(&self) -> Option<usize> {
        None
    }
    /// For a text that is no UTF-8: what it is made of.
    fn bytes(&self) -> Option<&[u8]> {
        None
    }
}

/// A Liquid value.
#[derive(Debug, Clone, Default)]
pub enum Value {
    /// Nothing.
    #[default]
    Nil,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number beyond 64 bits; see [`Value::whole`].
    Big(Box<i128>),
    /// A decimal number.
    Float(f64),
    /// A text, and whether it may be printed as it is.
    Text(Text, bool),
    /// A list.
    List(List),
    /// A hash.
    Hash(Hash),
    /// From, to: never materialised unless it is short.
    Range(i64, i64),
    /// A moment.
    Time(Rc<Time>),
    /// Something with behaviour of its own.
    Object(Rc<dyn Object>),
    /// The word `empty`, for comparisons.
    Empty,
    /// The word `blank`, for comparisons.
    Blank,
}

impl Value {
    /// A text that is escaped when printed.
    pub fn text(text: impl Into<Text>) -> Self {
        Self::Text(text.into(), false)
    }

    /// A text that is printed as it is.
    pub fn safe(text: impl Into<Text>) -> Self {
        Self::Text(text.into(), true)
    }

    /// A whole number of any size that fits.
    pub fn whole(number: i128) -> Self {
        i64::try_from(number).map_or_else(|_| Self::Big(Box::new(number)), Self::Int)
    }

    /// A fresh list.
    pub fn list(items: Vec<Value>) -> Self {
        Self::List(Rc::new(RefCell::new(items.into())))
    }

    /// A fresh hash.
    pub fn hash(map: Map) -> Self {
        Self::Hash(Rc::new(RefCell::new(map.into())))
    }

    /// Everything but nil and false is true.
    #[inline]
    pub fn is_truthy(&self) -> bool {
        !matches!(self, Self::Nil | Self::Bool(false))
    }

    /// True for nil.
    #[inline]
    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    /// `empty`: a text, list or hash with nothing in it.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text, _) => text.is_empty(),
            Self::List(list) => list.borrow().is_empty(),
            Self::Hash(hash) => hash.borrow().is_empty(),
            _ => false,
        }
    }

    /// `blank`, as Rails has it: nil, false, white space, and what is empty.
    pub fn is_blank(&self) -> bool {
        match self {
            Self::Nil | Self::Bool(false) | Self::Empty | Self::Blank => true,
            Self::Text(text, _) => text.trim().is_empty(),
            other => other.is_empty(),
        }
    }

    /// What the value is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nil | Self::Empty | Self::Blank => "nil",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Big(_) | Self::Float(_) => "a number",
            Self::Text(..) => "a text",
            Self::Object(object) if object.bytes().is_some() => "a text",
            Self::List(_) => "a list",
            Self::Hash(_) => "a hash",
            Self::Range(..) => "a range",
            Self::Time(_) => "a time",
            Self::Object(_) => "an object",
        }
    }

    /// As printed: nil is nothing, lists and hashes are compact JSON.
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Nil | Self::Empty | Self::Blank => Cow::Borrowed(""),
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Int(number) => Cow::Owned(number.to_string()),
            Self::Big(number) => Cow::Owned(number.to_string()),
            Self::Float(number) => Cow::Owned(float_text(*number)),
            Self::Text(text, _) => Cow::Borrowed(text),
            Self::Range(from, to) => Cow::Owned(format!("{from}..{to}")),
            Self::Time(time) => Cow::Owned(time.to_string()),
            Self::Object(object) if object.bytes().is_some() => {
                String::from_utf8_lossy(object.bytes().unwrap_or_default())
            }
            Self::List(_) | Self::Hash(_) | Self::Object(_) => {
                Cow::Owned(self.to_json().to_string())
            }
        }
    }

    /// As printed by Ruby Liquid: lists joined, hashes as Ruby inspects them.
    pub fn to_ruby_text(&self) -> Cow<'_, str> {
        match self {
            Self::List(_) => {
                let mut text = String::new();
                inspect::joined(self, "", &mut text);
                Cow::Owned(text)
            }
            Self::Hash(_) => Cow::Owned(inspect::inspected(self)),
            Self::Object(object) => match object.to_json() {
                Json::String(text) => Cow::Owned(text),
                other => Cow::Owned(other.to_string()),
            },
            other => other.to_text(),
        }
    }

    /// As Ruby Liquid's filters see it where they want a text: lists are inspected, too.
    pub fn to_ruby_argument(&self) -> Cow<'_, str> {
        match self {
            Self::List(_) => Cow::Owned(inspect::inspected(self)),
            other => other.to_ruby_text(),
        }
    }

    /// A whole number, when it is one or a text of one.
    pub fn to_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Float(number) if number.is_finite() => Some(*number as i64),
            Self::Text(text, _) => leading_int(text),
            _ => None,
        }
    }

    /// A whole number, or a text that is one and nothing else.
    pub fn to_whole(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Big(number) => Some(if **number < 0 { i64::MIN } else { i64::MAX }),
            // A whole number that was too large to be kept as one.
            Self::Float(number) if number.abs() >= 9e18 => Some(*number as i64),
            Self::Text(text, _) => whole_text(text),
            _ => None,
        }
    }

    /// Plain data; what refers to itself is cut there.
    pub fn to_json(&self) -> Json {
        plain::json(self)
    }

    /// The value under a key or index: `a[key]`.
    pub fn get(&self, key: &Value) -> Value {
        match (self, key) {
            (Self::Hash(_), Value::Range(..)) => Value::Nil,
            (Self::Hash(hash), Value::Text(name, _)) => {
                hash.borrow().get(&**name).cloned().unwrap_or_default()
            }
            (Self::Hash(hash), _) => {
                hash.borrow().get(&*key.to_text()).cloned().unwrap_or_default()
            }
            (Self::List(list), Self::Int(index)) => {
                let list = list.borrow();
                let place =
                    if *index < 0 { index.saturating_add(list.len() as i64) } else { *index };
                usize::try_from(place).ok().and_then(|i| list.get(i).cloned()).unwrap_or_default()
            }
            (Self::Object(object), key) => object.get(&key.to_text()).unwrap_or_default(),
            _ => Value::Nil,
        }
    }

    /// The value under a name: `a.name`, with `first`, `last` and `size` where Liquid has them.
    pub fn property(&self, name: &str) -> Value {
        let letter =
            |letter: Option<char>| Value::text(letter.map(String::from).unwrap_or_default());
        match self {
            Self::Hash(hash) => {
                let hash = hash.borrow();
                match (hash.get(name), name) {
                    (Some(value), _) => value.clone(),
                    (None, "size") => Value::Int(hash.len() as i64),
                    (None, "first") => hash.first().map_or(Value::Nil, pair),
                    _ => Value::Nil,
                }
            }
            Self::Object(object) => object.get(name).unwrap_or_default(),
            Self::List(list) => match name {
                "size" => Value::Int(list.borrow().len() as i64),
                "first" => list.borrow().first().cloned().unwrap_or_default(),
                "last" => list.borrow().last().cloned().unwrap_or_default(),
                _ => match name.parse() {
                    Ok(index) => self.get(&Value::Int(index)),
                    Err(_) => Value::Nil,
                },
            },
            Self::Text(text, _) => match name {
                "size" => Value::Int(text.chars().count() as i64),
                "first" => letter(text.chars().next()),
                "last" => letter(text.chars().next_back()),
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

    /// About how many bytes it takes, without looking into it.
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

/// A pair of a hash as templates loop over it: `[key, value]`.
pub fn pair((key, value): (&Text, &Value)) -> Value {
    Value::list(vec![Value::text(key.clone()), value.clone()])
}

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

/// The whole number a text is, as Ruby's `Integer()` reads it: single underscores between digits do
/// not count, a NUL ends large numbers and those with underscores, and what is beyond 64 bits is
/// the nearest within.
fn whole_text(text: &str) -> Option<i64> {
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

/// The whole number a text begins with, as Ruby's `to_i`; none when it begins with none.
pub fn leading_int(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    if end == 0 {
        return None;
    }
    text[..text.len() - digits.len() + end].parse().ok()
}

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        Self::from(&json)
    }
}

impl From<&Json> for Value {
    fn from(json: &Json) -> Self {
        match json {
            Json::Null => Self::Nil,
            Json::Bool(truth) => Self::Bool(*truth),
            Json::Number(number) => match (number.as_i64(), number.as_i128(), number.as_f64()) {
                (Some(whole), ..) => Self::Int(whole),
                (_, Some(whole), _) => Self::whole(whole),
                (.., Some(decimal)) => Self::Float(decimal),
                _ => Self::Nil,
            },
            Json::String(text) => Self::text(text),
            Json::Array(list) => Self::list(list.iter().map(Self::from).collect()),
            Json::Object(map) => {
                Self::hash(map.iter().map(|(k, v)| (Text::from(k), Self::from(v))).collect())
            }
        }
    }
}

impl From<Time> for Value {
    fn from(time: Time) -> Self {
        Self::Time(Rc::new(time))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            // Ruby compares what is written, and the two words have no value of their own.
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
            (Self::Object(a), Self::Object(b)) => {
                Rc::ptr_eq(a, b)
                    || (a.level().is_some() && b.level().is_some())
                    || (a.bytes().is_some() && a.bytes() == b.bytes())
            }
            _ => false,
        }
    }
}
