//! What a database must do for the host: one trait, one conformance suite (`tests/it/store.rs`).

use super::error::Error;
use super::execution::{Execution, ExecutionId, ExecutionQuery, ExecutionUpdate, Queue, Step};
use super::page::Page;
use super::query::RecordQuery;
use super::record::{Record, RecordId};
use super::state::{Activity, Constant, Session};
use super::write::Write;
use jiff::Timestamp;

/// Who is told what became of a commit.
pub type CommitCallback = Box<dyn FnOnce(Result<(), Error>) + Send>;

/// A database. Every call blocks; reads see everything whose commit has returned.
pub trait Store: Send + Sync {
    /// Stores all writes or none, and returns when they would survive a loss of power.
    fn commit(&self, writes: Vec<Write>) -> Result<(), Error>;

    /// The same when nobody waits for it: it may wait some milliseconds for company, because a
    /// commit costs the disk as much as a hundred that share it.
    fn commit_deferred(&self, writes: Vec<Write>) -> Result<(), Error> {
        self.commit(writes)
    }

    /// The same for a caller that has no thread to wait with: `then` is told, on a thread of the
    /// store, and must not block. A store without such a thread blocks the caller.
    fn commit_with_callback(&self, writes: Vec<Write>, then: CommitCallback) {
        then(self.commit(writes));
    }

    /// Reserves an id for a new record. It is never given twice, used or not.
    fn next_record_id(&self) -> Result<RecordId, Error>;

    /// A record, softly deleted or not.
    fn record(&self, id: RecordId) -> Result<Option<Record>, Error>;

    /// The records a query asks for, exactly those for which [`RecordQuery::matches`] is true.
    fn records(&self, query: &RecordQuery) -> Result<Page<Record>, Error>;

    /// An execution.
    fn execution(&self, id: &ExecutionId) -> Result<Option<Execution>, Error>;

    /// The execution that holds this key among its kind.
    fn execution_by_key(&self, kind: &str, key: &str) -> Result<Option<Execution>, Error>;

    /// The executions a query asks for.
    fn executions(&self, query: &ExecutionQuery) -> Result<Page<Execution>, Error>;

    /// Executions to be taken up at this moment, longest waiting first: waiting ones whose time
    /// has come, and running ones whose lease has ended. One with an ordering key is due only when
    /// every earlier one of that key has ended. Cheap also when very many are due.
    fn due(&self, now: Timestamp, queue: Queue, limit: u32) -> Result<Vec<Execution>, Error>;

    /// Takes up what is due, until `lease_until`: each is given to one process only. Gives the
    /// executions as they stood before; they are running now, one attempt later.
    fn claim(
        &self,
        now: Timestamp,
        queue: Queue,
        limit: u32,
        lease_until: Timestamp,
    ) -> Result<Vec<Execution>, Error> {
        let due = self.due(now, queue, limit)?;
        if due.is_empty() {
            return Ok(due);
        }
        let claim = |execution: &Execution| ExecutionUpdate::claim(execution, lease_until);
        match self.commit(due.iter().map(|one| Write::ExecutionUpdate(claim(one))).collect()) {
            Ok(()) => Ok(due),
            // Somebody took one of them meanwhile: one by one then.
            Err(Error::Gone(_)) => {
                let alone =
                    |one: Execution| match self.commit(vec![Write::ExecutionUpdate(claim(&one))]) {
                        Ok(()) => Some(Ok(one)),
                        Err(Error::Gone(_)) => None,
                        Err(error) => Some(Err(error)),
                    };
                due.into_iter().filter_map(alone).collect()
            }
            Err(error) => Err(error),
        }
    }

    /// The earliest execution of an ordering key that has not ended, if it is due: who has ended one
    /// goes on with the next, and a long queue behind one object is not looked through again.
    fn next_in_order(&self, key: &str, now: Timestamp) -> Result<Option<Execution>, Error>;

    /// Since when the longest-waiting execution that has not ended waits: since it was made, or,
    /// not taken up yet, since it was to be. Cheap also when very many wait.
    fn oldest_open(&self) -> Result<Option<Timestamp>, Error>;

    /// The steps of an execution, in order.
    fn steps(&self, id: &ExecutionId) -> Result<Vec<Step>, Error>;

    /// All constants, by name.
    fn constants(&self) -> Result<Vec<Constant>, Error>;

    /// A session, ended or not.
    fn session(&self, id_hash: &str) -> Result<Option<Session>, Error>;

    /// Activities, newest first; only the named ones when `uuids` has any.
    fn activities(
        &self,
        uuids: &[String],
        page: u32,
        per_page: u32,
    ) -> Result<Page<Activity>, Error>;

    /// What the writer did since the store was opened.
    fn tally(&self) -> WriterStats;
}

/// Counts of a store's writer, for the metrics page and for the proof that commits are grouped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriterStats {
    /// Calls of [`Store::commit`] that succeeded.
    pub commits: u64,
    /// Transactions written to disk for them.
    pub groups: u64,
    /// Calls in the largest of these transactions.
    pub largest_group: u64,
    /// Time spent in committing transactions, fsync included.
    pub commit_micros: u64,
}
