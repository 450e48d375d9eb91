//! Writes as data: what one commit does, all or nothing.

use crate::store::execution::{Execution, ExecutionId, State, Step};
use crate::store::record::{Change, Record, RecordId};
use jiff::Timestamp;
use serde_json::Value as Json;

/// One write.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// A new record; its id was reserved before.
    RecordInsert(Record),
    /// Properties of a record change; the others stay. `Gone` if there is no such record.
    RecordUpdate {
        /// Which.
        id: RecordId,
        /// How.
        changes: Vec<(String, Change)>,
        /// When.
        at: Timestamp,
    },
    /// A record is marked deleted.
    RecordDelete {
        /// Which.
        id: RecordId,
        /// When.
        at: Timestamp,
    },
    /// A new execution; `Conflict` when its kind has its key already.
    ExecutionInsert(Box<Execution>),
    /// An execution moves on, if it is in one of the states it is expected in; `Gone` otherwise.
    ExecutionUpdate(Box<ExecutionMove>),
    /// A new step; `Gone` if its place is taken.
    StepInsert(Step),
    /// The answer of a step.
    StepAnswer {
        /// Whose.
        execution_id: ExecutionId,
        /// Which.
        seq: u32,
        /// What was answered.
        response: Json,
    },
    /// A constant gets a value, sealed by the caller.
    ConstantSet {
        /// Its name.
        name: String,
        /// Its sealed value.
        sealed: String,
    },
    /// A session is written whole.
    SessionPut {
        /// The hash of its id.
        hash: String,
        /// Its data.
        data: Json,
        /// When it ends.
        expires_at: Timestamp,
    },
    /// A session ends.
    SessionDelete {
        /// The hash of its id.
        hash: String,
    },
    /// An activity, the platform's append-only feed.
    ActivityInsert {
        /// Its uuid.
        uuid: String,
        /// Its payload.
        payload: Json,
        /// When.
        at: Timestamp,
    },
}

/// How an execution moves on.
#[derive(Debug, Clone, PartialEq)]
pub struct ExecutionMove {
    /// Which.
    pub id: ExecutionId,
    /// It must be in one of these.
    pub from: Vec<State>,
    /// Where it goes.
    pub state: State,
    /// How often it was begun by now.
    pub attempt: u32,
    /// Not to be run before.
    pub run_at: Timestamp,
    /// Until when somebody has it to itself.
    pub lease_until: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<Json>,
    /// What went wrong.
    pub error: Option<String>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}
