//! The variables of a render: levels on one stack, looked up from the top.

use crate::liquid::text::Text;
use crate::liquid::value::Value;

/// What a level of variables lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FrameKind {
    /// A loop's: read through, and `assign` goes past it.
    #[default]
    Block,
    /// An `include`'s: read through, `assign` stays.
    Partial,
    /// A `render`'s or `function`'s: nothing below is seen.
    Isolated,
}

/// Names and values in a row; of two with one name the last counts. A short mark beside each name
/// tells most of them apart, so that a search runs over a few numbers and compares one text.
#[derive(Debug, Default)]
pub(super) struct Row {
    marks: Vec<u32>,
    slots: Vec<(Text, Value)>,
}

/// Length, first, middle and last letter. Names made to be alike cost a comparison of texts each.
fn mark(name: &str) -> u32 {
    let bytes = name.as_bytes();
    let at = |place: usize| bytes.get(place).copied().unwrap_or(0);
    let length = bytes.len();
    u32::from_le_bytes([length as u8, at(0), at(length / 2), at(length.saturating_sub(1))])
}

impl Row {
    /// The place of a name from `floor` up to `end`.
    fn place(&self, name: &str, floor: usize, mut end: usize) -> Option<usize> {
        let mark = mark(name);
        while let Some(found) = self.marks[floor..end].iter().rposition(|one| *one == mark) {
            let place = floor + found;
            if self.slots[place].0 == *name {
                return Some(place);
            }
            end = place;
        }
        None
    }

    /// The value of a name.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.place(name, 0, self.slots.len()).map(|place| &self.slots[place].1)
    }

    /// The value of a name, to be changed.
    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        let place = self.place(name, 0, self.slots.len())?;
        Some(&mut self.slots[place].1)
    }

    fn insert(&mut self, place: usize, name: Text, value: Value) {
        self.marks.insert(place, mark(&name));
        self.slots.insert(place, (name, value));
    }

    /// Adds one at the end.
    pub(super) fn push(&mut self, name: Text, value: Value) {
        self.marks.push(mark(&name));
        self.slots.push((name, value));
    }
}

impl FromIterator<(Text, Value)> for Row {
    fn from_iter<I: IntoIterator<Item = (Text, Value)>>(pairs: I) -> Self {
        let slots: Vec<_> = pairs.into_iter().collect();
        Self { marks: slots.iter().map(|(name, _)| mark(name)).collect(), slots }
    }
}

/// A level: where its variables begin on the stack, and how far down it sees.
#[derive(Debug)]
struct Frame {
    start: usize,
    floor: usize,
    kind: FrameKind,
}

/// All levels.
#[derive(Debug)]
pub(super) struct Variables {
    row: Row,
    frames: Vec<Frame>,
}

impl Variables {
    /// The outermost level.
    pub(super) fn new(variables: Vec<(Text, Value)>) -> Self {
        let outermost = Frame { start: 0, floor: 0, kind: FrameKind::Isolated };
        Self { row: variables.into_iter().collect(), frames: vec![outermost] }
    }

    /// How many levels there are.
    pub(super) fn level(&self) -> usize {
        self.frames.len()
    }

    /// A variable as it is seen now.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        let floor = self.frames.last().map_or(0, |frame| frame.floor);
        let place = self.row.place(name, floor, self.row.slots.len())?;
        Some(&self.row.slots[place].1)
    }

    /// A variable as it was seen at some level.
    pub(super) fn get_at(&self, name: &str, level: usize) -> Option<&Value> {
        let frame = &self.frames[level.clamp(1, self.frames.len()) - 1];
        let place = self.row.place(name, frame.floor, self.end(level.max(1)))?;
        Some(&self.row.slots[place].1)
    }

    /// Where the variables of the first `level` levels end.
    fn end(&self, level: usize) -> usize {
        self.frames.get(level).map_or(self.row.slots.len(), |above| above.start)
    }

    /// Sets a variable of the innermost level that is not a loop's.
    pub(super) fn assign(&mut self, name: Text, value: Value) {
        let is_own = |frame: &Frame| frame.kind != FrameKind::Block;
        let level = self.frames.iter().rposition(is_own).unwrap_or(0);
        self.set(level, name, value);
    }

    /// Sets a variable of the innermost level.
    pub(super) fn set_local(&mut self, name: &Text, value: Value) {
        let level = self.frames.len().saturating_sub(1);
        let start = self.frames[level].start;
        match self.row.place(name, start, self.row.slots.len()) {
            Some(place) => self.row.slots[place].1 = value,
            None => self.row.push(name.clone(), value),
        }
    }

    fn set(&mut self, level: usize, name: Text, value: Value) {
        let (start, end) = (self.frames[level].start, self.end(level + 1));
        if let Some(place) = self.row.place(&name, start, end) {
            self.row.slots[place].1 = value;
            return;
        }
        self.row.insert(end, name, value);
        for above in &mut self.frames[level + 1..] {
            above.start += 1;
        }
    }

    /// Begins a level; of two variables with one name the last counts.
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

    /// Ends the innermost level.
    pub(super) fn leave(&mut self) {
        if let Some(frame) = self.frames.pop() {
            self.row.marks.truncate(frame.start);
            self.row.slots.truncate(frame.start);
        }
    }

    /// Whether something isolated is being rendered.
    pub(super) fn is_isolated(&self) -> bool {
        self.frames.iter().skip(1).any(|frame| frame.kind == FrameKind::Isolated)
    }

    /// Every variable that can be read, inner ones first, each name once.
    pub(super) fn visible(&self) -> Vec<(Text, Value)> {
        let floor = self.frames.last().map_or(0, |frame| frame.floor);
        let mut seen: Vec<(Text, Value)> = Vec::new();
        for slot in self.row.slots[floor..].iter().rev() {
            if !seen.iter().any(|(name, _)| *name == slot.0) {
                seen.push(slot.clone());
            }
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(value: Option<&Value>) -> Option<i64> {
        value.and_then(Value::to_int)
    }

    #[test]
    fn a_loop_hides_what_is_assigned_in_it() {
        let mut variables = Variables::new(vec![("x".into(), Value::Int(1))]);
        variables.enter(FrameKind::Block, [("x".into(), Value::Int(2))]);
        variables.assign("x".into(), Value::Int(3));
        variables.assign("y".into(), Value::Int(4));
        variables.set_local(&"x".into(), Value::Int(5));
        assert_eq!(int(variables.get("x")), Some(5));
        assert_eq!(int(variables.get("y")), Some(4));
        assert_eq!(int(variables.get_at("x", 1)), Some(3));
        variables.leave();
        assert_eq!(int(variables.get("x")), Some(3));
        assert_eq!(int(variables.get("y")), Some(4));
    }

    #[test]
    fn what_is_isolated_sees_only_its_own() {
        let mut variables = Variables::new(vec![("x".into(), Value::Int(1))]);
        variables.enter(FrameKind::Isolated, [("y".into(), Value::Int(2))]);
        variables.enter(FrameKind::Partial, []);
        variables.assign("z".into(), Value::Int(3));
        assert_eq!(int(variables.get("x")), None);
        assert_eq!(int(variables.get("y")), Some(2));
        assert_eq!(variables.visible().len(), 2);
        variables.leave();
        assert_eq!(int(variables.get("z")), None);
        variables.leave();
        assert_eq!(int(variables.get("x")), Some(1));
    }

    #[test]
    fn names_with_one_mark_are_told_apart() {
        let row: Row = [("axcyb".into(), Value::Int(1)), ("aycxb".into(), Value::Int(2))]
            .into_iter()
            .collect();
        assert_eq!(mark("axcyb"), mark("aycxb"));
        assert_eq!((int(row.get("axcyb")), int(row.get("aycxb"))), (Some(1), Some(2)));
    }
}
