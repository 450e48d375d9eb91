//! Taking up again what was left behind.

use super::entry::Journal;
use super::error::Error;
use super::run::Run;
use crate::store::execution::{Execution, ExecutionUpdate, Lane, State};
use crate::store::write::Write;

impl Journal {
    /// The executions of a lane that somebody should take up now, longest waiting first: those
    /// whose time has come, and those whose runner died (running, with an ended lease).
    pub fn pending(&self, lane: Lane, limit: u32) -> Result<Vec<Execution>, Error> {
        Ok(self.store.due(self.now(), lane, limit)?)
    }

    /// The next of an ordering key, if it should be taken up now.
    pub fn next_in_order(&self, key: &str) -> Result<Option<Execution>, Error> {
        Ok(self.store.next_in_order(key, self.now())?)
    }

    /// Takes an execution up: it becomes ours, with all steps it recorded. Fails with `Gone` when
    /// somebody else was faster.
    pub fn resume(&self, execution: Execution) -> Result<Run, Error> {
        let now = self.now();
        let mut ours = execution.clone();
        ours.state = State::Running;
        ours.attempt = execution.attempt.saturating_add(1);
        ours.lease_until = Some(now + self.lease);
        self.store.commit(vec![Write::ExecutionUpdate(ExecutionUpdate {
            id: execution.id,
            from: vec![execution.state],
            from_attempt: Some(execution.attempt),
            state: ours.state,
            attempt: ours.attempt,
            run_at: ours.run_at,
            lease_until: ours.lease_until,
            outcome: None,
            error: ours.error.clone(),
            finished_at: None,
        })])?;
        let steps = self.store.steps(&ours.id)?;
        Ok(Run::new(ours, steps))
    }
}
