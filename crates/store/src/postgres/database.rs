//! A PostgreSQL database as a store, shared by many processes.

use super::connect::Place;
use super::ids::{self, Ids};
use super::writer::Writers;
use super::{durability, executions, fault, records, rows, schema};
use crate::contract::{CommitCallback, Store, WriterStats};
use crate::error::Error;
use crate::execution::{Execution, ExecutionId, ExecutionQuery, Queue, Step};
use crate::page::Page;
use crate::query::RecordQuery;
use crate::record::{Record, RecordId};
use crate::state::{Activity, Constant, Session};
use crate::write::Write;
use deadpool_postgres::{Object, Pool};
use jiff::Timestamp;
use std::sync::mpsc::sync_channel;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::types::ToSql;

/// The store in one PostgreSQL database.
///
/// It has a runtime of its own, so its blocking calls must come from threads that may block, as
/// all callers of a [`Store`] do.
pub struct Postgres {
    runtime: Option<Runtime>,
    pool: Pool,
    writers: Writers,
    ids: Ids,
}

impl Postgres {
    /// Opens the database at a `postgres://` address and brings its tables up to date.
    ///
    /// # Errors
    /// [`Error::Busy`] when nobody answers there, [`Error::Broken`] for a database that is not ours.
    pub fn open(url: &str) -> Result<Self, Error> {
        let place = Place::read(url)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("store-postgres")
            .enable_all()
            .build()
            .map_err(|error| Error::Broken(format!("the store's runtime: {error}")))?;
        let pool = place.pool()?;
        let writers = runtime.block_on(async {
            let mut client = place.connect().await?;
            durability::check(&client).await?;
            schema::bring_up_to_date(&mut client).await?;
            Ok::<_, Error>(Writers::start(&pool))
        })?;
        Ok(Self { runtime: Some(runtime), pool, writers, ids: Ids::new() })
    }

    /// Reads; once more on another connection when the first one is dead. Reading twice harms
    /// nobody.
    fn read<T, F>(&self, read: impl Fn(Object) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, (Error, Option<Object>)>>,
    {
        let runtime = self.runtime.as_ref().expect("it is there until the store is dropped");
        runtime.block_on(async {
            let mut last = Error::Busy("no connection".into());
            for _ in 0..2 {
                let client = self.pool.get().await.map_err(fault::of_pool)?;
                match read(client).await {
                    Ok(found) => return Ok(found),
                    Err((error @ Error::Busy(_), client)) => {
                        // Not given to the next.
                        drop(client.map(Object::take));
                        last = error;
                    }
                    Err((error, _)) => return Err(error),
                }
            }
            Err(last)
        })
    }

    fn rows<T>(
        &self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
        to: fn(&tokio_postgres::Row) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        self.read(async |client: Object| {
            let found = async {
                let statement = client.prepare_cached(sql).await.map_err(fault::of)?;
                client.query(&statement, values).await.map_err(fault::of)
            };
            match found.await.and_then(|found| rows::all(&found, to)) {
                Ok(found) => Ok(found),
                Err(error) => Err((error, Some(client))),
            }
        })
    }

    fn row<T>(
        &self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
        to: fn(&tokio_postgres::Row) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        Ok(self.rows(sql, values, to)?.pop())
    }

    fn write(&self, writes: Vec<Write>, can_wait: bool) -> Result<(), Error> {
        let (told, answer) = sync_channel(1);
        // A caller that is gone has nobody to be told.
        self.writers.write(writes, can_wait, Box::new(move |done| drop(told.send(done))));
        answer.recv().map_err(|_| Error::Broken("the writers have stopped".into()))?
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let left = self.ids.left();
        if !left.is_empty() {
            // Whoever drops the last handle may be a task, which must not block on another runtime.
            // A gap is harmless; there is nobody left to tell.
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    self.rows(ids::RETURN, &[&left.start, &left.end], |_| Ok(())).map(drop)
                });
            });
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

macro_rules! reading {
    ($self:ident, |$client:ident| $read:expr) => {
        $self.read(async |$client: Object| match $read.await {
            Ok(found) => Ok(found),
            Err(error) => Err((error, Some($client))),
        })
    };
}

impl Store for Postgres {
    fn commit(&self, writes: Vec<Write>) -> Result<(), Error> {
        self.write(writes, false)
    }

    fn commit_deferred(&self, writes: Vec<Write>) -> Result<(), Error> {
        self.write(writes, true)
    }

    fn commit_with_callback(&self, writes: Vec<Write>, then: CommitCallback) {
        self.writers.write(writes, false, then);
    }

    fn next_record_id(&self) -> Result<RecordId, Error> {
        self.ids.next(|size| {
            let end = self.row(ids::RESERVE, &[&size], |row| rows::get(row, 0))?;
            end.ok_or_else(|| Error::Broken("the counter of record ids is missing".into()))
        })
    }

    fn record(&self, id: RecordId) -> Result<Option<Record>, Error> {
        let sql = format!("SELECT {} FROM records WHERE id = $1", rows::RECORD);
        self.row(&sql, &[&id], rows::to_record)
    }

    fn records(&self, query: &RecordQuery) -> Result<Page<Record>, Error> {
        reading!(self, |client| records::page(&client, query))
    }

    fn execution(&self, id: &ExecutionId) -> Result<Option<Execution>, Error> {
        let sql = format!("SELECT {} FROM executions WHERE id = $1", rows::EXECUTION);
        self.row(&sql, &[&id.as_str()], rows::to_execution)
    }

    fn execution_by_key(&self, kind: &str, key: &str) -> Result<Option<Execution>, Error> {
        let sql = format!(
            "SELECT {} FROM executions WHERE kind = $1 AND idempotency_key = $2",
            rows::EXECUTION
        );
        self.row(&sql, &[&kind, &key], rows::to_execution)
    }

    fn executions(&self, query: &ExecutionQuery) -> Result<Page<Execution>, Error> {
        reading!(self, |client| executions::page(&client, query))
    }

    fn due(&self, now: Timestamp, queue: Queue, limit: u32) -> Result<Vec<Execution>, Error> {
        reading!(self, |client| executions::due(&client, now, queue, limit))
    }

    fn claim(
        &self,
        now: Timestamp,
        queue: Queue,
        limit: u32,
        lease_until: Timestamp,
    ) -> Result<Vec<Execution>, Error> {
        // Made twice it would leave what the first took until its lease ends: harmless, and rare.
        reading!(self, |client| executions::claim(&client, now, queue, limit, lease_until))
    }

    fn next_in_order(&self, key: &str, now: Timestamp) -> Result<Option<Execution>, Error> {
        reading!(self, |client| executions::next_in_order(&client, key, now))
    }

    fn oldest_open(&self) -> Result<Option<Timestamp>, Error> {
        reading!(self, |client| executions::oldest_open(&client))
    }

    fn steps(&self, id: &ExecutionId) -> Result<Vec<Step>, Error> {
        let sql = format!("SELECT {} FROM steps WHERE execution_id = $1 ORDER BY seq", rows::STEP);
        self.rows(&sql, &[&id.as_str()], rows::to_step)
    }

    fn constants(&self) -> Result<Vec<Constant>, Error> {
        let sql = "SELECT name, sealed, updated_at FROM constants ORDER BY name";
        self.rows(sql, &[], rows::to_constant)
    }

    fn session(&self, id_hash: &str) -> Result<Option<Session>, Error> {
        let sql = "SELECT id_hash, data, expires_at FROM sessions WHERE id_hash = $1";
        self.row(sql, &[&id_hash], rows::to_session)
    }

    fn activities(
        &self,
        uuids: &[String],
        page: u32,
        per_page: u32,
    ) -> Result<Page<Activity>, Error> {
        let (page, per_page) = (page.max(1), per_page.max(1));
        let named = (!uuids.is_empty()).then(|| uuids.to_vec());
        let wanted = "activities WHERE $1::text[] IS NULL OR uuid = ANY($1)";
        let counting = format!("SELECT count(*) FROM {wanted}");
        let total = self.row(&counting, &[&named], |row| rows::get::<i64>(row, 0))?;
        let sql = format!(
            "SELECT uuid, payload, created_at FROM {wanted} ORDER BY id DESC LIMIT $2 OFFSET $3"
        );
        let offset = (i64::from(page) - 1) * i64::from(per_page);
        let values: [&(dyn ToSql + Sync); 3] = [&named, &i64::from(per_page), &offset];
        let results = self.rows(&sql, &values, rows::to_activity)?;
        let total_entries = total.and_then(|total| u64::try_from(total).ok()).unwrap_or(0);
        Ok(Page { results, total_entries, current_page: page, per_page })
    }

    fn tally(&self) -> WriterStats {
        self.writers.tally()
    }
}
