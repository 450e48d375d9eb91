//! A database file as a store.

use super::ids::Ids;
use super::readers::Readers;
use super::transaction::Work;
use super::writer::Writer;
use super::{executions, open, records, rows, schema};
use crate::contract::{CommitCallback, Store, WriterStats};
use crate::error::Error;
use crate::execution::{Execution, ExecutionId, ExecutionQuery, Queue, Step};
use crate::page::Page;
use crate::query::RecordQuery;
use crate::record::{Record, RecordId};
use crate::state::{Activity, Constant, Session};
use crate::write::Write;
use jiff::Timestamp;
use rusqlite::named_params;
use serde_json::Value as Json;
use std::path::Path;

/// The store in one SQLite file. Several processes may open it; each has its own writer.
pub struct Sqlite {
    writer: Writer,
    readers: Readers,
    ids: Ids,
}

impl Sqlite {
    /// Opens the file, or makes it, and brings its tables up to date.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let mut connection = open::writer(path)?;
        schema::bring_up_to_date(&mut connection)?;
        let writer = Writer::start(connection)?;
        Ok(Self { writer, readers: Readers::new(path.to_owned()), ids: Ids::new() })
    }

    /// Bounds the file to this many pages of 4 kB from now on: a commit beyond fails with `Full`.
    /// A bound below the present size means the present size.
    pub fn limit_pages(&self, pages: u32) -> Result<(), Error> {
        self.writer.run(Work::LimitPages { pages }).map(|_| ())
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.ids.give_back(&self.writer);
    }
}

impl Store for Sqlite {
    fn commit(&self, writes: Vec<Write>) -> Result<(), Error> {
        self.writer.run(Work::Commit(writes)).map(|_| ())
    }

    fn commit_deferred(&self, writes: Vec<Write>) -> Result<(), Error> {
        self.writer.run(Work::CommitSoon(writes)).map(|_| ())
    }

    fn commit_with_callback(&self, writes: Vec<Write>, then: CommitCallback) {
        self.writer.run_then(Work::Commit(writes), Box::new(|done| then(done.map(|_| ()))));
    }

    fn next_record_id(&self) -> Result<RecordId, Error> {
        self.ids.next(&self.writer)
    }

    fn record(&self, id: RecordId) -> Result<Option<Record>, Error> {
        self.readers.read(|connection| rows::record(connection, id))
    }

    fn records(&self, query: &RecordQuery) -> Result<Page<Record>, Error> {
        self.readers.read(|connection| records::page(connection, query))
    }

    fn execution(&self, id: &ExecutionId) -> Result<Option<Execution>, Error> {
        let sql = rows::select(rows::EXECUTION, "executions WHERE id = ?");
        self.readers
            .read(|connection| rows::one(connection, &sql, [id.as_str()], rows::to_execution))
    }

    fn execution_by_key(&self, kind: &str, key: &str) -> Result<Option<Execution>, Error> {
        let sql =
            rows::select(rows::EXECUTION, "executions WHERE kind = ? AND idempotency_key = ?");
        self.readers.read(|connection| rows::one(connection, &sql, [kind, key], rows::to_execution))
    }

    fn executions(&self, query: &ExecutionQuery) -> Result<Page<Execution>, Error> {
        self.readers.read(|connection| executions::page(connection, query))
    }

    fn due(&self, now: Timestamp, queue: Queue, limit: u32) -> Result<Vec<Execution>, Error> {
        self.readers.read(|connection| executions::due(connection, now, queue, limit))
    }

    fn next_in_order(&self, key: &str, now: Timestamp) -> Result<Option<Execution>, Error> {
        self.readers.read(|connection| executions::next_in_order(connection, key, now))
    }

    fn oldest_open(&self) -> Result<Option<Timestamp>, Error> {
        self.readers.read(executions::oldest_open)
    }

    fn steps(&self, id: &ExecutionId) -> Result<Vec<Step>, Error> {
        let sql = rows::select(rows::STEP, "steps WHERE execution_id = ? ORDER BY seq");
        self.readers.read(|connection| rows::all(connection, &sql, [id.as_str()], rows::to_step))
    }

    fn constants(&self) -> Result<Vec<Constant>, Error> {
        let sql = rows::select("name, sealed, updated_at", "constants ORDER BY name");
        self.readers.read(|connection| rows::all(connection, &sql, [], rows::to_constant))
    }

    fn session(&self, id_hash: &str) -> Result<Option<Session>, Error> {
        let sql = rows::select("id_hash, data, expires_at", "sessions WHERE id_hash = ?");
        self.readers.read(|connection| rows::one(connection, &sql, [id_hash], rows::to_session))
    }

    fn activities(
        &self,
        uuids: &[String],
        page: u32,
        per_page: u32,
    ) -> Result<Page<Activity>, Error> {
        let (page, per_page) = (page.max(1), per_page.max(1));
        let named = (!uuids.is_empty()).then(|| Json::from(uuids).to_string());
        let wanted = "activities WHERE \
                      :named IS NULL OR uuid IN (SELECT value FROM json_each(:named))";
        let counting = rows::select("count(*)", wanted);
        let reading = rows::select("uuid, payload, created_at", wanted)
            + " ORDER BY id DESC LIMIT :limit OFFSET :offset";
        self.readers.read(|connection| {
            let total_entries =
                rows::count(connection, &counting, named_params! {":named": named})?;
            let offset = (i64::from(page) - 1) * i64::from(per_page);
            let values = named_params! {":named": named, ":limit": per_page, ":offset": offset};
            let results = rows::all(connection, &reading, values, rows::to_activity)?;
            Ok(Page { results, total_entries, current_page: page, per_page })
        })
    }

    fn tally(&self) -> WriterStats {
        self.writer.tally()
    }
}
