//! Rows of the file as the store's own types, and back.

use super::fault;
use crate::document::Document;
use crate::error::Error;
use crate::execution::{Execution, ExecutionId, State, Step};
use crate::record::{Record, RecordId};
use crate::state::{Activity, Constant, Session};
use crate::timestamp::from_micros;
use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::borrow::Cow;

/// The columns that [`to_record`] reads.
pub const RECORD: &str =
    "id, table_name, properties, user_id, external_id, created_at, updated_at, deleted_at";
/// The columns that [`to_execution`] reads.
pub const EXECUTION: &str = "id, kind, name, input, idempotency_key, fingerprint, state, attempt, \
    run_at, lease_until, outcome, error, ordering_key, created_at, finished_at";
/// The columns that [`to_step`] reads.
pub const STEP: &str = "execution_id, seq, kind, request, fingerprint, response, template_hash, \
    created_at, answered_at";

/// Room for an answer of Stripe's, so that it is not moved as it grows.
const TEXT_BYTES: usize = 8 * 1024;

/// A document as it is stored.
pub fn of_document(document: &Document) -> Result<Cow<'_, str>, Error> {
    document.to_text().map_err(|error| Error::Refused(error.to_string()))
}

/// JSON as it is stored.
pub fn to_text(value: &impl Serialize) -> Result<String, Error> {
    let refused = |error: String| Error::Refused(error);
    // Most are longer than what a text begins with.
    let mut text = Vec::with_capacity(TEXT_BYTES);
    serde_json::to_writer(&mut text, value).map_err(|error| refused(error.to_string()))?;
    String::from_utf8(text).map_err(|error| refused(error.to_string()))
}

/// All rows of a query.
pub fn all<T>(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    to: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Error> {
    let mut statement = connection.prepare_cached(sql).map_err(fault::of)?;
    let rows = statement.query_map(values, to).map_err(fault::of)?;
    rows.collect::<rusqlite::Result<_>>().map_err(fault::of)
}

/// The only row of a query, if there is one.
pub fn one<T>(
    connection: &Connection,
    sql: &str,
    values: impl Params,
    to: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, Error> {
    let mut statement = connection.prepare_cached(sql).map_err(fault::of)?;
    statement.query_row(values, to).optional().map_err(fault::of)
}

/// How many rows there are.
pub fn count(connection: &Connection, sql: &str, values: impl Params) -> Result<u64, Error> {
    let found = one(connection, sql, values, |row| row.get::<_, i64>(0))?;
    Ok(found.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
}

/// A record by its id.
pub fn record(connection: &Connection, id: RecordId) -> Result<Option<Record>, Error> {
    let sql = select(RECORD, "records WHERE id = ?");
    one(connection, &sql, [id], to_record)
}

/// `SELECT columns FROM rest`.
pub fn select(columns: &str, rest: &str) -> String {
    format!("SELECT {columns} FROM {rest}")
}

pub fn to_record(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        id: row.get(0)?,
        table: row.get(1)?,
        properties: json(row, 2)?,
        user_id: row.get(3)?,
        external_id: row.get(4)?,
        created_at: moment(row, 5)?,
        updated_at: moment(row, 6)?,
        deleted_at: maybe_moment(row, 7)?,
    })
}

pub fn to_execution(row: &Row<'_>) -> rusqlite::Result<Execution> {
    let state: String = row.get(6)?;
    let state =
        State::from_name(&state).ok_or_else(|| failed(6, format!("{state:?} is no state")))?;
    Ok(Execution {
        id: ExecutionId(row.get(0)?),
        kind: row.get(1)?,
        name: row.get(2)?,
        input: json::<Json>(row, 3)?.into(),
        idempotency_key: row.get(4)?,
        fingerprint: row.get(5)?,
        state,
        attempt: row.get(7)?,
        run_at: moment(row, 8)?,
        lease_until: maybe_moment(row, 9)?,
        outcome: maybe_json(row, 10)?,
        error: row.get(11)?,
        ordering_key: row.get(12)?,
        created_at: moment(row, 13)?,
        finished_at: maybe_moment(row, 14)?,
    })
}

pub fn to_step(row: &Row<'_>) -> rusqlite::Result<Step> {
    Ok(Step {
        execution_id: ExecutionId(row.get(0)?),
        seq: row.get(1)?,
        kind: row.get(2)?,
        request: json(row, 3)?,
        fingerprint: row.get(4)?,
        response: maybe_json(row, 5)?,
        template_hash: row.get(6)?,
        created_at: moment(row, 7)?,
        answered_at: maybe_moment(row, 8)?,
    })
}

pub fn to_constant(row: &Row<'_>) -> rusqlite::Result<Constant> {
    Ok(Constant { name: row.get(0)?, sealed: row.get(1)?, updated_at: moment(row, 2)? })
}

pub fn to_session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session { id_hash: row.get(0)?, data: json(row, 1)?, expires_at: moment(row, 2)? })
}

pub fn to_activity(row: &Row<'_>) -> rusqlite::Result<Activity> {
    Ok(Activity { uuid: row.get(0)?, payload: json(row, 1)?, created_at: moment(row, 2)? })
}

fn moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(from_micros)
}

fn maybe_moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column).map(|micros| micros.map(from_micros))
}

fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str().map_err(|error| failed(column, error.to_string()))?;
    serde_json::from_str(text).map_err(|error| failed(column, error.to_string()))
}

fn maybe_json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    match row.get_ref(column)? {
        rusqlite::types::ValueRef::Null => Ok(None),
        _ => json(row, column).map(Some),
    }
}

fn failed(column: usize, why: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, why.into())
}
