//! Claims executions that are due or whose runner died.

use super::begin::Journal;
use super::error::Error;
use super::run::Run;
use jiff::Timestamp;
use sluicegate_store::execution::{Execution, ExecutionUpdate, Queue, State};
use sluicegate_store::write::Write;

impl Journal {
    /// The executions of a queue that somebody should claim now, longest waiting first: those
    /// whose time has come, and those whose runner died (running, with an ended lease).
    pub fn pending(&self, queue: Queue, limit: u32) -> Result<Vec<Execution>, Error> {
        Ok(self.store.due(self.now(), queue, limit)?)
    }

    /// The next of an ordering key, if it should be claimed now.
    pub fn next_in_order(&self, key: &str) -> Result<Option<Execution>, Error> {
        Ok(self.store.next_in_order(key, self.now())?)
    }

    /// Claims an execution: it becomes ours, with all steps it recorded. Fails with `Gone` when
    /// another process was faster.
    pub fn resume(&self, execution: Execution) -> Result<Run, Error> {
        let lease_until = self.now() + self.lease;
        let claim = ExecutionUpdate::claim(&execution, lease_until);
        self.store.commit(vec![Write::ExecutionUpdate(claim)])?;
        self.run(execution, lease_until)
    }

    /// Claims what is due in a queue, longest waiting first. Each is given to one process only.
    pub fn claim_due(&self, queue: Queue, limit: u32) -> Result<Vec<Run>, Error> {
        let lease_until = self.now() + self.lease;
        let taken = self.store.claim(self.now(), queue, limit, lease_until)?;
        taken.into_iter().map(|one| self.run(one, lease_until)).collect()
    }

    /// What a claim made of an execution.
    fn run(&self, mut ours: Execution, lease_until: Timestamp) -> Result<Run, Error> {
        // What nobody has claimed before has taken no step: most events are spared a look.
        let is_untouched = ours.state == State::Available && ours.attempt == 0;
        let steps = if is_untouched { Vec::new() } else { self.store.steps(&ours.id)? };
        ours.state = State::Running;
        ours.attempt = ours.attempt.saturating_add(1);
        ours.lease_until = Some(lease_until);
        let mut run = Run::new(ours, steps);
        run.is_waited_for = false;
        Ok(run)
    }
}
