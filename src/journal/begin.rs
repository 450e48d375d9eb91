//! The journal, and how executions begin.

use super::error::Error;
use super::intent::{Intent, StepIntent};
use super::phase::Phase;
use super::run::{Begun, Run};
use crate::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use sluicegate_store as store;
use sluicegate_store::contract::Store;
use sluicegate_store::execution::{Execution, ExecutionId, State, Step};
use sluicegate_store::timestamp;
use sluicegate_store::write::Write;
use std::sync::Arc;
use ulid::Ulid;

/// How long a runner has an execution for itself before it must show that it lives.
pub const LEASE: SignedDuration = SignedDuration::from_secs(30);

/// The keeper of executions and steps.
#[derive(Clone)]
pub struct Journal {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) lease: SignedDuration,
}

impl Journal {
    /// A journal over a store, with the runtime's clock.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, lease: LEASE }
    }

    /// The same with another lease. It must be longer than the longest wait for one answer, or a
    /// runner must [`Journal::heartbeat`] what it runs.
    #[must_use]
    pub fn with_lease(mut self, lease: SignedDuration) -> Self {
        self.lease = lease;
        self
    }

    /// The store below, for reading.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The current time as the journal writes it.
    pub fn now(&self) -> Timestamp {
        timestamp::whole(self.clock.now())
    }

    /// An id for an execution that is going to begin: keys of its calls are derived from it.
    pub fn next_id(&self) -> ExecutionId {
        new_id(self.now())
    }

    /// What a key of a kind stands for already; `None` when it is new.
    pub fn find(&self, kind: &str, key: &str, fingerprint: &str) -> Result<Option<Begun>, Error> {
        let known = self.store.execution_by_key(kind, key)?;
        Ok(known.map(|execution| classify(execution, fingerprint)))
    }

    /// A new phase: record writes that are not committed yet.
    pub fn phase(&self) -> Phase {
        Phase::new(Arc::clone(&self.store), Arc::clone(&self.clock))
    }

    /// Begins an execution: one commit with the intent and, if given, the first step, so that
    /// nothing leaves the runtime unrecorded. The first step is step 0; send what it holds.
    pub fn begin(&self, intent: Intent, first_step: Option<StepIntent>) -> Result<Begun, Error> {
        let now = self.now();
        let fingerprint = intent.fingerprint.clone();
        let mut execution = new_execution(intent, State::Running, now, now);
        execution.attempt = 1;
        execution.lease_until = Some(now + self.lease);
        let mut run = Run::new(execution, Vec::new());
        let mut writes = vec![Write::ExecutionInsert(run.execution.clone())];
        if let Some(intent) = first_step {
            let step = new_step(&run, intent, now);
            writes.push(Write::StepInsert(step.clone()));
            run.steps.push(step);
            run.next = 1;
        }
        match self.store.commit(writes) {
            Ok(()) => Ok(Begun::New(run)),
            Err(store::error::Error::Conflict { existing }) => {
                Ok(classify(self.existing(&existing)?, &fingerprint))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Records an execution to be run later by whoever is free: an event, a job. `New` is not
    /// ours to run yet: take it up with [`Journal::resume`].
    pub fn enqueue(&self, intent: Intent, run_at: Timestamp) -> Result<Enqueued, Error> {
        let execution = new_execution(intent, State::Available, self.now(), run_at);
        let id = execution.id.clone();
        enqueued(id, self.store.commit(vec![Write::ExecutionInsert(execution)]))
    }

    /// The same for a caller that has no thread to wait with; see [`Store::commit_with_callback`].
    pub fn enqueue_then(
        &self,
        intent: Intent,
        run_at: Timestamp,
        then: impl FnOnce(Result<Enqueued, Error>) + Send + 'static,
    ) {
        let execution = new_execution(intent, State::Available, self.now(), run_at);
        let id = execution.id.clone();
        let writes = vec![Write::ExecutionInsert(execution)];
        self.store.commit_with_callback(writes, Box::new(move |done| then(enqueued(id, done))));
    }

    /// Commits a phase that belongs to no execution (a record mutation from a page).
    pub fn write(&self, phase: Phase) -> Result<(), Error> {
        let writes = phase.into_writes();
        if writes.is_empty() {
            return Ok(());
        }
        Ok(self.store.commit(writes)?)
    }

    fn existing(&self, id: &ExecutionId) -> Result<Execution, Error> {
        let gone = || store::error::Error::Gone(format!("execution {id} was there a moment ago"));
        Ok(self.store.execution(id)?.ok_or_else(gone)?)
    }
}

/// What an execution that was there before means for somebody with this fingerprint.
fn classify(execution: Execution, fingerprint: &str) -> Begun {
    if execution.fingerprint != fingerprint {
        Begun::Conflict(execution)
    } else if execution.state.is_final() {
        Begun::Finished(execution)
    } else {
        Begun::InProgress(execution)
    }
}

/// What [`Journal::enqueue`] did.
#[derive(Debug, Clone, PartialEq)]
pub struct Enqueued {
    /// The execution that holds the key now.
    pub id: ExecutionId,
    /// False when the key was there before: a duplicate.
    pub is_new: bool,
}

fn enqueued(id: ExecutionId, done: Result<(), store::error::Error>) -> Result<Enqueued, Error> {
    match done {
        Ok(()) => Ok(Enqueued { id, is_new: true }),
        Err(store::error::Error::Conflict { existing }) => {
            Ok(Enqueued { id: existing, is_new: false })
        }
        Err(error) => Err(error.into()),
    }
}

/// An execution as it stands before anything happened to it.
pub(super) fn new_execution(
    intent: Intent,
    state: State,
    now: Timestamp,
    run_at: Timestamp,
) -> Execution {
    Execution {
        id: intent.id.unwrap_or_else(|| new_id(now)),
        kind: intent.kind,
        name: intent.name,
        input: intent.input,
        idempotency_key: intent.idempotency_key,
        fingerprint: intent.fingerprint,
        state,
        attempt: 0,
        run_at: timestamp::whole(run_at),
        lease_until: None,
        outcome: None,
        error: None,
        ordering_key: intent.ordering_key,
        created_at: now,
        finished_at: None,
    }
}

/// The step that follows those a run has taken.
pub(super) fn new_step(run: &Run, intent: StepIntent, now: Timestamp) -> Step {
    Step {
        execution_id: run.execution.id.clone(),
        seq: run.next,
        kind: intent.kind,
        request: intent.request,
        fingerprint: intent.fingerprint,
        response: None,
        template_hash: intent.template_hash,
        created_at: now,
        answered_at: None,
    }
}

fn new_id(now: Timestamp) -> ExecutionId {
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    ExecutionId(Ulid::from_parts(millis, rand::random()).to_string())
}
