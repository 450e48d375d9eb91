//! The store on one SQLite file.

use crate::store::contract::{Counts, Store};
use crate::store::error::Error;
use crate::store::execution::{Execution, ExecutionId, ExecutionPage, ExecutionQuery, Step};
use crate::store::record::{Record, RecordId};
use crate::store::record_query::{RecordPage, RecordQuery};
use crate::store::sqlite::connection::{self, explain};
use crate::store::sqlite::row::{self, micros};
use crate::store::sqlite::writer::Writer;
use crate::store::sqlite::{query, schema};
use crate::store::write::Write;
use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params_from_iter};
use serde_json::Value as Json;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// How many idle readers are kept.
const READERS_MAX: usize = 8;

/// A database in one file, for one machine; several processes may share it.
#[derive(Debug)]
pub struct Sqlite {
    path: PathBuf,
    writer: Writer,
    readers: Mutex<Vec<Connection>>,
    ids: Mutex<Range<RecordId>>,
}

impl Sqlite {
    /// Opens or makes the file, and brings its tables up to date.
    ///
    /// # Errors
    /// [`Error`] when it cannot be opened, is no database, or is from a newer version.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let mut writing = connection::writing(path)?;
        schema::apply(&mut writing)?;
        Ok(Self {
            path: path.to_owned(),
            writer: Writer::start(writing)?,
            readers: Mutex::new(Vec::new()),
            ids: Mutex::new(0..0),
        })
    }

    /// Runs `work` on a reader; a reader that failed is not used again.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let idle = self.readers.lock().expect("no holder of the readers panics").pop();
        let reader = match idle {
            Some(reader) => reader,
            None => connection::reading(&self.path)?,
        };
        let result = work(&reader).map_err(|e| explain(&e))?;
        let mut readers = self.readers.lock().expect("no holder of the readers panics");
        if readers.len() < READERS_MAX {
            readers.push(reader);
        }
        Ok(result)
    }

    fn one<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Error> {
        self.read(|reader| reader.prepare_cached(sql)?.query_row(values, read).optional())
    }

    fn all<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Error> {
        self.read(|reader| reader.prepare_cached(sql)?.query_map(values, read)?.collect())
    }
}

impl Store for Sqlite {
    fn commit(&self, writes: Vec<Write>) -> Result<(), Error> {
        if writes.is_empty() { Ok(()) } else { self.writer.commit(writes) }
    }

    fn next_record_id(&self) -> Result<RecordId, Error> {
        let mut ids = self.ids.lock().expect("no holder of the ids panics");
        if ids.is_empty() {
            let (first, count) = self.writer.reserve_ids()?;
            *ids = first..first + count;
        }
        ids.next().ok_or_else(|| Error::Broken("no ids were reserved".to_owned()))
    }

    fn record(&self, id: RecordId) -> Result<Option<Record>, Error> {
        let sql = format!("SELECT {} FROM records WHERE id = ?1", row::RECORD);
        self.one(&sql, [id], row::record)
    }

    fn records(&self, query: &RecordQuery) -> Result<RecordPage, Error> {
        let condition = query::condition(query);
        let select = format!("SELECT {} FROM records WHERE {}", row::RECORD, condition.sql);
        let Some(order) = query::order(query).filter(|_| condition.exact) else {
            let candidates = self.all(&select, params_from_iter(condition.values), row::record)?;
            let matching = candidates.into_iter().filter(|record| query.matches(record)).collect();
            return Ok(query.paginate(matching));
        };
        let count = format!("SELECT count(*) FROM records WHERE {}", condition.sql);
        let total = self.one(&count, params_from_iter(&condition.values), count_in)?;
        let sql = format!("{select} ORDER BY {order} LIMIT ? OFFSET ?");
        let mut values = condition.values;
        values.push(Value::Integer(i64::from(query.per_page)));
        values.push(Value::Integer(i64::try_from(query.offset()).unwrap_or(i64::MAX)));
        Ok(RecordPage {
            results: self.all(&sql, params_from_iter(values), row::record)?,
            total_entries: total.unwrap_or_default(),
            page: query.page.max(1),
            per_page: query.per_page,
        })
    }

    fn execution(&self, id: &ExecutionId) -> Result<Option<Execution>, Error> {
        let sql = format!("SELECT {} FROM executions WHERE id = ?1", row::EXECUTION);
        self.one(&sql, [id.as_str()], row::execution)
    }

    fn execution_by_key(&self, kind: &str, key: &str) -> Result<Option<Execution>, Error> {
        let sql = format!(
            "SELECT {} FROM executions WHERE kind = ?1 AND idempotency_key = ?2",
            row::EXECUTION
        );
        self.one(&sql, [kind, key], row::execution)
    }

    fn executions(&self, query: &ExecutionQuery) -> Result<ExecutionPage, Error> {
        let (condition, values) = execution_condition(query);
        let count = format!("SELECT count(*) FROM executions WHERE {condition}");
        let total = self.one(&count, params_from_iter(&values), count_in)?;
        let order = if query.oldest_first { "id" } else { "id DESC" };
        let per_page = query.per_page.clamp(1, 1000);
        let offset = (query.page.max(1) - 1).saturating_mul(per_page);
        let sql = format!(
            "SELECT {} FROM executions WHERE {condition} ORDER BY {order} LIMIT {per_page} OFFSET {offset}",
            row::EXECUTION
        );
        let results = self.all(&sql, params_from_iter(values), row::execution)?;
        Ok(ExecutionPage { results, total_entries: total.unwrap_or_default() })
    }

    fn steps(&self, id: &ExecutionId) -> Result<Vec<Step>, Error> {
        let sql = format!("SELECT {} FROM steps WHERE execution_id = ?1 ORDER BY seq", row::STEP);
        self.all(&sql, [id.as_str()], row::step)
    }

    fn constants(&self) -> Result<Vec<(String, String)>, Error> {
        let sql = "SELECT name, sealed FROM constants ORDER BY name";
        self.all(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    fn session(&self, hash: &str, now: Timestamp) -> Result<Option<Json>, Error> {
        let sql = "SELECT data FROM sessions WHERE hash = ?1 AND expires_at > ?2";
        let values = rusqlite::params![hash, micros(now)];
        let text: Option<String> = self.one(sql, values, |row| row.get(0))?;
        text.map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|e| Error::Broken(format!("a session is not JSON: {e}")))
    }

    fn counts(&self) -> Counts {
        self.writer.counts()
    }
}

/// SQLite counts in signed numbers.
fn count_in(row: &Row<'_>) -> rusqlite::Result<u64> {
    row.get::<_, i64>(0).map(i64::unsigned_abs)
}

fn execution_condition(query: &ExecutionQuery) -> (String, Vec<Value>) {
    let mut parts = vec!["1".to_owned()];
    let mut values = Vec::new();
    if !query.states.is_empty() {
        let names: Vec<_> = query.states.iter().map(|s| format!("'{}'", s.name())).collect();
        parts.push(format!("state IN ({})", names.join(", ")));
        // Said in the words of the partial index, so that it is used.
        if query.states.iter().all(|state| !state.is_final()) {
            parts.push("state NOT IN ('completed', 'discarded')".to_owned());
        }
    }
    for (column, wanted) in [("kind", &query.kind), ("name", &query.name)] {
        if let Some(wanted) = wanted {
            parts.push(format!("{column} = ?"));
            values.push(Value::Text(wanted.clone()));
        }
    }
    if let Some(now) = query.due_at {
        parts.push("run_at <= ? AND (lease_until IS NULL OR lease_until <= ?)".to_owned());
        values.extend([Value::Integer(micros(now)), Value::Integer(micros(now))]);
    }
    (parts.join(" AND "), values)
}
