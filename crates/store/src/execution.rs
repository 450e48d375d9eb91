//! An execution, its steps, and how one asks for them.

use super::document::Document;
use super::page::PER_PAGE;
use jiff::Timestamp;
use serde_json::Value as Json;
use std::fmt;

/// The name of an execution: a ULID, so ids sort by their making.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExecutionId(pub String);

impl ExecutionId {
    /// The text of the id.
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

/// Where an execution stands. A decline is an outcome: such an execution is completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Waits to be run.
    Available,
    /// Is being run, until its lease ends.
    Running,
    /// Ended with an outcome, whatever it says.
    Completed,
    /// Failed without an effect outside and will be run again.
    Retryable,
    /// Something was sent and the answer is not known; never a failure.
    Unknown,
    /// Given up, with the reason; only an operator takes it up again.
    Discarded,
}

impl State {
    /// All states, in the order of a life.
    pub const ALL: [Self; 6] = [
        Self::Available,
        Self::Running,
        Self::Completed,
        Self::Retryable,
        Self::Unknown,
        Self::Discarded,
    ];
    /// The states that still lead somewhere.
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

    /// True when nothing more happens by itself.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Discarded)
    }
}

/// Which executions a worker looks for: those that wait for the gateway may wait long, and must
/// not keep the others waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Queue {
    /// `request_type` and `api_call`: something was sent.
    Gateway,
    /// Everything else: events, jobs.
    Local,
}

/// A durable run of something: a request type, a form submission, an event, a job, a migration.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// Its name.
    pub id: ExecutionId,
    /// `request_type`, `form_submission`, `webhook_event`, `background_job`, `migration`.
    pub kind: String,
    /// Which one of its kind: `create_payment`, `charge.refunded`, …
    pub name: String,
    /// Everything needed to run it again.
    pub input: Document,
    /// Unique within its kind.
    pub idempotency_key: Option<String>,
    /// What was asked, in short: the same key with another fingerprint is a conflict.
    pub fingerprint: String,
    /// Where it stands.
    pub state: State,
    /// How often it was taken up; also the fence that keeps a late runner out.
    pub attempt: u32,
    /// Not to be taken up before.
    pub run_at: Timestamp,
    /// Until when its runner has it for itself.
    pub lease_until: Option<Timestamp>,
    /// What came of it.
    pub outcome: Option<Json>,
    /// The last thing that went wrong, for an operator.
    pub error: Option<String>,
    /// Executions with the same key are processed in order.
    pub ordering_key: Option<String>,
    /// When it was asked for; also its idea of `now`.
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

/// A change of an execution's state, under guard.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecutionUpdate {
    /// Which execution.
    pub id: ExecutionId,
    /// The states it must be in, or the whole commit fails with [`super::error::Error::Gone`].
    pub from: Vec<State>,
    /// The attempt it must be on, so that a runner whose lease was taken over changes nothing.
    pub from_attempt: Option<u32>,
    /// The new state.
    pub state: State,
    /// The new attempt.
    pub attempt: u32,
    /// The new moment to be taken up.
    pub run_at: Timestamp,
    /// The new lease.
    pub lease_until: Option<Timestamp>,
    /// The outcome, or nothing to keep what is there.
    pub outcome: Option<Json>,
    /// The last error; nothing clears it.
    pub error: Option<String>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

impl ExecutionUpdate {
    /// Makes an execution the claimer's, if it still is as it was seen.
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

/// One effect of an execution: intent first, answer later.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Whose step.
    pub execution_id: ExecutionId,
    /// Its place, from 0.
    pub seq: u32,
    /// `api_call`, `random`, …
    pub kind: String,
    /// The intent: for a call the rendered bytes as they are sent. May hold sealed values.
    pub request: Json,
    /// What identifies the intent when the execution is run again.
    pub fingerprint: String,
    /// What came back; nothing while it is not known.
    pub response: Option<Json>,
    /// The hash of the template it was rendered from.
    pub template_hash: Option<String>,
    /// When it was intended.
    pub created_at: Timestamp,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
}

/// Which executions are wanted, newest first.
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
    /// Made at or after this moment.
    pub created_from: Option<Timestamp>,
    /// Made before this moment.
    pub created_to: Option<Timestamp>,
    /// Which page, from 1.
    pub page: u32,
    /// How many on a page.
    pub per_page: u32,
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
        }
    }
}
