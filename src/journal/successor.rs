//! The successor of an ordered execution, claimed in the commit that ends the one before it.

use jiff::Timestamp;
use parking_lot::Mutex;
use sluicegate_store::execution::Execution;
use std::sync::Arc;

/// Where a worker finds what was claimed with the end of a run.
#[derive(Debug, Clone, Default)]
pub struct Successor(Arc<Mutex<Claimed>>);

/// What was claimed with the end of a run.
#[derive(Debug, Default)]
pub enum Claimed {
    /// Nobody looked: the run did not end, or another process was faster.
    #[default]
    Unknown,
    /// Nothing was due after it.
    Nothing,
    /// The next one, as it was before this process claimed it, and the end of its lease. Nobody
    /// else ran one of its order in between.
    Next(Box<Execution>, Timestamp),
}

impl Successor {
    /// Takes out what was claimed.
    pub fn take(&self) -> Claimed {
        std::mem::take(&mut *self.0.lock())
    }

    /// Puts in what was claimed.
    pub(super) fn set(&self, claimed: Claimed) {
        *self.0.lock() = claimed;
    }
}
