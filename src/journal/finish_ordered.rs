//! Ends an ordered run and claims what comes after it, in one commit.

use super::begin::Journal;
use super::error::Error;
use super::successor::{Claimed, Successor};
use sluicegate_store::error::Error as StoreError;
use sluicegate_store::execution::{Execution, ExecutionUpdate};
use sluicegate_store::write::Write;

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
                successor.set(Claimed::Next(Box::new(next), lease_until));
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
