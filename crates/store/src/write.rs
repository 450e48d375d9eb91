//! The writes of a commit, as data.

use super::document::Document;
use super::execution::{Execution, ExecutionId, ExecutionUpdate, Step};
use super::record::{Record, RecordId, RecordUpdate};
use super::state::{Activity, Constant, Session};
use jiff::Timestamp;
use serde_json::Value as Json;

/// One write of a commit. The writes of a commit are applied in order, all or none.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// A new record, under an id from [`super::contract::Store::next_record_id`].
    RecordInsert(Record),
    /// Changes some properties of a record, also of a softly deleted one: the answer of a call must
    /// not be lost because its record was deleted meanwhile.
    RecordUpdate(RecordUpdate),
    /// Deletes a record softly; a deleted one does not change.
    RecordDelete {
        /// The record.
        id: RecordId,
        /// When it was written.
        at: Timestamp,
    },
    /// A new execution; [`super::error::Error::Conflict`] when its kind already has its key.
    ExecutionInsert(Execution),
    /// Moves an execution from an expected state to another.
    ExecutionUpdate(ExecutionUpdate),
    /// Deletes completed executions of a kind that finished before, with their steps. The limit
    /// bounds how long other commits wait for it.
    ExecutionsPurge {
        /// The kind.
        kind: String,
        /// The timestamp.
        before: Timestamp,
        /// The most executions to delete.
        limit: u32,
    },
    /// Reduces a finished execution to what its idempotency key needs: its steps and its error are
    /// deleted, its input and outcome replaced. Nothing if it is open, or was reduced before.
    ExecutionReduce {
        /// The execution.
        id: ExecutionId,
        /// What is kept of its input.
        input: Json,
        /// What is kept of its outcome.
        outcome: Option<Json>,
        /// When it was reduced.
        at: Timestamp,
    },
    /// Deletes a finished execution with its steps; nothing if it is open.
    ExecutionDelete {
        /// The execution.
        id: ExecutionId,
        /// When it was deleted.
        at: Timestamp,
    },
    /// Deletes the sessions and activities that contain a text, such as the id of a customer.
    ForgetText {
        /// The text.
        text: String,
    },
    /// The clock was set back: whatever waits for a time that it will reach too late waits no
    /// longer.
    ExecutionsClockSetBack {
        /// The time now.
        now: Timestamp,
        /// The latest time that a lease can end; a later one ends now.
        leases_until: Timestamp,
        /// The latest time that a retry or a creation can have; a later one is now.
        waits_until: Timestamp,
    },
    /// A new step; its number must be free.
    StepInsert(Step),
    /// Deletes the steps of an execution that starts again.
    StepsPurge {
        /// The execution.
        execution_id: ExecutionId,
    },
    /// The answer of a step without one.
    StepAnswer {
        /// The execution.
        execution_id: ExecutionId,
        /// Its number.
        seq: u32,
        /// The answer.
        response: Document,
        /// When it was written.
        at: Timestamp,
    },
    /// Sets a constant.
    ConstantSet(Constant),
    /// Stores a session.
    SessionPut(Session),
    /// Changes a stored session; nothing if it was deleted meanwhile.
    SessionUpdate(Session),
    /// Deletes all sessions of a user.
    SessionsEnd {
        /// The user's id.
        user_id: String,
    },
    /// Deletes a session, if it exists.
    SessionDelete {
        /// The hash of its id.
        id_hash: String,
    },
    /// Deletes all sessions that expired before.
    SessionsExpire {
        /// The timestamp.
        before: Timestamp,
    },
    /// A new activity.
    ActivityInsert(Activity),
}
