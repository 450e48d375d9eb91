//! The journal, and how executions begin.

use super::clock_watch::ClockWatch;
use super::error::Error;
use super::intent::{Intent, StepIntent, new_execution, new_id};
use super::phase::Phase;
use super::run::{Begun, Run, new_step};
use crate::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use sluicegate_store::contract::Store;
use sluicegate_store::error::Error as StoreError;
use sluicegate_store::execution::{Execution, ExecutionId, State};
use sluicegate_store::timestamp;
use sluicegate_store::write::Write;
use std::sync::Arc;
use tokio::sync::oneshot;

/// How long a runner owns an execution before it must renew the lease.
pub const LEASE: SignedDuration = SignedDuration::from_secs(30);

/// Reads and writes executions and their steps.
#[derive(Clone)]
pub struct Journal {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) lease: SignedDuration,
    pub(super) clock_watch: Arc<ClockWatch>,
}

impl Journal {
    /// A journal over `store`; `clock` supplies every timestamp.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, lease: LEASE, clock_watch: Arc::default() }
    }

    /// Replaces the lease. It must be longer than the longest wait for one answer, or the runner
    /// must call [`Journal::heartbeat`] for what it runs.
    #[must_use]
    pub fn with_lease(mut self, lease: SignedDuration) -> Self {
        self.lease = lease;
        self
    }

    /// The underlying store, for reading.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The current time at the store's precision.
    pub fn now(&self) -> Timestamp {
        timestamp::truncate(self.clock.now())
    }

    /// Reserves an execution id before the execution begins, for calls whose keys derive from it.
    pub fn next_id(&self) -> ExecutionId {
        new_id(self.now())
    }

    /// Looks up an idempotency key of a kind; `None` when the key is new.
    pub fn find(&self, kind: &str, key: &str, fingerprint: &str) -> Result<Option<Begun>, Error> {
        let known = self.store.execution_by_key(kind, key)?;
        Ok(known.map(|execution| classify(execution, fingerprint)))
    }

    /// A new, empty phase for record writes.
    pub fn phase(&self) -> Phase {
        Phase::new(Arc::clone(&self.store), Arc::clone(&self.clock))
    }

    /// Begins an execution: one commit records the intent and, if passed, the first step, so
    /// nothing leaves the runtime unrecorded. The first step is step 0; send what it holds.
    pub fn begin(&self, intent: Intent, first_step: Option<StepIntent>) -> Result<Begun, Error> {
        let (run, writes) = self.beginning(intent, first_step);
        self.begun(run, self.store.commit(writes))
    }

    /// Like [`Journal::begin`]; the commit is awaited without a thread while others commit.
    pub async fn begin_awaited(
        &self,
        intent: Intent,
        first_step: Option<StepIntent>,
    ) -> Result<Begun, Error> {
        let (run, writes) = self.beginning(intent, first_step);
        let committed = self.commit(writes).await;
        self.begun(run, committed)
    }

    /// Commits on this thread, or without one when others commit.
    pub(super) async fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        let (done, committed) = oneshot::channel();
        self.store.commit_or_queue(writes, Box::new(move |result| drop(done.send(result))));
        let stopped = |_| StoreError::Broken("the writer has stopped".into());
        committed.await.map_err(stopped)?
    }

    /// A new run, and the writes that record it.
    fn beginning(&self, intent: Intent, first_step: Option<StepIntent>) -> (Run, Vec<Write>) {
        let now = self.now();
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
        (run, writes)
    }

    fn begun(&self, run: Run, committed: Result<(), StoreError>) -> Result<Begun, Error> {
        match committed {
            Ok(()) => Ok(Begun::New(run)),
            Err(StoreError::Conflict { existing }) => {
                Ok(classify(self.existing(&existing)?, &run.execution.fingerprint))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Records an execution (an event, a job) for any runner to claim at `run_at`. The caller does
    /// not own it; claim it with [`Journal::resume`].
    pub fn enqueue(&self, intent: Intent, run_at: Timestamp) -> Result<Enqueued, Error> {
        let execution = new_execution(intent, State::Available, self.now(), run_at);
        let id = execution.id.clone();
        enqueued(id, self.store.commit(vec![Write::ExecutionInsert(execution)]))
    }

    /// Like [`Journal::enqueue`], without blocking; see [`Store::commit_with_callback`].
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
        let gone = || StoreError::Gone(format!("execution {id} disappeared"));
        Ok(self.store.execution(id)?.ok_or_else(gone)?)
    }
}

/// Classifies an existing execution for a caller whose request has this fingerprint.
fn classify(execution: Execution, fingerprint: &str) -> Begun {
    if execution.fingerprint != fingerprint {
        Begun::Conflict(execution)
    } else if execution.state.is_final() {
        Begun::Finished(execution)
    } else {
        Begun::InProgress(execution)
    }
}

/// The result of [`Journal::enqueue`].
#[derive(Debug, Clone, PartialEq)]
pub struct Enqueued {
    /// The execution that owns the key.
    pub id: ExecutionId,
    /// False when the key already existed: a duplicate.
    pub is_new: bool,
}

fn enqueued(id: ExecutionId, done: Result<(), StoreError>) -> Result<Enqueued, Error> {
    match done {
        Ok(()) => Ok(Enqueued { id, is_new: true }),
        Err(StoreError::Conflict { existing }) => Ok(Enqueued { id: existing, is_new: false }),
        Err(error) => Err(error.into()),
    }
}
