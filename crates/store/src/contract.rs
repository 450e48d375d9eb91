//! The contract of a database: one trait, one conformance suite (`tests/it`).

use super::error::Error;
use super::execution::{Execution, ExecutionId, ExecutionQuery, ExecutionUpdate, Queue, Step};
use super::page::{Page, Paging};
use super::property_index::{IndexError, PropertyIndex};
use super::query::{RecordQuery, Sort, Subject};
use super::record::{Record, RecordId};
use super::state::{Activity, Constant, Session};
use super::write::Write;
use jiff::Timestamp;

/// Called with the result of a commit.
pub type CommitCallback = Box<dyn FnOnce(Result<(), Error>) + Send>;

/// How many rows are read at once of a list that is read to its end.
const ROWS_AT_ONCE: u32 = 500;

/// A database. Every call blocks; a read sees every commit that has returned.
pub trait Store: Send + Sync {
    /// Applies all writes or none, and returns when they survive a power failure.
    fn commit(&self, writes: Vec<Write>) -> Result<(), Error>;

    /// The same for a commit that is not urgent: it may wait some milliseconds for others, because
    /// one commit costs the disk as much as a hundred in one transaction.
    fn commit_deferred(&self, writes: Vec<Write>) -> Result<(), Error> {
        self.commit(writes)
    }

    /// The same for a caller that must not block: `then` is called on a thread of the store, and
    /// must not block either. A store without such a thread blocks the caller.
    fn commit_with_callback(&self, writes: Vec<Write>, then: CommitCallback) {
        then(self.commit(writes));
    }

    /// The same for a caller that may block and rather would not: the commit is made on its thread,
    /// before this returns, if nobody else commits just now.
    fn commit_or_queue(&self, writes: Vec<Write>, then: CommitCallback) {
        then(self.commit(writes));
    }

    /// Reserves an id for a new record. It is never returned twice, used or not.
    fn next_record_id(&self) -> Result<RecordId, Error>;

    /// Makes these indexes over properties, and drops those that are not among them. Queries use
    /// those that are made. Returns those that could not be made: a value is too long, or two
    /// records have the same value of a unique one.
    fn set_indexes(&self, wanted: &[PropertyIndex]) -> Result<Vec<IndexError>, Error>;

    /// A record, softly deleted or not.
    fn record(&self, id: RecordId) -> Result<Option<Record>, Error>;

    /// A page of the records for which [`RecordQuery::matches`] is true.
    fn records(&self, query: &RecordQuery) -> Result<Page<Record>, Error>;

    /// Every record for which [`RecordQuery::matches`] is true, in the order of their creation. It
    /// reads a page after the other, each from where the last one ended.
    fn records_all(&self, query: &RecordQuery) -> Result<Vec<Record>, Error> {
        let mut query = RecordQuery {
            sort: vec![Sort { by: Subject::CreatedAt, descending: false }],
            page: 1,
            per_page: ROWS_AT_ONCE,
            count_up_to: 0,
            ..query.clone()
        };
        let mut all = Vec::new();
        loop {
            let page = self.records(&query)?;
            query.after = page.results.last().map(|last| (last.created_at, last.id));
            all.extend(page.results);
            if !page.has_next_page {
                return Ok(all);
            }
        }
    }

    /// An execution.
    fn execution(&self, id: &ExecutionId) -> Result<Option<Execution>, Error>;

    /// The execution of this kind with this idempotency key.
    fn execution_by_key(&self, kind: &str, key: &str) -> Result<Option<Execution>, Error>;

    /// A page of the executions that match a query, newest first.
    fn executions(&self, query: &ExecutionQuery) -> Result<Page<Execution>, Error>;

    /// Every execution that matches a query, newest first, until `visit` returns false. It reads a
    /// page after the other, each from where the last one ended.
    fn executions_each(
        &self,
        query: &ExecutionQuery,
        visit: &mut dyn FnMut(Execution) -> bool,
    ) -> Result<(), Error> {
        let mut query =
            ExecutionQuery { page: 1, per_page: ROWS_AT_ONCE, count_up_to: 0, ..query.clone() };
        loop {
            let page = self.executions(&query)?;
            query.before = page.results.last().map(|last| (last.created_at, last.id.clone()));
            for execution in page.results {
                if !visit(execution) {
                    return Ok(());
                }
            }
            if !page.has_next_page {
                return Ok(());
            }
        }
    }

    /// Executions that can be claimed now, longest waiting first: waiting ones whose `run_at` has
    /// passed, and running ones whose lease has ended. One with an ordering key is due only when
    /// every earlier one of that key has finished. Fast also when very many are due.
    fn due(&self, now: Timestamp, queue: Queue, limit: u32) -> Result<Vec<Execution>, Error>;

    /// Claims what is due until `lease_until`; only one process claims each. Returns the executions
    /// as they were before; they are running now, one attempt later.
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
            // Another process claimed one of them meanwhile: claim one by one.
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

    /// The earliest unfinished execution of an ordering key, without `besides`, which counts as
    /// finished.
    fn first_in_order(
        &self,
        key: &str,
        besides: Option<&ExecutionId>,
    ) -> Result<Option<Execution>, Error>;

    /// The same, if it is due: a worker that finished one continues with the next, without
    /// searching a long queue again.
    fn next_in_order(
        &self,
        key: &str,
        besides: Option<&ExecutionId>,
        now: Timestamp,
    ) -> Result<Option<Execution>, Error> {
        Ok(self.first_in_order(key, besides)?.filter(|first| first.is_due(now)))
    }

    /// Since when the longest-waiting unfinished execution waits: since its `run_at` when it was
    /// not claimed yet, otherwise since it was created. Fast also when very many wait.
    fn oldest_open(&self) -> Result<Option<Timestamp>, Error>;

    /// Finished executions of a kind that can be reduced or deleted, the longest finished first;
    /// none that was discarded while a call had no answer.
    fn finished_before(
        &self,
        kind: &str,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<Execution>, Error>;

    /// The number of executions that [`Store::finished_before`] has in all.
    fn count_finished_before(&self, kind: &str, before: Timestamp) -> Result<u64, Error>;

    /// Executions with an id after `after` that contain a text, in any case of its ASCII letters,
    /// and are not reduced, by id. It reads the whole table.
    fn executions_containing(
        &self,
        text: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Execution>, Error>;

    /// The steps of an execution, in order.
    fn steps(&self, id: &ExecutionId) -> Result<Vec<Step>, Error>;

    /// All constants, by name.
    fn constants(&self) -> Result<Vec<Constant>, Error>;

    /// A session, expired or not.
    fn session(&self, id_hash: &str) -> Result<Option<Session>, Error>;

    /// Activities, newest first; only those in `uuids` when it has any.
    fn activities(&self, uuids: &[String], paging: Paging) -> Result<Page<Activity>, Error>;

    /// Checks that the database is whole, as far as that can be checked while it is in use and
    /// takes seconds: a large file is not read.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    /// The first damage that a read or a commit met since the store was opened.
    fn damage(&self) -> Option<Error> {
        None
    }

    /// What was committed since the store was opened.
    fn writer_stats(&self) -> WriterStats;
}

/// Counts of a store's writer, for the metrics and for tests of group commit.
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
