//! Claims executions that are due or whose runner died.

use super::begin::Journal;
use super::clock_watch::TOLERANCE;
use super::error::Error;
use super::run::Run;
use jiff::Timestamp;
use sluicegate_store::error::Error as StoreError;
use sluicegate_store::execution::{Execution, ExecutionId, ExecutionUpdate, Queue, State};
use sluicegate_store::write::Write;

impl Journal {
    /// The claimable executions of a queue, longest waiting first: those that are due, and those
    /// whose runner died (running, with an expired lease).
    pub fn pending(&self, queue: Queue, limit: u32) -> Result<Vec<Execution>, Error> {
        Ok(self.store.due(self.now(), queue, limit)?)
    }

    /// The next execution of an ordering key, if it is claimable now.
    pub fn next_in_order(&self, key: &str) -> Result<Option<Execution>, Error> {
        Ok(self.store.next_in_order(key, None, self.now())?)
    }

    /// Claims a run again whose end was refused; `None` when another process holds it by now.
    pub fn reclaim(&self, id: &ExecutionId) -> Result<Option<Run>, Error> {
        match self.store.execution(id)?.filter(|execution| !execution.state.is_final()) {
            Some(execution) => self.try_resume(execution),
            None => Ok(None),
        }
    }

    /// Claims an execution and loads its recorded steps. Fails with `Gone` when another process
    /// claimed it first.
    pub fn resume(&self, execution: Execution) -> Result<Run, Error> {
        let lease_until = self.now() + self.lease;
        let claim = ExecutionUpdate::claim(&execution, lease_until);
        self.store.commit(vec![Write::ExecutionUpdate(claim)])?;
        self.claimed_run(execution, lease_until)
    }

    /// Like [`Journal::resume`]; `None` when another process claimed it first.
    pub fn try_resume(&self, execution: Execution) -> Result<Option<Run>, Error> {
        match self.resume(execution) {
            Ok(run) => Ok(Some(run)),
            Err(Error::Store(StoreError::Gone(_))) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Claims what is due in a queue, longest waiting first. Only one process claims each
    /// execution.
    pub fn claim_due(&self, queue: Queue, limit: u32) -> Result<Vec<Run>, Error> {
        self.check_clock()?;
        let lease_until = self.now() + self.lease;
        let taken = self.store.claim(self.now(), queue, limit, lease_until)?;
        taken.into_iter().map(|one| self.claimed_run(one, lease_until)).collect()
    }

    /// True when `at` is later than anything that was written now can be.
    pub fn is_from_a_clock_ahead(&self, at: Timestamp) -> bool {
        at.duration_since(self.now()) > TOLERANCE
    }

    /// Shortens every wait for a time that the clock will reach too late, if it was set back.
    fn check_clock(&self) -> Result<(), Error> {
        let now = self.now();
        if !self.clock_watch.was_set_back(now) {
            return Ok(());
        }
        let waits_until = now + TOLERANCE;
        let leases_until = waits_until + self.lease;
        let write = Write::ExecutionsClockSetBack { now, leases_until, waits_until };
        Ok(self.store.commit(vec![write]).inspect_err(|_| self.clock_watch.forget())?)
    }

    /// The run of an execution that was just claimed: `ours` is how it was before. Without its
    /// steps, which cannot be read, it is left until its lease ends.
    pub fn claimed_run(&self, mut ours: Execution, lease_until: Timestamp) -> Result<Run, Error> {
        // An execution that was never claimed has no steps: this saves most events a query.
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
