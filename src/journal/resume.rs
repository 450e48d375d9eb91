//! Taking up again what was left behind.

use super::entry::Journal;
use super::error::Error;
use super::run::Run;
use crate::store::error::Error as StoreError;
use crate::store::execution::{Execution, ExecutionUpdate, Lane, State};
use crate::store::write::Write;
use jiff::Timestamp;

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
        let lease_until = self.now() + self.lease;
        self.store.commit(vec![claim(&execution, lease_until)])?;
        self.run(execution, lease_until)
    }

    /// Takes up many in one commit; those that somebody else took meanwhile are left out.
    pub fn resume_all(&self, executions: Vec<Execution>) -> Result<Vec<Run>, Error> {
        let lease_until = self.now() + self.lease;
        let claims = executions.iter().map(|execution| claim(execution, lease_until));
        match self.store.commit(claims.collect()) {
            Ok(()) => executions.into_iter().map(|one| self.run(one, lease_until)).collect(),
            Err(StoreError::Gone(_)) => {
                let one_by_one = executions.into_iter().map(|execution| self.resume(execution));
                let is_gone = |error: &Error| matches!(error, Error::Store(StoreError::Gone(_)));
                one_by_one.filter(|run| !run.as_ref().is_err_and(is_gone)).collect()
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What a claim made of an execution.
    fn run(&self, mut ours: Execution, lease_until: Timestamp) -> Result<Run, Error> {
        // What nobody has taken up before has taken no step: most events are spared a look.
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

/// The write that makes an execution ours, if it still is as we saw it.
fn claim(execution: &Execution, lease_until: Timestamp) -> Write {
    Write::ExecutionUpdate(ExecutionUpdate {
        id: execution.id.clone(),
        from: vec![execution.state],
        from_attempt: Some(execution.attempt),
        state: State::Running,
        attempt: execution.attempt.saturating_add(1),
        run_at: execution.run_at,
        lease_until: Some(lease_until),
        outcome: None,
        error: execution.error.clone(),
        finished_at: None,
    })
}
