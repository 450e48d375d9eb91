//! How a run ends: with an outcome, with an unknown answer, for retry, or discarded.

use super::backoff;
use super::begin::Journal;
use super::clock_watch::TOLERANCE;
use super::error::Error;
use super::intent::StepAnswer;
use super::phase::Phase;
use super::run::Run;
use super::successor::Successor;
use jiff::{SignedDuration, Timestamp};
use sluicegate_store as store;
use sluicegate_store::document::Document;
use sluicegate_store::error::Error as StoreError;
use sluicegate_store::execution::{Execution, ExecutionId, ExecutionUpdate, State};
use sluicegate_store::kind::ExecutionKind;
use sluicegate_store::timestamp;
use sluicegate_store::write::Write;

/// The name in an input that says when the rest of it was deleted.
pub const REDUCED_AT: &str = "reduced_at";

impl Journal {
    /// Ends a run: one commit holds the answer, the phase's record writes, the outcome and the
    /// state. The state is `Completed`, or `Discarded` for a script that can never succeed.
    ///
    /// Writes that the database refuses it would refuse for ever: such a run is discarded with the
    /// reason, for an operator, and the refusal is returned.
    pub fn finish(
        &self,
        mut run: Run,
        answer: Option<StepAnswer>,
        phase: Phase,
        state: State,
        outcome: impl Into<Document>,
    ) -> Result<Execution, Error> {
        if let Some(answer) = answer {
            run.answer(answer, self.now());
        }
        let id = run.execution.id.clone();
        let ended = self.ending(run, phase, state, outcome.into()).commit(self);
        if let Err(Error::Store(refused @ StoreError::Refused(_))) = &ended
            && let Some(run) = self.reclaim(&id)?
        {
            self.fail(run, &refused.to_string(), None)?;
        }
        ended
    }

    /// Like [`Journal::finish`], with the answers that the run has; the commit is awaited without a
    /// thread while others commit. A run whose writes are refused is still open, and its caller has
    /// to end it: see [`Journal::reclaim`].
    pub async fn finish_awaited(
        &self,
        run: Run,
        phase: Phase,
        state: State,
        outcome: Document,
    ) -> Result<Execution, Error> {
        let ending = self.ending(run, phase, state, outcome);
        if !ending.is_waited_for {
            return ending.commit(self);
        }
        self.commit(ending.writes).await?;
        Ok(ending.to)
    }

    /// How a run ends whose work is done: with its outcome, or discarded when it left a recorded
    /// step out.
    fn ending(&self, mut run: Run, phase: Phase, state: State, outcome: Document) -> Ending {
        if let Some(step) = run.unreplayed_step() {
            let reason = format!(
                "step {} ({}) was recorded but not replayed; execution stopped",
                step.seq, step.kind
            );
            return self.failing(run, &reason, None);
        }
        // The input is moved, not cloned: it may be large, and the run no longer needs it.
        let input = std::mem::take(&mut run.execution.input);
        let mut ended = run.execution.clone();
        ended.input = input;
        ended.state = state;
        ended.outcome = Some(outcome);
        ended.error = None;
        self.leading_to(run, phase.into_writes(), ended)
    }

    /// A call was sent and its answer is not known. The same bytes are sent again after a wait; the
    /// run never counts as failed.
    pub fn unknown(&self, run: Run, reason: &str) -> Result<Execution, Error> {
        let wait = backoff::wait(run.execution.attempt, rand::random());
        self.suspend(run, State::Unknown, reason, wait)
    }

    /// Nothing took effect externally: retries after `wait`, or after the usual backoff.
    pub fn retryable(
        &self,
        run: Run,
        reason: &str,
        wait: Option<SignedDuration>,
    ) -> Result<Execution, Error> {
        let wait = wait.unwrap_or_else(|| backoff::wait(run.execution.attempt, rand::random()));
        self.suspend(run, State::Retryable, reason, wait)
    }

    /// The run cannot begin before something else ends: checks again after `wait`. This does not
    /// count as an attempt.
    pub fn wait(&self, run: Run, reason: &str, wait: SignedDuration) -> Result<Execution, Error> {
        let mut suspended = run.execution.clone();
        suspended.state = State::Retryable;
        suspended.attempt = suspended.attempt.saturating_sub(1);
        suspended.error = Some(reason.to_owned());
        suspended.run_at = timestamp::truncate(self.now() + wait);
        self.end(run, Vec::new(), suspended)
    }

    /// Nothing took effect externally: retries after the usual backoff, up to `attempts_max`
    /// attempts in total; then discards the run with the reason, for an operator.
    pub fn retry_or_discard(
        &self,
        run: Run,
        reason: &str,
        attempts_max: u32,
    ) -> Result<Execution, Error> {
        if run.execution.attempt >= attempts_max {
            let last = format!("given up after {} attempts: {reason}", run.execution.attempt);
            return self.fail(run, &last, None);
        }
        self.retryable(run, reason, None)
    }

    /// Discards a run: `reason` is for the operator, `outcome` for the caller. Answers noted so far
    /// are kept, record writes are not.
    pub fn fail(
        &self,
        run: Run,
        reason: &str,
        outcome: Option<Document>,
    ) -> Result<Execution, Error> {
        self.failing(run, reason, outcome).commit(self)
    }

    fn failing(&self, run: Run, reason: &str, outcome: Option<Document>) -> Ending {
        let mut ended = run.execution.clone();
        ended.state = State::Discarded;
        ended.outcome = outcome;
        ended.error = Some(reason.to_owned());
        self.leading_to(run, Vec::new(), ended)
    }

    /// Ends a run whose templates had to stop. A non-deterministic run, and one whose writes are
    /// refused, is discarded for an operator. A run that waits for an answer, or for room, is
    /// suspended, which does not count as an attempt. A run that lost its store is left to be
    /// resumed.
    pub fn stop(&self, run: Run, why: Error) -> Result<Execution, Error> {
        match &why {
            Error::NonDeterministic { .. } | Error::Store(StoreError::Refused(_)) => {
                self.fail(run, &why.to_string(), None)
            }
            Error::Waiting(_) | Error::Busy(_) => {
                let since = self.now().duration_since(run.execution.created_at);
                let wait = backoff::poll(since);
                let mut suspended = run.execution.clone();
                suspended.state = State::Unknown;
                suspended.attempt = suspended.attempt.saturating_sub(1);
                suspended.error = Some(why.to_string());
                suspended.run_at = timestamp::truncate(self.now() + wait);
                self.end(run, Vec::new(), suspended)
            }
            Error::Store(_) => Err(why),
        }
    }

    /// Discards an execution that no runner holds (an operator's decision).
    pub fn discard(&self, id: &ExecutionId, reason: &str) -> Result<Execution, Error> {
        let mut ended = self.idle(id)?;
        let before = ended.clone();
        if before.state == State::Completed {
            let why = format!("execution {id} is completed and cannot be discarded");
            return Err(store::error::Error::Gone(why).into());
        }
        ended.state = State::Discarded;
        ended.error = Some(reason.to_owned());
        self.change(&before, ended)
    }

    /// Runs an execution again now (an operator's decision), even a discarded one. It keeps its key
    /// and its recorded steps.
    pub fn retry(&self, id: &ExecutionId) -> Result<Execution, Error> {
        let mut again = self.idle(id)?;
        let before = again.clone();
        if before.state == State::Completed {
            let why = format!("execution {id} is completed and cannot be retried");
            return Err(store::error::Error::Gone(why).into());
        }
        // A call without a recorded answer may have been sent: reconcile before sending again.
        let sent = self.store.steps(id)?.iter().any(|step| step.response.is_none());
        again.state = if sent { State::Unknown } else { State::Retryable };
        again.run_at = self.now();
        again.finished_at = None;
        // What it says was true before this decision.
        again.error = None;
        self.change(&before, again)
    }

    /// Processes a finished webhook event again (an operator's decision). Other kinds are refused:
    /// an execution that moved money keeps its outcome.
    pub fn replay(&self, id: &ExecutionId) -> Result<Execution, Error> {
        let mut again = self.idle(id)?;
        let before = again.clone();
        if before.kind != ExecutionKind::WebhookEvent.name() || !before.state.is_final() {
            let why = format!("execution {id} is not a finished webhook event");
            return Err(store::error::Error::Gone(why).into());
        }
        again.state = State::Available;
        again.run_at = self.now();
        again.error = None;
        // It starts over instead of resuming. Calls keep their keys, so nothing is sent twice.
        let forget = Write::StepsPurge { execution_id: id.clone() };
        let write = guarded(&before, &mut again, self.now());
        self.store.commit(vec![forget, write])?;
        Ok(again)
    }

    fn idle(&self, id: &ExecutionId) -> Result<Execution, Error> {
        let gone = |why: &str| store::error::Error::Gone(format!("execution {id} {why}"));
        let execution = self.store.execution(id)?.ok_or_else(|| gone("does not exist"))?;
        if execution.input.get(REDUCED_AT).is_some() {
            return Err(gone("was reduced to its key (retention, or forget) and cannot run").into());
        }
        let now = self.now();
        let can_be = now..=now + self.lease + TOLERANCE;
        let leased = execution.lease_until.is_some_and(|until| can_be.contains(&until));
        if execution.state == State::Running && leased {
            return Err(gone("is running").into());
        }
        Ok(execution)
    }

    fn suspend(
        &self,
        run: Run,
        state: State,
        reason: &str,
        wait: SignedDuration,
    ) -> Result<Execution, Error> {
        let mut suspended = run.execution.clone();
        suspended.state = state;
        suspended.error = Some(reason.to_owned());
        suspended.run_at = timestamp::truncate(self.now() + wait);
        self.end(run, Vec::new(), suspended)
    }

    fn end(&self, run: Run, writes: Vec<Write>, to: Execution) -> Result<Execution, Error> {
        self.leading_to(run, writes, to).commit(self)
    }

    /// The writes that end a run in this state.
    fn leading_to(&self, run: Run, writes: Vec<Write>, mut to: Execution) -> Ending {
        let mut all = run.unsaved;
        all.extend(writes);
        all.push(guarded(&run.execution, &mut to, self.now()));
        let successor = run.successor.filter(|_| to.state.is_final());
        Ending { writes: all, to, is_waited_for: run.is_waited_for, successor }
    }

    fn change(&self, from: &Execution, mut to: Execution) -> Result<Execution, Error> {
        let write = guarded(from, &mut to, self.now());
        self.store.commit(vec![write])?;
        Ok(to)
    }
}

/// The end of a run, before it is committed.
struct Ending {
    writes: Vec<Write>,
    to: Execution,
    /// True when a caller waits for it.
    is_waited_for: bool,
    /// What comes after it is claimed in the same commit.
    successor: Option<Successor>,
}

impl Ending {
    fn commit(self, journal: &Journal) -> Result<Execution, Error> {
        match &self.successor {
            Some(successor) => journal.commit_with_successor(self.writes, &self.to, successor)?,
            None if self.is_waited_for => journal.store.commit(self.writes)?,
            None => journal.store.commit_deferred(self.writes)?,
        }
        Ok(self.to)
    }
}

/// The transition between two states, refused if another process changed the execution meanwhile.
fn guarded(from: &Execution, to: &mut Execution, now: Timestamp) -> Write {
    to.lease_until = None;
    to.finished_at = to.state.is_final().then_some(now);
    Write::ExecutionUpdate(ExecutionUpdate {
        id: from.id.clone(),
        from: vec![from.state],
        from_attempt: Some(from.attempt),
        state: to.state,
        attempt: to.attempt,
        run_at: to.run_at,
        lease_until: None,
        outcome: to.outcome.clone(),
        error: to.error.clone(),
        finished_at: to.finished_at,
    })
}
