//! Counts the cost of walks over values, which the budget of the render charges later.
//!
//! A few lists that contain each other stand for billions of values. A walk over values calls
//! [`walk`] for each of them and stops when it returns false; [`crate::budget::Budget`] then ends
//! the render, so that a value that was cut off is never printed.

use std::cell::Cell;

/// The most values that walks may visit between two checks of a budget.
const WALKED_MAX: u64 = 1_000_000;
/// The bytes of a string that cost as much as a value.
const BYTES_A_VALUE: usize = 32;

thread_local! {
    static WALKED: Cell<u64> = const { Cell::new(0) };
    static RENDERS: Cell<u32> = const { Cell::new(0) };
}

/// Counts a value with its own bytes; false when the walk has to stop. Outside of a render nothing
/// is counted.
pub fn walk(bytes: usize) -> bool {
    if RENDERS.get() == 0 {
        return true;
    }
    let cost = 1 + (bytes / BYTES_A_VALUE) as u64;
    let walked = WALKED.get().saturating_add(cost);
    WALKED.set(walked);
    walked <= WALKED_MAX
}

/// Reports that a walk stopped at a limit of its own, so that its result is incomplete.
pub fn stopped() {
    walk(usize::MAX);
}

/// The cost since the last call; `None` when it exceeds the bound.
pub(super) fn take() -> Option<u64> {
    Some(WALKED.replace(0)).filter(|walked| *walked <= WALKED_MAX)
}

/// A render in this thread, until it is dropped.
#[derive(Debug)]
pub(super) struct Watch;

impl Watch {
    /// Begins a render; the outermost of nested renders resets the cost.
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
