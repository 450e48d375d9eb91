//! The successor of an ordered execution, claimed in the commit that ends the one before it.

use super::begin::Journal;
use super::error::Error;
use super::run::Run;
use parking_lot::Mutex;
use sluicegate_store::error::Error as StoreError;
use sluicegate_store::execution::{Execution, ExecutionUpdate};
use sluicegate_store::write::Write;
use std::sync::Arc;

/// Where a worker finds the run that was claimed with the end of another.
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
    /// The next one, which this process holds now. Nobody else ran one of its order in between.
    Next(Box<Run>),
}

impl Successor {
    /// Takes out what was claimed.
    pub fn take(&self) -> Claimed {
        std::mem::take(&mut *self.0.lock())
    }

    fn set(&self, claimed: Claimed) {
        *self.0.lock() = claimed;
    }
}

impl Run {
    /// Lets the end of this run claim what comes after it in its order.
    #[must_use]
    pub fn with_successor(mut self, successor: &Successor) -> Self {
        self.successor = Some(successor.clone());
        self
    }
}

impl Journal {
    /// Commits the end of a run together with the claim of what comes after it: an ordered queue
    /// takes one commit for each of its executions instead of two.
    pub(super) fn commit_with_successor(
        &self,
        writes: Vec<Write>,
        ended: &Execution,
        successor: &Successor,
    ) -> Result<(), Error> {
        // If it cannot be read, a poll finds it later.
        let Some(next) = self.after(ended).ok().flatten() else {
            self.store.commit_deferred(writes)?;
            successor.set(Claimed::Nothing);
            return Ok(());
        };
        let lease_until = self.now() + self.lease;
        let claim = ExecutionUpdate::claim(&next, lease_until);
        let mut both = writes.clone();
        both.push(Write::ExecutionUpdate(claim));
        match self.store.commit_deferred(both) {
            Ok(()) => {
                // Without its steps it is left until its lease ends.
                if let Ok(run) = self.run(next, lease_until) {
                    successor.set(Claimed::Next(Box::new(run)));
                }
                Ok(())
            }
            // One of the two was changed meanwhile: this one must end in any case.
            Err(StoreError::Gone(_)) => Ok(self.store.commit_deferred(writes)?),
            Err(error) => Err(error.into()),
        }
    }

    /// What is due after an execution that ends now. If an earlier one was opened again, it comes
    /// first, and nothing is due.
    fn after(&self, ended: &Execution) -> Result<Option<Execution>, Error> {
        let Some(key) = ended.ordering_key.as_deref() else { return Ok(None) };
        let next = self.store.next_in_order(key, Some(&ended.id), self.now())?;
        let is_later =
            |next: &Execution| (next.created_at, &next.id) > (ended.created_at, &ended.id);
        Ok(next.filter(is_later))
    }
}
