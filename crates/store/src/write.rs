//! Everything that can be written, as data.

use super::execution::{Execution, ExecutionId, ExecutionUpdate, Step};
use super::record::{Record, RecordId, RecordUpdate};
use super::state::{Activity, Constant, Session};
use jiff::Timestamp;
use serde_json::Value as Json;

/// One write of a commit. The writes of a commit happen in order, all or none.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// A new record, under an id from [`super::contract::Store::next_record_id`].
    RecordInsert(Record),
    /// Changes some properties of a record. A softly deleted record changes too: the answer of a
    /// call must not be lost because somebody deleted its record meanwhile.
    RecordUpdate(RecordUpdate),
    /// Deletes a record softly; one that is deleted already stays as it is.
    RecordDelete {
        /// Which record.
        id: RecordId,
        /// When.
        at: Timestamp,
    },
    /// A new execution; [`super::error::Error::Conflict`] when its kind and key are taken.
    ExecutionInsert(Execution),
    /// Moves an execution to another state, under guard.
    ExecutionUpdate(ExecutionUpdate),
    /// Forgets completed executions of a kind, with their steps, that ended before: at most so
    /// many at once, so that nobody waits long behind it.
    ExecutionsPurge {
        /// Which kind.
        kind: String,
        /// The moment.
        before: Timestamp,
        /// At most.
        limit: u32,
    },
    /// A new step; its place must be free.
    StepInsert(Step),
    /// Forgets the steps of an execution that is done anew.
    StepsPurge {
        /// Whose steps.
        execution_id: ExecutionId,
    },
    /// The answer of a step that has none yet.
    StepAnswer {
        /// Whose step.
        execution_id: ExecutionId,
        /// Its place.
        seq: u32,
        /// What came back.
        response: Json,
        /// When.
        at: Timestamp,
    },
    /// Sets a constant, new or not.
    ConstantSet(Constant),
    /// Keeps a session, new or not.
    SessionPut(Session),
    /// Forgets a session, if it is there.
    SessionDelete {
        /// The hash of its id.
        id_hash: String,
    },
    /// Forgets all sessions that ended before.
    SessionsExpire {
        /// The moment.
        before: Timestamp,
    },
    /// A new activity.
    ActivityInsert(Activity),
}
