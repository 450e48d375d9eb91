//! The entries of a hash: values by name, in insertion order.
//!
//! Most hashes have few names, and a search through them takes less time than hashing one. A table
//! of positions is made once a longer hash is searched. It seeds its hasher, so that keys from
//! outside cannot be chosen to collide.

use crate::text::Text;
use foldhash::fast::RandomState;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::fmt;

/// The most entries that are searched one by one.
const SEARCHED_MAX: usize = 16;

type Positions = HashMap<Text, usize, RandomState>;

/// Values by name, in insertion order.
pub struct OrderedMap<V> {
    entries: Vec<(Text, V)>,
    positions: OnceCell<Box<Positions>>,
}

impl<V> OrderedMap<V> {
    /// A map with room for entries.
    pub fn with_capacity(entries: usize) -> Self {
        Self { entries: Vec::with_capacity(entries), positions: OnceCell::new() }
    }

    /// A map of entries whose names all differ.
    pub(crate) fn of_distinct(entries: impl Iterator<Item = (Text, V)>) -> Self {
        Self { entries: entries.collect(), positions: OnceCell::new() }
    }

    /// The number of entries.
    #[inline]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The position of a name.
    #[inline]
    pub fn position(&self, name: &str) -> Option<usize> {
        if self.entries.len() <= SEARCHED_MAX {
            return self.entries.iter().position(|(one, _)| **one == *name);
        }
        self.positions().get(name).copied()
    }

    #[inline(never)]
    fn positions(&self) -> &Positions {
        self.positions.get_or_init(|| {
            let names = self.entries.iter().map(|(name, _)| name.clone());
            Box::new(names.zip(0..).collect())
        })
    }

    /// The value of a name.
    #[inline]
    pub fn get(&self, name: &str) -> Option<&V> {
        Some(&self.entries[self.position(name)?].1)
    }

    /// The value of a name, for changes.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        let position = self.position(name)?;
        Some(&mut self.entries[position].1)
    }

    /// The entry at a position.
    #[inline]
    pub fn get_index(&self, position: usize) -> Option<(&Text, &V)> {
        self.entries.get(position).map(both)
    }

    /// The first entry.
    pub fn first(&self) -> Option<(&Text, &V)> {
        self.get_index(0)
    }

    /// Whether there is an entry of that name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.position(name).is_some()
    }

    /// Sets the value of a name, where it is or at the end; returns the one before.
    pub fn insert(&mut self, name: Text, value: V) -> Option<V> {
        if let Some(position) = self.position(&name) {
            return Some(std::mem::replace(&mut self.entries[position].1, value));
        }
        if let Some(positions) = self.positions.get_mut() {
            positions.insert(name.clone(), self.entries.len());
        }
        self.entries.push((name, value));
        None
    }

    /// Removes a name; the entries behind it move up.
    pub fn shift_remove(&mut self, name: &str) -> Option<V> {
        let position = self.position(name)?;
        self.positions.take();
        Some(self.entries.remove(position).1)
    }

    /// Sorts the entries by name.
    pub fn sort_keys(&mut self) {
        self.positions.take();
        self.entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    }

    /// The entries.
    #[inline]
    pub fn iter(&self) -> Iter<'_, V> {
        self.entries.iter().map(both)
    }

    /// The names.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Text> {
        self.entries.iter().map(|(name, _)| name)
    }

    /// The values.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &V> {
        self.entries.iter().map(|(_, value)| value)
    }

    /// The names, without the values.
    pub fn into_keys(self) -> impl ExactSizeIterator<Item = Text> {
        self.entries.into_iter().map(|(name, _)| name)
    }

    /// The values, without the names.
    pub fn into_values(self) -> impl ExactSizeIterator<Item = V> {
        self.entries.into_iter().map(|(_, value)| value)
    }
}

/// The entries of a map, borrowed.
pub type Iter<'a, V> =
    std::iter::Map<std::slice::Iter<'a, (Text, V)>, fn(&(Text, V)) -> (&Text, &V)>;

#[inline]
fn both<V>((name, value): &(Text, V)) -> (&Text, &V) {
    (name, value)
}

impl<V> Default for OrderedMap<V> {
    fn default() -> Self {
        Self { entries: Vec::new(), positions: OnceCell::new() }
    }
}

/// The copy finds its own positions.
impl<V: Clone> Clone for OrderedMap<V> {
    fn clone(&self) -> Self {
        Self { entries: self.entries.clone(), positions: OnceCell::new() }
    }
}

impl<V: fmt::Debug> fmt::Debug for OrderedMap<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<V> Extend<(Text, V)> for OrderedMap<V> {
    fn extend<I: IntoIterator<Item = (Text, V)>>(&mut self, entries: I) {
        for (name, value) in entries {
            self.insert(name, value);
        }
    }
}

impl<V> FromIterator<(Text, V)> for OrderedMap<V> {
    fn from_iter<I: IntoIterator<Item = (Text, V)>>(entries: I) -> Self {
        let entries = entries.into_iter();
        let mut map = Self::with_capacity(entries.size_hint().0);
        map.extend(entries);
        map
    }
}

impl<V> IntoIterator for OrderedMap<V> {
    type Item = (Text, V);
    type IntoIter = std::vec::IntoIter<(Text, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'a, V> IntoIterator for &'a OrderedMap<V> {
    type Item = (&'a Text, &'a V);
    type IntoIter = Iter<'a, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use crate::value::Value;
    use crate::value::shared::Object;

    /// The same operations on a map and on a plain list of entries, with few names and many.
    #[test]
    fn it_is_a_list_of_entries_with_distinct_names() {
        let mut seed = 1_u64;
        let mut random = move |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        for names in [3, 12, 18, 60] {
            let mut object = Object::default();
            let mut model: Vec<(String, i64)> = Vec::new();
            for turn in 0..2_000 {
                let name = format!("name_{}", random(names));
                let place = model.iter().position(|(one, _)| *one == name);
                assert_eq!(object.position(&name), place);
                match random(8) {
                    0 => {
                        let taken = place.map(|place| Value::Int(model.remove(place).1));
                        assert_eq!(object.shift_remove(&name), taken);
                    }
                    1 if turn % 50 == 0 => {
                        object.sort_keys();
                        model.sort();
                    }
                    2 => object = object.clone(),
                    3 => object = object.into_iter().collect(),
                    _ => {
                        let before = object.insert(name.as_str().into(), Value::Int(turn));
                        match place {
                            Some(place) => {
                                assert_eq!(before, Some(Value::Int(model[place].1)));
                                model[place].1 = turn;
                            }
                            None => {
                                assert_eq!(before, None);
                                model.push((name.clone(), turn));
                            }
                        }
                    }
                }
                let entries: Vec<_> = object.iter().map(|(name, value)| (&**name, value)).collect();
                let wanted: Vec<_> =
                    model.iter().map(|(name, number)| (&**name, Value::Int(*number))).collect();
                assert!(entries.iter().map(|(n, v)| (*n, (*v).clone())).eq(wanted));
                assert_eq!(object.len(), model.len());
            }
        }
    }
}
