//! Executions, their steps, and queries for them.

use super::document::Document;
use super::page::{COUNT_MAX, PER_PAGE, Paging};
use jiff::Timestamp;
use std::fmt;

/// The id of an execution: a ULID, so ids sort by creation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExecutionId(pub String);

impl ExecutionId {
    /// The id as a string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for ExecutionId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// The state of an execution. A decline is an outcome: such an execution is completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Waits to run.
    Available,
    /// Runs, until its lease ends.
    Running,
    /// Finished with an outcome, also with a decline.
    Completed,
    /// Failed without an external effect and will run again.
    Retryable,
    /// A call was sent and its answer is unknown; never a failure.
    Unknown,
    /// Given up, with the reason; only an operator runs it again.
    Discarded,
}

impl State {
    /// All states, in the order they are passed.
    pub const ALL: [Self; 6] = [
        Self::Available,
        Self::Running,
        Self::Completed,
        Self::Retryable,
        Self::Unknown,
        Self::Discarded,
    ];
    /// The states that are not final.
    pub const OPEN: [Self; 4] = [Self::Available, Self::Running, Self::Retryable, Self::Unknown];

    /// The name by which it is stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Retryable => "retryable",
            Self::Unknown => "unknown",
            Self::Discarded => "discarded",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// True when it does not change any more without an operator.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Discarded)
    }
}

/// The queues of workers: calls of a gateway may take long and must not delay the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Queue {
    /// Executions that call a gateway; see [`super::kind::ExecutionKind::queue`].
    Gateway,
    /// All others: events, jobs.
    Local,
}

/// A durable run of a request type, a form submission, an event, a job or a migration.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// Its id.
    pub id: ExecutionId,
    /// The name of its [`super::kind::ExecutionKind`].
    pub kind: String,
    /// What runs: `create_payment`, `charge.refunded`, …
    pub name: String,
    /// All that is needed to run it again.
    pub input: Document,
    /// Unique within its kind.
    pub idempotency_key: Option<String>,
    /// A digest of the request: the same key with another fingerprint is a conflict.
    pub fingerprint: String,
    /// Its state.
    pub state: State,
    /// How often it was claimed; also the fencing token against a runner that lost its lease.
    pub attempt: u32,
    /// When it can be claimed.
    pub run_at: Timestamp,
    /// When the lease of its runner ends.
    pub lease_until: Option<Timestamp>,
    /// Its result.
    pub outcome: Option<Document>,
    /// The last error, for an operator.
    pub error: Option<String>,
    /// Executions with the same key are processed in order.
    pub ordering_key: Option<String>,
    /// When it was requested; also the `now` of its templates.
    pub created_at: Timestamp,
    /// When it reached a final state.
    pub finished_at: Option<Timestamp>,
}

impl Execution {
    /// True when it can be claimed: its time has come, or the lease of its runner has ended.
    pub fn is_due(&self, now: Timestamp) -> bool {
        match self.state {
            State::Running => self.lease_until.is_none_or(|until| until <= now),
            _ => self.run_at <= now,
        }
    }
}

/// A guarded change of an execution's state.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecutionUpdate {
    /// The execution.
    pub id: ExecutionId,
    /// The states it must be in, or the whole commit fails with [`super::error::Error::Gone`].
    pub from: Vec<State>,
    /// The attempt it must be on, so that a runner that lost its lease changes nothing.
    pub from_attempt: Option<u32>,
    /// The new state.
    pub state: State,
    /// The new attempt.
    pub attempt: u32,
    /// When it can be claimed next.
    pub run_at: Timestamp,
    /// The new lease.
    pub lease_until: Option<Timestamp>,
    /// The outcome; `None` keeps the old one.
    pub outcome: Option<Document>,
    /// The last error; `None` clears it.
    pub error: Option<String>,
    /// When it finished.
    pub finished_at: Option<Timestamp>,
}

impl ExecutionUpdate {
    /// Claims an execution, if it has not changed since it was read.
    pub fn claim(execution: &Execution, lease_until: Timestamp) -> Self {
        Self {
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
        }
    }
}

/// One side effect of an execution: recorded before it happens, answered after.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The execution.
    pub execution_id: ExecutionId,
    /// Its number, from 0.
    pub seq: u32,
    /// `api_call`, `random`, …
    pub kind: String,
    /// The request: for a call the rendered bytes as they are sent. May contain encrypted values.
    pub request: Document,
    /// Identifies the request when the execution is replayed.
    pub fingerprint: String,
    /// The answer; `None` while it is unknown.
    pub response: Option<Document>,
    /// The hash of the template it was rendered from.
    pub template_hash: Option<String>,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
}

/// A query for executions, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecutionQuery {
    /// Any of these states; all when empty.
    pub states: Vec<State>,
    /// This kind only.
    pub kind: Option<String>,
    /// This name only.
    pub name: Option<String>,
    /// This ordering key only.
    pub ordering_key: Option<String>,
    /// Created at or after.
    pub created_from: Option<Timestamp>,
    /// Created before.
    pub created_to: Option<Timestamp>,
    /// The number of the page, from 1.
    pub page: u32,
    /// Rows on a page.
    pub per_page: u32,
    /// How far the rows over all pages are counted; 0 to count none.
    pub count_up_to: u32,
    /// Only executions older than this one: how a long list is read to its end.
    pub before: Option<(Timestamp, ExecutionId)>,
}

impl Default for ExecutionQuery {
    fn default() -> Self {
        Self {
            states: Vec::new(),
            kind: None,
            name: None,
            ordering_key: None,
            created_from: None,
            created_to: None,
            page: 1,
            per_page: PER_PAGE,
            count_up_to: COUNT_MAX,
            before: None,
        }
    }
}

impl ExecutionQuery {
    /// Which page it asks for.
    pub fn paging(&self) -> Paging {
        Paging::new(self.page, self.per_page, self.count_up_to)
    }

    /// Asks for this page.
    pub fn set_paging(&mut self, paging: Paging) {
        (self.page, self.per_page, self.count_up_to) = paging.parts();
    }
}
