//! The variables of a render: frames on one stack, searched from the top.

use crate::text::Text;
use crate::value::Value;
use foldhash::fast::RandomState;
use std::collections::HashSet;

/// What a frame of variables shares with the frames below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FrameKind {
    /// A loop: reads see the frames below, and `assign` writes below.
    #[default]
    Block,
    /// An `include`: reads see the frames below, and `assign` stays inside.
    Partial,
    /// A `render` or `function`: the frames below are hidden.
    Isolated,
}

/// Names and values in order; of two with the same name the last counts. The search compares the
/// hashes of the names, which are beside each other in memory.
#[derive(Debug, Default)]
pub(super) struct Row {
    hashes: Vec<NameHash>,
    slots: Vec<(Text, Value)>,
}

/// A name as a number. A short name is contained with its length; of a longer one only the start
/// and the end are, so that equal hashes need a comparison of the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NameHash(u128);

/// Names up to this length are equal when their hashes are.
const SHORT_MAX: usize = 15;

impl NameHash {
    /// The hash of a name.
    #[inline]
    pub(super) fn of(name: &str) -> Self {
        let name = name.as_bytes();
        let mut bytes = [0; SHORT_MAX + 1];
        match bytes.get_mut(..name.len()) {
            Some(short) if name.len() <= SHORT_MAX => short.copy_from_slice(name),
            _ => {
                bytes[..8].copy_from_slice(&name[..8]);
                bytes[8..SHORT_MAX].copy_from_slice(&name[name.len() - 7..]);
            }
        }
        bytes[SHORT_MAX] = u8::try_from(name.len()).unwrap_or(u8::MAX);
        Self(u128::from_le_bytes(bytes))
    }

    #[inline]
    fn is_exact(self) -> bool {
        (self.0 >> (8 * SHORT_MAX)) as usize <= SHORT_MAX
    }
}

impl Row {
    /// The position of a name between `floor` and `end`.
    #[inline]
    fn position(&self, hash: NameHash, name: &str, floor: usize, end: usize) -> Option<usize> {
        let inner_first = self.hashes[floor..end].iter().enumerate().rev();
        for (found, _) in inner_first.filter(|(_, one)| **one == hash) {
            let position = floor + found;
            if hash.is_exact() || self.slots[position].0 == *name {
                return Some(position);
            }
        }
        None
    }

    /// The value of a name.
    #[inline]
    pub(super) fn get(&self, hash: NameHash, name: &str) -> Option<&Value> {
        if self.slots.is_empty() {
            return None;
        }
        self.position(hash, name, 0, self.slots.len()).map(|position| &self.slots[position].1)
    }

    /// The value of a name, for changes.
    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        let position = self.position(NameHash::of(name), name, 0, self.slots.len())?;
        Some(&mut self.slots[position].1)
    }

    fn insert(&mut self, position: usize, name: Text, value: Value) {
        self.hashes.insert(position, NameHash::of(&name));
        self.slots.insert(position, (name, value));
    }

    /// Adds one at the end.
    pub(super) fn push(&mut self, name: Text, value: Value) {
        self.hashes.push(NameHash::of(&name));
        self.slots.push((name, value));
    }
}

/// The variables that there is room for beside the first ones.
const ROOM: usize = 12;

impl Row {
    /// A row that can grow a little without moving.
    fn growing(pairs: Vec<(Text, Value)>) -> Self {
        let mut hashes = Vec::with_capacity(pairs.len() + ROOM);
        hashes.extend(pairs.iter().map(|(name, _)| NameHash::of(name)));
        let mut slots = Vec::with_capacity(pairs.len() + ROOM);
        slots.extend(pairs);
        Self { hashes, slots }
    }
}

impl FromIterator<(Text, Value)> for Row {
    fn from_iter<I: IntoIterator<Item = (Text, Value)>>(pairs: I) -> Self {
        let slots: Vec<_> = pairs.into_iter().collect();
        Self { hashes: slots.iter().map(|(name, _)| NameHash::of(name)).collect(), slots }
    }
}

/// A frame: where its variables begin on the stack, and how far down it reads.
#[derive(Debug)]
struct Frame {
    start: usize,
    floor: usize,
    kind: FrameKind,
}

/// The stack of frames.
#[derive(Debug)]
pub(super) struct Variables {
    row: Row,
    frames: Vec<Frame>,
}

impl Variables {
    /// A stack with its outermost frame.
    pub(super) fn new(variables: Vec<(Text, Value)>) -> Self {
        let outermost = Frame { start: 0, floor: 0, kind: FrameKind::Isolated };
        let mut frames = Vec::with_capacity(8);
        frames.push(outermost);
        Self { row: Row::growing(variables), frames }
    }

    /// The number of frames.
    pub(super) fn level(&self) -> usize {
        self.frames.len()
    }

    /// The value of a visible variable.
    #[inline]
    pub(super) fn get(&self, hash: NameHash, name: &str) -> Option<&Value> {
        let floor = self.frames.last().map_or(0, |frame| frame.floor);
        if !hash.is_exact() {
            return self.get_long(hash, name, floor);
        }
        let found = self.row.hashes.get(floor..)?.iter().rposition(|one| *one == hash)?;
        self.row.slots.get(floor + found).map(|(_, value)| value)
    }

    /// Out of line, which keeps the common path small.
    #[inline(never)]
    fn get_long(&self, hash: NameHash, name: &str, floor: usize) -> Option<&Value> {
        let position = self.row.position(hash, name, floor, self.row.slots.len())?;
        Some(&self.row.slots[position].1)
    }

    /// The value of a variable as a lower frame sees it.
    pub(super) fn get_at(&self, name: &str, level: usize) -> Option<&Value> {
        let frame = &self.frames[level.clamp(1, self.frames.len()) - 1];
        let position =
            self.row.position(NameHash::of(name), name, frame.floor, self.end(level.max(1)))?;
        Some(&self.row.slots[position].1)
    }

    /// Where the variables of the first `level` frames end.
    fn end(&self, level: usize) -> usize {
        self.frames.get(level).map_or(self.row.slots.len(), |above| above.start)
    }

    /// Sets a variable of the innermost frame that is not a loop.
    pub(super) fn assign(&mut self, name: Text, value: Value) {
        self.set(self.own_level(), name, value);
    }

    /// The visible variable of a name, if [`Variables::assign`] would set the same one.
    pub(super) fn own_mut(&mut self, name: &str) -> Option<&mut Value> {
        let level = self.own_level();
        let (start, end) = (self.frames[level].start, self.end(level + 1));
        // A loop may hide it.
        let position = self.row.position(NameHash::of(name), name, start, self.row.slots.len())?;
        (position < end).then(|| &mut self.row.slots[position].1)
    }

    fn own_level(&self) -> usize {
        let is_own = |frame: &Frame| frame.kind != FrameKind::Block;
        self.frames.iter().rposition(is_own).unwrap_or(0)
    }

    /// Sets a variable of the innermost frame.
    pub(super) fn set_local(&mut self, name: &Text, value: Value) {
        let level = self.frames.len().saturating_sub(1);
        let start = self.frames[level].start;
        match self.row.position(NameHash::of(name), name, start, self.row.slots.len()) {
            Some(position) => self.row.slots[position].1 = value,
            None => self.row.push(name.clone(), value),
        }
    }

    fn set(&mut self, level: usize, name: Text, value: Value) {
        let (start, end) = (self.frames[level].start, self.end(level + 1));
        if let Some(position) = self.row.position(NameHash::of(&name), &name, start, end) {
            self.row.slots[position].1 = value;
            return;
        }
        self.row.insert(end, name, value);
        for above in &mut self.frames[level + 1..] {
            above.start += 1;
        }
    }

    /// Pushes a frame; of two variables with one name the last counts.
    #[inline]
    pub(super) fn enter(
        &mut self,
        kind: FrameKind,
        variables: impl IntoIterator<Item = (Text, Value)>,
    ) {
        let start = self.row.slots.len();
        let floor = match kind {
            FrameKind::Isolated => start,
            _ => self.frames.last().map_or(0, |below| below.floor),
        };
        self.frames.push(Frame { start, floor, kind });
        for (name, value) in variables {
            self.row.push(name, value);
        }
    }

    /// Pops the innermost frame.
    pub(super) fn leave(&mut self) {
        if let Some(frame) = self.frames.pop() {
            self.row.hashes.truncate(frame.start);
            self.row.slots.truncate(frame.start);
        }
    }

    /// Whether a frame other than the outermost is isolated.
    pub(super) fn is_isolated(&self) -> bool {
        self.frames.iter().skip(1).any(|frame| frame.kind == FrameKind::Isolated)
    }

    /// Every visible variable, inner ones first, each name once.
    pub(super) fn visible(&self) -> Vec<(Text, Value)> {
        let floor = self.frames.last().map_or(0, |frame| frame.floor);
        let mut names: HashSet<&str, RandomState> = HashSet::default();
        let inner_first = self.row.slots[floor..].iter().rev();
        inner_first.filter(|(name, _)| names.insert(name)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(value: Option<&Value>) -> Option<i64> {
        value.and_then(Value::to_int)
    }

    fn get<'v>(variables: &'v Variables, name: &str) -> Option<&'v Value> {
        variables.get(NameHash::of(name), name)
    }

    #[test]
    fn a_loop_hides_what_is_assigned_in_it() {
        let mut variables = Variables::new(vec![("x".into(), Value::Int(1))]);
        variables.enter(FrameKind::Block, [("x".into(), Value::Int(2))]);
        variables.assign("x".into(), Value::Int(3));
        variables.assign("y".into(), Value::Int(4));
        variables.set_local(&"x".into(), Value::Int(5));
        assert_eq!(int(get(&variables, "x")), Some(5));
        assert_eq!(int(get(&variables, "y")), Some(4));
        assert_eq!(int(variables.get_at("x", 1)), Some(3));
        variables.leave();
        assert_eq!(int(get(&variables, "x")), Some(3));
        assert_eq!(int(get(&variables, "y")), Some(4));
    }

    #[test]
    fn an_isolated_frame_sees_only_its_own() {
        let mut variables = Variables::new(vec![("x".into(), Value::Int(1))]);
        variables.enter(FrameKind::Isolated, [("y".into(), Value::Int(2))]);
        variables.enter(FrameKind::Partial, []);
        variables.assign("z".into(), Value::Int(3));
        assert_eq!(int(get(&variables, "x")), None);
        assert_eq!(int(get(&variables, "y")), Some(2));
        assert_eq!(variables.visible().len(), 2);
        variables.leave();
        assert_eq!(int(get(&variables, "z")), None);
        variables.leave();
        assert_eq!(int(get(&variables, "x")), Some(1));
    }

    #[test]
    fn names_with_equal_hashes_differ() {
        let one = "payments_one_in_total";
        let other = "payments_two_in_total";
        let (one_hash, other_hash) = (NameHash::of(one), NameHash::of(other));
        assert!(one_hash == other_hash && !one_hash.is_exact());
        let row: Row =
            [(one.into(), Value::Int(1)), (other.into(), Value::Int(2))].into_iter().collect();
        assert_eq!(int(row.get(one_hash, one)), Some(1));
        assert_eq!(int(row.get(other_hash, other)), Some(2));
        assert_ne!(NameHash::of("a"), NameHash::of("a\0"));
    }
}
