//! The contract every database keeps; `tests/it/store.rs` checks it.

use crate::store::error::Error;
use crate::store::execution::{Execution, ExecutionId, ExecutionPage, ExecutionQuery, Step};
use crate::store::record::{Record, RecordId};
use crate::store::record_query::{RecordPage, RecordQuery};
use crate::store::write::Write;
use jiff::Timestamp;
use serde_json::Value as Json;

/// A database. Every call blocks; none is made while Stripe is called.
pub trait Store: Send + Sync {
    /// Commits all writes or none, in order, and returns after they are on disk.
    ///
    /// # Errors
    /// [`Error`]; nothing of this batch is written then.
    fn commit(&self, writes: Vec<Write>) -> Result<(), Error>;

    /// An id for a new record, never given twice.
    ///
    /// # Errors
    /// [`Error::Broken`].
    fn next_record_id(&self) -> Result<RecordId, Error>;

    /// A record, deleted or not.
    ///
    /// # Errors
    /// [`Error`] when the database cannot be read; so for every reading call.
    fn record(&self, id: RecordId) -> Result<Option<Record>, Error>;

    /// A page of records.
    ///
    /// # Errors
    /// [`Error`].
    fn records(&self, query: &RecordQuery) -> Result<RecordPage, Error>;

    /// An execution.
    ///
    /// # Errors
    /// [`Error`].
    fn execution(&self, id: &ExecutionId) -> Result<Option<Execution>, Error>;

    /// The execution of a kind with a key.
    ///
    /// # Errors
    /// [`Error`].
    fn execution_by_key(&self, kind: &str, key: &str) -> Result<Option<Execution>, Error>;

    /// A page of executions.
    ///
    /// # Errors
    /// [`Error`].
    fn executions(&self, query: &ExecutionQuery) -> Result<ExecutionPage, Error>;

    /// The steps of an execution in order.
    ///
    /// # Errors
    /// [`Error`].
    fn steps(&self, id: &ExecutionId) -> Result<Vec<Step>, Error>;

    /// Every constant with its sealed value.
    ///
    /// # Errors
    /// [`Error`].
    fn constants(&self) -> Result<Vec<(String, String)>, Error>;

    /// A session's data, if it has not ended by `now`.
    ///
    /// # Errors
    /// [`Error`].
    fn session(&self, hash: &str, now: Timestamp) -> Result<Option<Json>, Error>;

    /// How many commits and writes there were, for `/metrics`.
    fn counts(&self) -> Counts;
}

/// What the writer has done since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Commits to disk.
    pub commits: u64,
    /// Batches in them: more than commits when callers were grouped.
    pub batches: u64,
}
