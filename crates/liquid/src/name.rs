//! A name in a template, hashed for lookups, that remembers its position in the last hash.

use crate::text::Text;
use crate::value::Value;
use crate::value::shared::Object;
use crate::variables::NameHash;
use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};

/// A name, and its position in the last hash: the hashes that a template reads one after another
/// mostly have the same names in the same order, which makes a search unnecessary.
#[derive(Debug)]
pub struct Name {
    text: Text,
    hash: NameHash,
    position: AtomicU32,
}

impl Name {
    /// The hash that variables are searched by.
    #[inline]
    pub(super) fn hash(&self) -> NameHash {
        self.hash
    }

    /// The value of this name in a hash.
    #[inline]
    pub(super) fn find<'m>(&self, map: &'m Object) -> Option<&'m Value> {
        let known = self.position.load(Ordering::Relaxed) as usize;
        if let Some((name, value)) = map.get_index(known)
            && *name == self.text
        {
            return Some(value);
        }
        let position = map.position(&self.text)?;
        self.position.store(u32::try_from(position).unwrap_or(u32::MAX), Ordering::Relaxed);
        map.get_index(position).map(|(_, value)| value)
    }
}

impl Deref for Name {
    type Target = Text;
    #[inline]
    fn deref(&self) -> &Text {
        &self.text
    }
}

impl From<Text> for Name {
    fn from(text: Text) -> Self {
        Self { hash: NameHash::of(&text), text, position: AtomicU32::new(0) }
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self::from(Text::from(text))
    }
}

impl Clone for Name {
    fn clone(&self) -> Self {
        Self::from(self.text.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_changed_is_found_again() {
        let map = |names: [&str; 3]| -> Object {
            names.iter().zip(0..).map(|(name, i)| (Text::from(*name), Value::Int(i))).collect()
        };
        let name = Name::from("b");
        for (names, position) in [(["a", "b", "c"], 1), (["a", "b", "c"], 1), (["x", "y", "b"], 2)]
        {
            assert_eq!(name.find(&map(names)), Some(&Value::Int(position)));
        }
        assert_eq!(name.find(&map(["x", "y", "z"])), None);
        assert_eq!(name.find(&Object::default()), None);
    }
}
