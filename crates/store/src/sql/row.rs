//! Rows of a database as the store's own types.

use crate::document::Document;
use crate::error::{Error, Reason};
use crate::execution::{Execution, ExecutionId, State, Step};
use crate::record::Record;
use crate::state::{Activity, Constant, Session};
use crate::timestamp::from_micros;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

/// The columns that [`execution`] reads.
pub const EXECUTION_COLUMNS: &str = "id, kind, name, input, idempotency_key, fingerprint, state, \
    attempt, run_at, lease_until, outcome, error, ordering_key, created_at, finished_at";
/// The columns that [`step`] reads.
pub const STEP_COLUMNS: &str = "execution_id, seq, kind, request, fingerprint, response, \
    template_hash, created_at, answered_at";

/// A row as a driver returns it.
pub trait Row {
    /// The string in a column, or `None` for null.
    ///
    /// # Errors
    /// [`Error::Broken`] when the column has another type.
    fn text(&self, column: usize) -> Result<Option<&str>, Error>;

    /// The integer in a column, or `None` for null.
    ///
    /// # Errors
    /// [`Error::Broken`] when the column has another type.
    fn integer(&self, column: usize) -> Result<Option<i64>, Error>;
}

/// A record, from the columns of [`super::dialect::Dialect::RECORD_COLUMNS`].
pub fn record(row: &dyn Row) -> Result<Record, Error> {
    Ok(Record {
        id: integer(row, 0)?,
        table: string(row, 1)?,
        properties: json(row, 2)?,
        user_id: maybe_string(row, 3)?,
        external_id: maybe_string(row, 4)?,
        created_at: timestamp(row, 5)?,
        updated_at: timestamp(row, 6)?,
        deleted_at: maybe_timestamp(row, 7)?,
    })
}

/// An execution, from [`EXECUTION_COLUMNS`].
pub fn execution(row: &dyn Row) -> Result<Execution, Error> {
    let state = text(row, 6)?;
    let state = State::from_name(state)
        .ok_or_else(|| Error::Broken(format!("unknown execution state {state:?}").into()))?;
    Ok(Execution {
        id: ExecutionId(string(row, 0)?),
        kind: string(row, 1)?,
        name: string(row, 2)?,
        input: json::<Json>(row, 3)?.into(),
        idempotency_key: maybe_string(row, 4)?,
        fingerprint: string(row, 5)?,
        state,
        attempt: unsigned(row, 7)?,
        run_at: timestamp(row, 8)?,
        lease_until: maybe_timestamp(row, 9)?,
        outcome: maybe_json::<Json>(row, 10)?.map(Document::from),
        error: maybe_string(row, 11)?,
        ordering_key: maybe_string(row, 12)?,
        created_at: timestamp(row, 13)?,
        finished_at: maybe_timestamp(row, 14)?,
    })
}

/// A step, from [`STEP_COLUMNS`].
pub fn step(row: &dyn Row) -> Result<Step, Error> {
    Ok(Step {
        execution_id: ExecutionId(string(row, 0)?),
        seq: unsigned(row, 1)?,
        kind: string(row, 2)?,
        request: json::<Json>(row, 3)?.into(),
        fingerprint: string(row, 4)?,
        response: maybe_json::<Json>(row, 5)?.map(Document::from),
        template_hash: maybe_string(row, 6)?,
        created_at: timestamp(row, 7)?,
        answered_at: maybe_timestamp(row, 8)?,
    })
}

/// A constant, from `name, sealed, updated_at`.
pub fn constant(row: &dyn Row) -> Result<Constant, Error> {
    Ok(Constant { name: string(row, 0)?, sealed: string(row, 1)?, updated_at: timestamp(row, 2)? })
}

/// A session, from `id_hash, data, user_id, expires_at`.
pub fn session(row: &dyn Row) -> Result<Session, Error> {
    Ok(Session {
        id_hash: string(row, 0)?,
        data: json(row, 1)?,
        user_id: maybe_string(row, 2)?,
        expires_at: timestamp(row, 3)?,
    })
}

/// An activity, from `uuid, payload, created_at`.
pub fn activity(row: &dyn Row) -> Result<Activity, Error> {
    Ok(Activity { uuid: string(row, 0)?, payload: json(row, 1)?, created_at: timestamp(row, 2)? })
}

/// The integer in the first column.
pub fn first_integer(row: &dyn Row) -> Result<i64, Error> {
    integer(row, 0)
}

/// The integer in the first column, if it is not null.
pub fn maybe_first_integer(row: &dyn Row) -> Result<Option<i64>, Error> {
    row.integer(0)
}

/// The string in the first column.
pub fn first_string(row: &dyn Row) -> Result<String, Error> {
    string(row, 0)
}

/// A non-negative integer.
pub fn unsigned(row: &dyn Row, column: usize) -> Result<u32, Error> {
    let wide = integer(row, column)?;
    u32::try_from(wide).map_err(|_| Error::Broken(format!("{wide} in column {column}").into()))
}

/// A string.
pub fn string(row: &dyn Row, column: usize) -> Result<String, Error> {
    text(row, column).map(str::to_owned)
}

fn text(row: &dyn Row, column: usize) -> Result<&str, Error> {
    row.text(column)?.ok_or_else(|| null(column))
}

fn integer(row: &dyn Row, column: usize) -> Result<i64, Error> {
    row.integer(column)?.ok_or_else(|| null(column))
}

fn maybe_string(row: &dyn Row, column: usize) -> Result<Option<String>, Error> {
    Ok(row.text(column)?.map(str::to_owned))
}

fn timestamp(row: &dyn Row, column: usize) -> Result<Timestamp, Error> {
    integer(row, column).map(from_micros)
}

fn maybe_timestamp(row: &dyn Row, column: usize) -> Result<Option<Timestamp>, Error> {
    Ok(row.integer(column)?.map(from_micros))
}

fn json<T: DeserializeOwned>(row: &dyn Row, column: usize) -> Result<T, Error> {
    parse(text(row, column)?)
}

fn maybe_json<T: DeserializeOwned>(row: &dyn Row, column: usize) -> Result<Option<T>, Error> {
    row.text(column)?.map(parse).transpose()
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Broken(Reason::of(error)))
}

fn null(column: usize) -> Error {
    Error::Broken(format!("unexpected null in column {column}").into())
}
