//! The contents of lists and hashes, which are dropped with bounded recursion.

use crate::text::Text;
use crate::value::Value;
use crate::value::ordered_map::OrderedMap;
use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

/// Values nested deeper than this are dropped one after another, which needs a list of them.
const RECURSION_MAX: u32 = 50;

thread_local! {
    /// How many drops of lists and hashes are under way, one inside the other.
    static DROPPING: Cell<u32> = const { Cell::new(0) };
}

/// Values by name, in insertion order.
pub type Object = OrderedMap<Value>;

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

/// A template can nest lists as deep as it has steps; dropping all of them one inside the other
/// would overflow the stack.
impl Drop for Items {
    fn drop(&mut self) {
        if self.0.iter().any(is_nested) {
            let items = std::mem::take(&mut self.0);
            one_deeper(items, |items| items);
        }
    }
}

impl Drop for Entries {
    fn drop(&mut self) {
        if self.0.values().any(is_nested) {
            let entries = std::mem::take(&mut self.0);
            one_deeper(entries, |entries| entries.into_values().collect());
        }
    }
}

/// Drops a content one level deeper or, below the deepest level, its values one after another.
fn one_deeper<T>(content: T, values: impl FnOnce(T) -> Vec<Value>) {
    let depth = DROPPING.get();
    if depth >= RECURSION_MAX {
        return release(values(content));
    }
    DROPPING.set(depth + 1);
    drop(content);
    DROPPING.set(depth);
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
