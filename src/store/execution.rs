//! Executions and steps: everything that must not be lost or done twice (design section 4).

use jiff::Timestamp;
use serde_json::Value as Json;
use std::fmt;
use std::str::FromStr;

/// An execution's id: a ULID, so that ids sort by the time they were made.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExecutionId(String);

impl ExecutionId {
    /// The id for an execution made at `now`.
    pub fn at(now: Timestamp) -> Self {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or_default();
        Self(ulid::Ulid::from_parts(millis, rand::random()).to_string())
    }

    /// The id as stored or typed; any text, which may name nothing.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where an execution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waits to be run.
    Available,
    /// Somebody runs it, until its lease ends.
    Running,
    /// It has its outcome; a decline is one.
    Completed,
    /// It failed without effect and will be tried again.
    Retryable,
    /// Something was sent and the answer is not known.
    Unknown,
    /// It was given up: by an operator, or after too many attempts.
    Discarded,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Available,
        Self::Running,
        Self::Completed,
        Self::Retryable,
        Self::Unknown,
        Self::Discarded,
    ];

    /// The word in the database and outside.
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

    /// True when nothing more will happen by itself.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Discarded)
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = text.to_ascii_lowercase();
        Self::ALL.into_iter().find(|state| state.name() == wanted).ok_or_else(|| {
            let all: Vec<_> = Self::ALL.iter().map(|state| state.name()).collect();
            format!("`{text}` is no state; it can be {}", all.join(", "))
        })
    }
}

/// One run of something that must happen exactly once.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// The id.
    pub id: ExecutionId,
    /// `request_type`, `form_submission`, `webhook_event`, `background_job` or `migration`.
    pub kind: String,
    /// What is run: a request type's name, an event's type.
    pub name: String,
    /// What it is run with.
    pub input: Json,
    /// Unique within the kind.
    pub idempotency_key: Option<String>,
    /// A digest of name and input: the same key with another one is a conflict.
    pub fingerprint: String,
    /// Where it is.
    pub state: State,
    /// How often it was begun.
    pub attempt: u32,
    /// Not to be run before.
    pub run_at: Timestamp,
    /// Until when whoever runs it has it to itself.
    pub lease_until: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<Json>,
    /// What went wrong last.
    pub error: Option<String>,
    /// Executions with the same one run in the order they came.
    pub ordering_key: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// One effect of an execution, recorded before and after.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The execution.
    pub execution_id: ExecutionId,
    /// Its place, from 0.
    pub seq: u32,
    /// What it is, such as `api_call`.
    pub kind: String,
    /// What was asked: for a call, its bytes.
    pub request: Json,
    /// What was answered, once it is known.
    pub response: Option<Json>,
    /// A digest of the template that made it.
    pub template_hash: Option<String>,
    /// When it was recorded.
    pub created_at: Timestamp,
}

/// Which executions are listed, newest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExecutionQuery {
    /// Only in these states; none means all.
    pub states: Vec<State>,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only of this name.
    pub name: Option<String>,
    /// Only those that may be run now: `run_at` passed and no lease holds.
    pub due_at: Option<Timestamp>,
    /// Oldest first, as a worker takes them.
    pub oldest_first: bool,
    /// From 1.
    pub page: u32,
    /// How many a page.
    pub per_page: u32,
}

/// A page of executions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExecutionPage {
    /// The executions of this page.
    pub results: Vec<Execution>,
    /// How many there are in all.
    pub total_entries: u64,
}
