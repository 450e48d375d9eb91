//! A PostgreSQL database as a store, shared by many processes.

use super::connect::Target;
use super::dialect::PostgresDialect;
use super::writer::{Urgency, Writers};
use super::{durability, errors, executions, indexes, schema, statement};
use crate::contract::{CommitCallback, Store, WriterStats};
use crate::error::{Error, Reason};
use crate::execution::{Execution, ExecutionId, ExecutionQuery, Queue, Step};
use crate::page::{Page, Paging};
use crate::property_index::{IndexError, PropertyIndex, PropertyIndexes};
use crate::query::RecordQuery;
use crate::record::{Record, RecordId};
use crate::sql::ids::{self, Ids};
use crate::sql::page::PageStatement;
use crate::sql::row::{self, Row};
use crate::sql::statement::Statement;
use crate::sql::{executions as execution_queries, reads, records};
use crate::state::{Activity, Constant, Session};
use crate::timestamp::from_micros;
use crate::write::Write;
use deadpool_postgres::{Object, Pool};
use jiff::Timestamp;
use parking_lot::RwLock;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use tokio::runtime::{Builder, Runtime};

/// The store in one PostgreSQL database.
///
/// It runs a runtime of its own, so its calls must come from threads that may block, as all calls
/// of a [`Store`] do.
pub struct Postgres {
    runtime: Option<Runtime>,
    pool: Pool,
    writers: Writers,
    ids: Ids,
    /// The indexes over properties that queries use.
    indexes: Arc<RwLock<Arc<PropertyIndexes>>>,
}

impl Postgres {
    /// Opens the database at a `postgres://` address and applies the schema steps it lacks.
    ///
    /// # Errors
    /// [`Error::Busy`] when the server does not answer, [`Error::Broken`] when the database belongs
    /// to another program.
    pub fn open(url: &str) -> Result<Self, Error> {
        let target = Target::parse(url)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("store-postgres")
            .enable_all()
            .build()
            .map_err(|error| Error::Broken(Reason::of(error).with_prefix("the store's runtime")))?;
        let pool = target.pool()?;
        let writers = runtime.block_on(async {
            let mut client = target.connect().await?;
            durability::check(&client).await?;
            schema::apply_schema(&mut client).await?;
            Ok::<_, Error>(Writers::start(&pool))
        })?;
        Ok(Self { runtime: Some(runtime), pool, writers, ids: Ids::new(), indexes: Arc::default() })
    }

    /// Reads, and once more on another connection when the first is dead.
    fn read<T, F>(&self, read: impl Fn(Object) -> F) -> Result<T, Error>
    where
        F: Future<Output = (Object, Result<T, Error>)>,
    {
        let runtime = self.runtime.as_ref().expect("the runtime lives until the store is dropped");
        runtime.block_on(async {
            let mut last = Error::Busy("no connection".into());
            for _ in 0..2 {
                let client = self.pool.get().await.map_err(errors::of_pool)?;
                match read(client).await {
                    // A dead connection does not go back to the pool.
                    (client, Err(error @ Error::Busy(_))) => {
                        drop(Object::take(client));
                        last = error;
                    }
                    (_, result) => return result,
                }
            }
            Err(last)
        })
    }

    fn all<T>(
        &self,
        statement: &Statement<'_>,
        read: fn(&dyn Row) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.read(async |client: Object| {
            let rows = statement::all(&client, statement, read).await;
            (client, rows)
        })
    }

    fn one<T>(
        &self,
        statement: &Statement<'_>,
        read: fn(&dyn Row) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        self.read(async |client: Object| {
            let row = statement::one(&client, statement, read).await;
            (client, row)
        })
    }

    fn page<T>(
        &self,
        statement: &PageStatement<'_>,
        read: fn(&dyn Row) -> Result<T, Error>,
    ) -> Result<Page<T>, Error> {
        self.read(async |client: Object| {
            let page = statement::page(&client, statement, read).await;
            (client, page)
        })
    }

    fn write(&self, writes: Vec<Write>, urgency: Urgency) -> Result<(), Error> {
        let (sender, receiver) = sync_channel(1);
        // The send fails only when this caller is gone.
        let then = Box::new(move |result| drop(sender.send(result)));
        self.writers.write(writes, urgency, then);
        let stopped = |_| Error::Broken("the writers have stopped".into());
        receiver.recv().map_err(stopped)?.map_err(|error| self.indexes.read().explain(error))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let unused = self.ids.take_rest();
        if !unused.is_empty() {
            let return_block = ids::return_block::<PostgresDialect>(&unused);
            // The last handle may be dropped in a task, which must not block on another runtime. On
            // an error the ids have a gap, which is harmless.
            std::thread::scope(|scope| {
                scope.spawn(|| drop(self.all(&return_block, |_| Ok(()))));
            });
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Store for Postgres {
    fn commit(&self, writes: Vec<Write>) -> Result<(), Error> {
        self.write(writes, Urgency::Now)
    }

    fn commit_deferred(&self, writes: Vec<Write>) -> Result<(), Error> {
        self.write(writes, Urgency::Deferred)
    }

    fn commit_with_callback(&self, writes: Vec<Write>, then: CommitCallback) {
        let indexes = Arc::clone(&self.indexes);
        let then = Box::new(move |result: Result<(), Error>| {
            then(result.map_err(|error| indexes.read().explain(error)));
        });
        self.writers.write(writes, Urgency::Now, then);
    }

    fn commit_or_queue(&self, writes: Vec<Write>, then: CommitCallback) {
        self.commit_with_callback(writes, then);
    }

    fn next_record_id(&self) -> Result<RecordId, Error> {
        self.ids.next(|count| {
            let end = self.one(&ids::reserve::<PostgresDialect>(count), row::first_integer)?;
            end.ok_or_else(|| Error::Broken("the counter of record ids is missing".into()))
        })
    }

    fn record(&self, id: RecordId) -> Result<Option<Record>, Error> {
        self.one(&reads::record::<PostgresDialect>(id), row::record)
    }

    fn set_indexes(&self, wanted: &[PropertyIndex]) -> Result<Vec<IndexError>, Error> {
        let (present, failed) = self.read(async |client: Object| {
            let done = indexes::set(&client, wanted).await;
            (client, done)
        })?;
        *self.indexes.write() = Arc::new(present);
        Ok(failed)
    }

    fn records(&self, query: &RecordQuery) -> Result<Page<Record>, Error> {
        let indexes = Arc::clone(&self.indexes.read());
        self.page(&records::page::<PostgresDialect>(query, &indexes), row::record)
    }

    fn execution(&self, id: &ExecutionId) -> Result<Option<Execution>, Error> {
        self.one(&reads::execution::<PostgresDialect>(id), row::execution)
    }

    fn execution_by_key(&self, kind: &str, key: &str) -> Result<Option<Execution>, Error> {
        self.one(&reads::execution_by_key::<PostgresDialect>(kind, key), row::execution)
    }

    fn executions(&self, query: &ExecutionQuery) -> Result<Page<Execution>, Error> {
        self.page(&execution_queries::page::<PostgresDialect>(query), row::execution)
    }

    fn due(&self, now: Timestamp, queue: Queue, limit: u32) -> Result<Vec<Execution>, Error> {
        self.read(async |client: Object| {
            let due = executions::due(&client, now, queue, limit).await;
            (client, due)
        })
    }

    fn claim(
        &self,
        now: Timestamp,
        queue: Queue,
        limit: u32,
        lease_until: Timestamp,
    ) -> Result<Vec<Execution>, Error> {
        // When the answer is lost and the read repeated, what the first try claimed waits until its
        // lease ends: harmless, and rare.
        self.read(async |client: Object| {
            let claimed = executions::claim(&client, now, queue, limit, lease_until).await;
            (client, claimed)
        })
    }

    fn first_in_order(
        &self,
        key: &str,
        besides: Option<&ExecutionId>,
    ) -> Result<Option<Execution>, Error> {
        self.one(
            &execution_queries::first_in_order::<PostgresDialect>(key, besides),
            row::execution,
        )
    }

    fn oldest_open(&self) -> Result<Option<Timestamp>, Error> {
        let oldest = Statement::new::<PostgresDialect>(execution_queries::OLDEST_OPEN, Vec::new());
        Ok(self.one(&oldest, row::maybe_first_integer)?.flatten().map(from_micros))
    }

    fn finished_before(
        &self,
        kind: &str,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<Execution>, Error> {
        let old = execution_queries::finished_before::<PostgresDialect>(kind, before, limit);
        self.all(&old, row::execution)
    }

    fn count_finished_before(&self, kind: &str, before: Timestamp) -> Result<u64, Error> {
        let count = execution_queries::count_finished_before::<PostgresDialect>(kind, before);
        let count = self.one(&count, row::first_integer)?.unwrap_or_default();
        Ok(u64::try_from(count).unwrap_or_default())
    }

    fn executions_containing(
        &self,
        text: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Execution>, Error> {
        let containing = execution_queries::containing::<PostgresDialect>(text, after, limit);
        self.all(&containing, row::execution)
    }

    fn steps(&self, id: &ExecutionId) -> Result<Vec<Step>, Error> {
        self.all(&reads::steps::<PostgresDialect>(id), row::step)
    }

    fn constants(&self) -> Result<Vec<Constant>, Error> {
        self.all(&reads::constants::<PostgresDialect>(), row::constant)
    }

    fn session(&self, id_hash: &str) -> Result<Option<Session>, Error> {
        self.one(&reads::session::<PostgresDialect>(id_hash), row::session)
    }

    fn activities(&self, uuids: &[String], paging: Paging) -> Result<Page<Activity>, Error> {
        self.page(&reads::activities::<PostgresDialect>(uuids, paging), row::activity)
    }

    fn writer_stats(&self) -> WriterStats {
        self.writers.stats()
    }
}
