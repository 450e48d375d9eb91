//! Rows of the database as the store's own types, and back.

use super::fault;
use crate::document::Document;
use crate::error::Error;
use crate::execution::{Execution, ExecutionId, State, Step};
use crate::record::Record;
use crate::state::{Activity, Constant, Session};
use crate::timestamp::from_micros;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::borrow::Cow;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

/// The columns that [`to_record`] reads.
pub const RECORD: &str = "id, table_name, properties::text, user_id, external_id, created_at, updated_at, \
     deleted_at";
/// The columns that [`to_execution`] reads.
pub const EXECUTION: &str = "id, kind, name, input, idempotency_key, fingerprint, state, attempt, \
    run_at, lease_until, outcome, error, ordering_key, created_at, finished_at";
/// The columns that [`to_step`] reads.
pub const STEP: &str = "execution_id, seq, kind, request, fingerprint, response, template_hash, \
    created_at, answered_at";

/// A document as it is stored.
pub fn of_document(document: &Document) -> Result<Cow<'_, str>, Error> {
    document.to_text().map_err(|error| Error::Refused(error.to_string()))
}

/// JSON as it is stored.
pub fn to_text(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Refused(error.to_string()))
}

/// Rows as values.
pub fn all<T>(rows: &[Row], to: impl Fn(&Row) -> Result<T, Error>) -> Result<Vec<T>, Error> {
    rows.iter().map(to).collect()
}

pub fn to_record(row: &Row) -> Result<Record, Error> {
    Ok(Record {
        id: get(row, 0)?,
        table: get(row, 1)?,
        properties: json(row, 2)?,
        user_id: get(row, 3)?,
        external_id: get(row, 4)?,
        created_at: moment(row, 5)?,
        updated_at: moment(row, 6)?,
        deleted_at: maybe_moment(row, 7)?,
    })
}

pub fn to_execution(row: &Row) -> Result<Execution, Error> {
    let state: String = get(row, 6)?;
    let state =
        State::from_name(&state).ok_or_else(|| Error::Broken(format!("{state:?} is no state")))?;
    Ok(Execution {
        id: ExecutionId(get(row, 0)?),
        kind: get(row, 1)?,
        name: get(row, 2)?,
        input: json::<Json>(row, 3)?.into(),
        idempotency_key: get(row, 4)?,
        fingerprint: get(row, 5)?,
        state,
        attempt: small(row, 7)?,
        run_at: moment(row, 8)?,
        lease_until: maybe_moment(row, 9)?,
        outcome: maybe_json(row, 10)?,
        error: get(row, 11)?,
        ordering_key: get(row, 12)?,
        created_at: moment(row, 13)?,
        finished_at: maybe_moment(row, 14)?,
    })
}

pub fn to_step(row: &Row) -> Result<Step, Error> {
    Ok(Step {
        execution_id: ExecutionId(get(row, 0)?),
        seq: small(row, 1)?,
        kind: get(row, 2)?,
        request: json(row, 3)?,
        fingerprint: get(row, 4)?,
        response: maybe_json(row, 5)?,
        template_hash: get(row, 6)?,
        created_at: moment(row, 7)?,
        answered_at: maybe_moment(row, 8)?,
    })
}

pub fn to_constant(row: &Row) -> Result<Constant, Error> {
    Ok(Constant { name: get(row, 0)?, sealed: get(row, 1)?, updated_at: moment(row, 2)? })
}

pub fn to_session(row: &Row) -> Result<Session, Error> {
    Ok(Session { id_hash: get(row, 0)?, data: json(row, 1)?, expires_at: moment(row, 2)? })
}

pub fn to_activity(row: &Row) -> Result<Activity, Error> {
    Ok(Activity { uuid: get(row, 0)?, payload: json(row, 1)?, created_at: moment(row, 2)? })
}

/// A column's value.
pub fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, Error> {
    row.try_get(column).map_err(fault::of)
}

/// A whole number that never is below 0.
pub fn small(row: &Row, column: usize) -> Result<u32, Error> {
    let wide: i64 = get(row, column)?;
    u32::try_from(wide).map_err(|_| Error::Broken(format!("{wide} in column {column}")))
}

fn moment(row: &Row, column: usize) -> Result<Timestamp, Error> {
    get(row, column).map(from_micros)
}

fn maybe_moment(row: &Row, column: usize) -> Result<Option<Timestamp>, Error> {
    get::<Option<i64>>(row, column).map(|micros| micros.map(from_micros))
}

fn json<T: DeserializeOwned>(row: &Row, column: usize) -> Result<T, Error> {
    read(get(row, column)?)
}

fn maybe_json<T: DeserializeOwned>(row: &Row, column: usize) -> Result<Option<T>, Error> {
    get::<Option<&str>>(row, column)?.map(read).transpose()
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Broken(error.to_string()))
}
