//! A database file as a store.

use super::dialect::SqliteDialect;
use super::read_gate::ReadGate;
use super::readers::Readers;
use super::transaction::Work;
use super::writer::{Reply, Writer};
use super::{check, errors, executions, indexes, open, schema, statement};
use crate::contract::{CommitCallback, Store, WriterStats};
use crate::error::Error;
use crate::execution::{Execution, ExecutionId, ExecutionQuery, Queue, Step};
use crate::page::{Page, Paging};
use crate::property_index::{IndexError, PropertyIndex, PropertyIndexes};
use crate::query::RecordQuery;
use crate::record::{Record, RecordId};
use crate::sql::ids::Ids;
use crate::sql::page::PageStatement;
use crate::sql::row::{self, Row};
use crate::sql::statement::Statement;
use crate::sql::{executions as execution_queries, reads, records};
use crate::state::{Activity, Constant, Session};
use crate::timestamp::from_micros;
use crate::write::Write;
use jiff::Timestamp;
use parking_lot::RwLock;
use rusqlite::Connection;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// The store in one SQLite file. Several processes may open it; each has its own writer.
pub struct Sqlite {
    writer: Writer,
    readers: Readers,
    ids: Ids,
    /// The indexes over properties that queries use.
    indexes: Arc<RwLock<Arc<PropertyIndexes>>>,
    /// The first damage that was met. The writer's thread reports it as well.
    damage: Arc<OnceLock<Error>>,
}

/// Keeps the first damage.
fn noted<T>(damage: &OnceLock<Error>, result: Result<T, Error>) -> Result<T, Error> {
    if let Err(error @ Error::Damaged(_)) = &result {
        let _ = damage.set(error.clone());
    }
    result
}

impl Sqlite {
    /// Opens the file, creates it if it is missing, and applies the schema steps it lacks.
    ///
    /// # Errors
    /// [`Error::Broken`] when the file cannot be opened or belongs to another program,
    /// [`Error::Busy`] when another process holds it locked.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_with_checkpoints(path, open::checkpoint_pages())
    }

    /// The same, with a checkpoint after this many pages of log.
    pub(super) fn open_with_checkpoints(path: &Path, pages: u32) -> Result<Self, Error> {
        let gate = Arc::new(ReadGate::default());
        let mut connection = open::writer(path, Arc::clone(&gate), pages)?;
        schema::apply_schema(&mut connection).map_err(|error| errors::in_file(path, error))?;
        let writer = Writer::start(connection)?;
        let readers = Readers::new(path.to_owned(), gate);
        let (ids, indexes, damage) = (Ids::new(), Arc::default(), Arc::default());
        Ok(Self { writer, readers, ids, indexes, damage })
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        noted(&self.damage, self.readers.read(read))
    }

    /// Calls `then` with the result of a commit.
    fn reply(&self, then: CommitCallback) -> Reply {
        let (damage, indexes) = (Arc::clone(&self.damage), Arc::clone(&self.indexes));
        Box::new(move |result: Result<i64, Error>| {
            let result = result.map(drop).map_err(|error| indexes.read().explain(error));
            then(noted(&damage, result));
        })
    }

    /// Bounds the file to this many pages of 4 kB from now on: a commit beyond fails with `Full`.
    /// A bound below the present size means the present size.
    ///
    /// # Errors
    /// [`Error::Broken`] when the writer has stopped.
    pub fn limit_pages(&self, pages: u32) -> Result<(), Error> {
        self.writer.run(Work::LimitPages { pages }).map(drop)
    }

    fn explained(&self, result: Result<(), Error>) -> Result<(), Error> {
        let result = result.map_err(|error| self.indexes.read().explain(error));
        noted(&self.damage, result)
    }

    fn all<T>(
        &self,
        statement: &Statement<'_>,
        read: fn(&dyn Row) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.read(|connection| statement::all(connection, statement, read))
    }

    fn one<T>(
        &self,
        statement: &Statement<'_>,
        read: fn(&dyn Row) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        self.read(|connection| statement::one(connection, statement, read))
    }

    fn page<T>(
        &self,
        statement: &PageStatement<'_>,
        read: fn(&dyn Row) -> Result<T, Error>,
    ) -> Result<Page<T>, Error> {
        self.read(|connection| statement::page(connection, statement, read))
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        let free = self.ids.take_rest();
        if !free.is_empty() {
            // On an error the ids have a gap, which is harmless.
            drop(self.writer.run(Work::ReturnIds { free }));
        }
    }
}

impl Store for Sqlite {
    fn commit(&self, writes: Vec<Write>) -> Result<(), Error> {
        self.explained(self.writer.run(Work::Commit(writes)).map(drop))
    }

    fn commit_deferred(&self, writes: Vec<Write>) -> Result<(), Error> {
        self.explained(self.writer.run(Work::CommitDeferred(writes)).map(drop))
    }

    fn commit_with_callback(&self, writes: Vec<Write>, then: CommitCallback) {
        self.writer.run_with_reply(Work::Commit(writes), self.reply(then));
    }

    fn commit_or_queue(&self, writes: Vec<Write>, then: CommitCallback) {
        self.writer.run_or_queue(Work::Commit(writes), self.reply(then));
    }

    fn next_record_id(&self) -> Result<RecordId, Error> {
        noted(&self.damage, self.ids.next(|count| self.writer.run(Work::ReserveIds { count })))
    }

    fn record(&self, id: RecordId) -> Result<Option<Record>, Error> {
        self.one(&reads::record::<SqliteDialect>(id), row::record)
    }

    fn set_indexes(&self, wanted: &[PropertyIndex]) -> Result<Vec<IndexError>, Error> {
        let read = || self.read(indexes::names);
        let define = |sql| noted(&self.damage, self.writer.run(Work::Define { sql }).map(drop));
        let (present, failed) = indexes::set(wanted, read, define)?;
        *self.indexes.write() = Arc::new(present);
        Ok(failed)
    }

    fn records(&self, query: &RecordQuery) -> Result<Page<Record>, Error> {
        let indexes = Arc::clone(&self.indexes.read());
        self.page(&records::page::<SqliteDialect>(query, &indexes), row::record)
    }

    fn execution(&self, id: &ExecutionId) -> Result<Option<Execution>, Error> {
        self.one(&reads::execution::<SqliteDialect>(id), row::execution)
    }

    fn execution_by_key(&self, kind: &str, key: &str) -> Result<Option<Execution>, Error> {
        self.one(&reads::execution_by_key::<SqliteDialect>(kind, key), row::execution)
    }

    fn executions(&self, query: &ExecutionQuery) -> Result<Page<Execution>, Error> {
        self.page(&execution_queries::page::<SqliteDialect>(query), row::execution)
    }

    fn due(&self, now: Timestamp, queue: Queue, limit: u32) -> Result<Vec<Execution>, Error> {
        self.read(|connection| executions::due(connection, now, queue, limit))
    }

    fn first_in_order(
        &self,
        key: &str,
        besides: Option<&ExecutionId>,
    ) -> Result<Option<Execution>, Error> {
        self.one(&execution_queries::first_in_order::<SqliteDialect>(key, besides), row::execution)
    }

    fn oldest_open(&self) -> Result<Option<Timestamp>, Error> {
        let oldest = Statement::new::<SqliteDialect>(execution_queries::OLDEST_OPEN, Vec::new());
        Ok(self.one(&oldest, row::maybe_first_integer)?.flatten().map(from_micros))
    }

    fn finished_before(
        &self,
        kind: &str,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<Execution>, Error> {
        let old = execution_queries::finished_before::<SqliteDialect>(kind, before, limit);
        self.all(&old, row::execution)
    }

    fn count_finished_before(&self, kind: &str, before: Timestamp) -> Result<u64, Error> {
        let count = execution_queries::count_finished_before::<SqliteDialect>(kind, before);
        let count = self.one(&count, row::first_integer)?.unwrap_or_default();
        Ok(u64::try_from(count).unwrap_or_default())
    }

    fn executions_containing(
        &self,
        text: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Execution>, Error> {
        let containing = execution_queries::containing::<SqliteDialect>(text, after, limit);
        noted(
            &self.damage,
            self.readers.read_whole(|one| statement::all(one, &containing, row::execution)),
        )
    }

    fn steps(&self, id: &ExecutionId) -> Result<Vec<Step>, Error> {
        self.all(&reads::steps::<SqliteDialect>(id), row::step)
    }

    fn constants(&self) -> Result<Vec<Constant>, Error> {
        self.all(&reads::constants::<SqliteDialect>(), row::constant)
    }

    fn session(&self, id_hash: &str) -> Result<Option<Session>, Error> {
        self.one(&reads::session::<SqliteDialect>(id_hash), row::session)
    }

    fn activities(&self, uuids: &[String], paging: Paging) -> Result<Page<Activity>, Error> {
        self.page(&reads::activities::<SqliteDialect>(uuids, paging), row::activity)
    }

    fn check(&self) -> Result<(), Error> {
        let path = self.readers.path();
        if std::fs::metadata(path).is_ok_and(|file| file.len() > check::AT_START_MAX) {
            tracing::info!(
                "{} is too large to be checked at every start; `sluicegate doctor` checks it",
                path.display()
            );
            return Ok(());
        }
        noted(&self.damage, self.readers.read_whole(check::quick_check))
            .map_err(|error| errors::in_file(self.readers.path(), error))
    }

    fn damage(&self) -> Option<Error> {
        self.damage.get().cloned()
    }

    fn writer_stats(&self) -> WriterStats {
        self.writer.stats()
    }
}
