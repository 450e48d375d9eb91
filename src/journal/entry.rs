//! The journal: executions begin, are resumed, and end here.

use crate::clock::Clock;
use crate::journal::error::Error;
use crate::journal::phase::Phase;
use crate::journal::run::Run;
use crate::store::contract::Store;
use crate::store::error::Error as StoreError;
use crate::store::execution::{Execution, ExecutionId, ExecutionQuery, State, Step};
use crate::store::write::{ExecutionMove, Write};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use std::sync::Arc;

/// How long a run has an execution to itself before it counts as dead. Longer than a caller's
/// patience with the gateway, so that nobody sends beside a living run.
pub const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// The longest pause before an execution is tried again.
const PAUSE_SECONDS_MAX: i64 = 600;
/// After this many failures without effect an execution is given up.
pub const ATTEMPTS_MAX: u32 = 12;

/// What is to be done exactly once.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    /// Its id, from [`Journal::next_id`]: keys of calls are derived from it.
    pub id: ExecutionId,
    /// The kind, such as `request_type`.
    pub kind: String,
    /// The name within the kind.
    pub name: String,
    /// What it is run with.
    pub input: Json,
    /// Unique within the kind.
    pub idempotency_key: Option<String>,
    /// A digest of name and input.
    pub fingerprint: String,
    /// Executions with the same one run in the order they came.
    pub ordering_key: Option<String>,
}

/// An effect that is about to happen.
#[derive(Debug, Clone, PartialEq)]
pub struct StepIntent {
    /// What it is, such as `api_call`.
    pub kind: String,
    /// For a call, its bytes.
    pub request: Json,
    /// A digest of the template that made it.
    pub template_hash: Option<String>,
}

/// The answer of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepAnswer {
    /// Which step.
    pub seq: u32,
    /// What was answered.
    pub response: Json,
}

/// What beginning an execution came to.
#[derive(Debug)]
pub enum Begun {
    /// It is committed, and the caller runs it.
    New(Run),
    /// The same was done before; here is its outcome.
    Finished(Execution),
    /// The same is being done.
    InProgress(Execution),
    /// The key was used for something else.
    Conflict(Execution),
}

/// The only writer of executions and steps.
#[derive(Clone)]
pub struct Journal {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Journal {
    /// A journal over a store.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// An id for a new execution.
    pub fn next_id(&self) -> ExecutionId {
        ExecutionId::at(self.clock.now())
    }

    /// An empty phase over the store.
    pub fn phase(&self) -> Phase {
        Phase::new(Arc::clone(&self.store), Arc::clone(&self.clock))
    }

    /// Commits an execution, with its first step when there is one, and hands it to the caller to
    /// run. When the kind has the key already nothing is written.
    ///
    /// # Errors
    /// [`Error::Store`]; nothing has begun then.
    pub fn begin(&self, intent: Intent, first: Option<StepIntent>) -> Result<Begun, Error> {
        self.insert(intent, first, State::Running)
    }

    /// Commits an execution for a worker to run.
    ///
    /// # Errors
    /// [`Error::Store`]; nothing is kept then.
    pub fn enqueue(&self, intent: Intent) -> Result<Begun, Error> {
        self.insert(intent, None, State::Available)
    }

    fn insert(
        &self,
        intent: Intent,
        first: Option<StepIntent>,
        state: State,
    ) -> Result<Begun, Error> {
        let now = self.clock.now();
        let running = state == State::Running;
        let execution = Execution {
            id: intent.id,
            kind: intent.kind,
            name: intent.name,
            input: intent.input,
            idempotency_key: intent.idempotency_key,
            fingerprint: intent.fingerprint,
            state,
            attempt: u32::from(running),
            run_at: now,
            lease_until: running.then(|| now + LEASE),
            outcome: None,
            error: None,
            ordering_key: intent.ordering_key,
            created_at: now,
            finished_at: None,
        };
        let steps: Vec<_> =
            first.into_iter().map(|step| new_step(&execution.id, 0, step, now)).collect();
        let mut writes = vec![Write::ExecutionInsert(Box::new(execution.clone()))];
        writes.extend(steps.iter().cloned().map(Write::StepInsert));
        match self.store.commit(writes) {
            Ok(()) => Ok(Begun::New(Run::new(execution, steps))),
            Err(StoreError::Conflict { existing }) => {
                let known = self.execution(&ExecutionId::new(existing))?;
                Ok(classify(known, &execution.fingerprint))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What a key of a kind stands for already; nothing when it is new.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn find(&self, kind: &str, key: &str, fingerprint: &str) -> Result<Option<Begun>, Error> {
        let known = self.store.execution_by_key(kind, key)?;
        Ok(known.map(|known| classify(known, fingerprint)))
    }

    /// Ends a run: the answer of its step, every record write of the phase, the outcome and the
    /// state, in one commit.
    ///
    /// # Errors
    /// [`Error::Store`]; nothing of it is written then, and the execution is found again when its
    /// lease ends.
    pub fn finish(
        &self,
        run: Run,
        answer: Option<StepAnswer>,
        phase: Phase,
        state: State,
        outcome: Json,
    ) -> Result<(), Error> {
        let execution = run.execution();
        let mut writes = phase.into_writes();
        writes.extend(answer.map(|answer| Write::StepAnswer {
            execution_id: execution.id.clone(),
            seq: answer.seq,
            response: answer.response,
        }));
        let mut to = self.moved(execution, State::Running, state);
        to.outcome = Some(outcome);
        to.finished_at = Some(self.clock.now());
        writes.push(Write::ExecutionUpdate(Box::new(to)));
        Ok(self.store.commit(writes)?)
    }

    /// Hands a run back whose answer is not known. It is tried again, with the same bytes, after
    /// a pause that grows; it is never given up by itself.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn unknown(&self, run: Run, reason: &str) -> Result<(), Error> {
        self.hand_back(&run, State::Unknown, reason)
    }

    /// Hands a run back that failed without effect. It is tried again, and given up after
    /// [`ATTEMPTS_MAX`] times.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn retry_later(&self, run: Run, reason: &str) -> Result<(), Error> {
        let over = run.execution().attempt >= ATTEMPTS_MAX;
        self.hand_back(&run, if over { State::Discarded } else { State::Retryable }, reason)
    }

    fn hand_back(&self, run: &Run, state: State, reason: &str) -> Result<(), Error> {
        let mut to = self.moved(run.execution(), State::Running, state);
        to.error = Some(reason.chars().take(2_000).collect());
        to.run_at = self.clock.now() + pause(run.execution().attempt);
        to.finished_at = state.is_final().then(|| self.clock.now());
        Ok(self.store.commit(vec![Write::ExecutionUpdate(Box::new(to))])?)
    }

    /// Executions that may be run now, oldest first: waiting, to be tried again, unknown, and
    /// running ones whose lease has ended because their process died.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn due(&self, limit: u32) -> Result<Vec<Execution>, Error> {
        let query = ExecutionQuery {
            states: vec![State::Available, State::Retryable, State::Unknown, State::Running],
            due_at: Some(self.clock.now()),
            oldest_first: true,
            page: 1,
            per_page: limit,
            ..ExecutionQuery::default()
        };
        Ok(self.store.executions(&query)?.results)
    }

    /// Takes an execution to run it, with its recorded steps; nothing when somebody was faster.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn claim(&self, execution: Execution) -> Result<Option<Run>, Error> {
        let now = self.clock.now();
        let mut to = self.moved(&execution, execution.state, State::Running);
        to.attempt += 1;
        to.lease_until = Some(now + LEASE);
        to.error.clone_from(&execution.error);
        let attempt = to.attempt;
        match self.store.commit(vec![Write::ExecutionUpdate(Box::new(to))]) {
            Ok(()) => {}
            Err(StoreError::Gone(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        let steps = self.store.steps(&execution.id)?;
        let execution = Execution { state: State::Running, attempt, ..execution };
        Ok(Some(Run::new(execution, steps)))
    }

    /// An operator's word: run it again now, whatever its pause.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::State`] when it has completed or is running.
    pub fn retry_now(&self, id: &ExecutionId) -> Result<Execution, Error> {
        let execution = self.execution(id)?;
        let wanted = match execution.state {
            State::Discarded if execution.kind == "request_type" => State::Unknown,
            State::Discarded => State::Retryable,
            State::Completed | State::Running => return Err(refused(&execution, "retried")),
            state => state,
        };
        let mut to = self.moved(&execution, execution.state, wanted);
        to.run_at = self.clock.now();
        self.store.commit(vec![Write::ExecutionUpdate(Box::new(to))])?;
        self.execution(id)
    }

    /// An operator's word: give it up. Nothing is undone at the gateway.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::State`] when it has finished.
    pub fn discard(&self, id: &ExecutionId, reason: &str) -> Result<Execution, Error> {
        let execution = self.execution(id)?;
        if execution.state.is_final() {
            return Err(refused(&execution, "discarded"));
        }
        let mut to = self.moved(&execution, execution.state, State::Discarded);
        to.error = Some(reason.to_owned());
        to.finished_at = Some(self.clock.now());
        self.store.commit(vec![Write::ExecutionUpdate(Box::new(to))])?;
        self.execution(id)
    }

    /// An operator's word: process a finished event again.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::State`] for anything but a finished webhook event: what moves
    /// money is not run twice.
    pub fn replay(&self, id: &ExecutionId) -> Result<Execution, Error> {
        let execution = self.execution(id)?;
        if execution.kind != "webhook_event" || !execution.state.is_final() {
            return Err(refused(&execution, "replayed"));
        }
        let mut to = self.moved(&execution, execution.state, State::Available);
        to.run_at = self.clock.now();
        to.attempt = 0;
        self.store.commit(vec![Write::ExecutionUpdate(Box::new(to))])?;
        self.execution(id)
    }

    /// An execution that has to be there.
    ///
    /// # Errors
    /// [`Error::Unknown`].
    pub fn execution(&self, id: &ExecutionId) -> Result<Execution, Error> {
        self.store.execution(id)?.ok_or_else(|| Error::Unknown(id.to_string()))
    }

    fn moved(&self, execution: &Execution, from: State, state: State) -> ExecutionMove {
        ExecutionMove {
            id: execution.id.clone(),
            from: vec![from],
            state,
            attempt: execution.attempt,
            run_at: execution.run_at,
            lease_until: None,
            outcome: None,
            error: None,
            finished_at: None,
        }
    }
}

fn classify(known: Execution, fingerprint: &str) -> Begun {
    if known.fingerprint != fingerprint {
        Begun::Conflict(known)
    } else if known.state.is_final() {
        Begun::Finished(known)
    } else {
        Begun::InProgress(known)
    }
}

fn new_step(id: &ExecutionId, seq: u32, step: StepIntent, now: Timestamp) -> Step {
    Step {
        execution_id: id.clone(),
        seq,
        kind: step.kind,
        request: step.request,
        response: None,
        template_hash: step.template_hash,
        created_at: now,
    }
}

fn refused(execution: &Execution, wanted: &'static str) -> Error {
    Error::State { id: execution.id.to_string(), state: execution.state.name(), wanted }
}

/// 2, 4, 8 … seconds, at most ten minutes, times 0.75 to 1.25 so that retries spread.
fn pause(attempt: u32) -> SignedDuration {
    let whole = 2_i64.saturating_pow(attempt.clamp(1, 20)).min(PAUSE_SECONDS_MAX);
    let share: f64 = rand::random_range(0.75..1.25);
    SignedDuration::from_secs_f64(whole as f64 * share)
}
