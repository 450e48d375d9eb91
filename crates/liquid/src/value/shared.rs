//! The contents of lists and hashes, which are dropped without recursion.

use crate::text::Text;
use crate::value::Value;
use foldhash::fast::RandomState;
use indexmap::IndexMap;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

/// Values by name, in insertion order. Each map seeds its hasher, so that keys from outside cannot
/// be chosen to collide.
pub type Object = IndexMap<Text, Value, RandomState>;

/// The items of a list.
#[derive(Debug, Default)]
pub struct Items(Vec<Value>);

/// The entries of a hash, in insertion order.
#[derive(Debug, Default)]
pub struct Entries(Object);

impl Deref for Items {
    type Target = Vec<Value>;
    #[inline]
    fn deref(&self) -> &Vec<Value> {
        &self.0
    }
}

impl DerefMut for Items {
    fn deref_mut(&mut self) -> &mut Vec<Value> {
        &mut self.0
    }
}

impl From<Vec<Value>> for Items {
    fn from(items: Vec<Value>) -> Self {
        Self(items)
    }
}

impl FromIterator<Value> for Items {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl Deref for Entries {
    type Target = Object;
    #[inline]
    fn deref(&self) -> &Object {
        &self.0
    }
}

impl DerefMut for Entries {
    fn deref_mut(&mut self) -> &mut Object {
        &mut self.0
    }
}

impl From<Object> for Entries {
    fn from(entries: Object) -> Self {
        Self(entries)
    }
}

impl FromIterator<(Text, Value)> for Entries {
    fn from_iter<I: IntoIterator<Item = (Text, Value)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

/// A template can nest lists as deep as it has steps; dropping them one inside the other would
/// overflow the stack.
impl Drop for Items {
    fn drop(&mut self) {
        if self.0.iter().any(is_nested) {
            release(std::mem::take(&mut self.0));
        }
    }
}

impl Drop for Entries {
    fn drop(&mut self) {
        if self.0.values().any(is_nested) {
            release(std::mem::take(&mut self.0).into_values().collect());
        }
    }
}

fn is_nested(value: &Value) -> bool {
    matches!(value, Value::List(_) | Value::Hash(_))
}

fn release(mut pending: Vec<Value>) {
    while let Some(value) = pending.pop() {
        match value {
            Value::List(list) => {
                if let Some(list) = Rc::into_inner(list) {
                    pending.append(&mut list.into_inner().0);
                }
            }
            Value::Hash(hash) => {
                if let Some(hash) = Rc::into_inner(hash) {
                    pending.extend(std::mem::take(&mut hash.into_inner().0).into_values());
                }
            }
            _ => {}
        }
    }
}
