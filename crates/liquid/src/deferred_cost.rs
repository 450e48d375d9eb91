//! Counts what walks over values cost: they have no budget at hand, so the render's next look at its budget pays.
//!
//! A few lists that hold each other stand for billions of values. Whoever walks over values asks
//! [`walk`] at each of them and stops where it says so; [`crate::budget::Budget`] then ends
//! the render, so that nothing that was cut is ever shown.

use std::cell::Cell;

/// Between two looks of a budget walks see at most this many values.
const WALKED_MAX: u64 = 1_000_000;
/// So many bytes of text cost as much as a value.
const BYTES_A_VALUE: usize = 32;

thread_local! {
    static WALKED: Cell<u64> = const { Cell::new(0) };
    static RENDERS: Cell<u32> = const { Cell::new(0) };
}

/// A walk sees a value with so many bytes of its own; false when it has to stop. HostData of renders
/// nobody pays, and walks are bounded one by one.
pub fn walk(bytes: usize) -> bool {
    if RENDERS.get() == 0 {
        return true;
    }
    let cost = 1 + (bytes / BYTES_A_VALUE) as u64;
    let walked = WALKED.get().saturating_add(cost);
    WALKED.set(walked);
    walked <= WALKED_MAX
}

/// A walk stopped for a limit of its own: what it gives is not the whole.
pub fn stopped() {
    walk(usize::MAX);
}

/// What was walked since the last call; none when it was too much.
pub(super) fn take() -> Option<u64> {
    Some(WALKED.replace(0)).filter(|walked| *walked <= WALKED_MAX)
}

/// A render in this thread, until it is dropped.
#[derive(Debug)]
pub(super) struct Watch;

impl Watch {
    /// Renders may stand in each other; the first begins with nothing walked.
    pub fn begin() -> Self {
        if RENDERS.replace(RENDERS.get() + 1) == 0 {
            WALKED.set(0);
        }
        Self
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        RENDERS.set(RENDERS.get().saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_only_while_something_renders() {
        stopped();
        assert_eq!(take(), Some(0));
        let outer = Watch::begin();
        assert!(walk(0) && walk(64));
        assert_eq!(take(), Some(4));
        let inner = Watch::begin();
        assert!(!walk(usize::MAX) && !walk(0));
        drop(inner);
        assert_eq!(take(), None);
        stopped();
        drop(outer);
        let _next = Watch::begin();
        assert_eq!(take(), Some(0));
    }
}
