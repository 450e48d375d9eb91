//! Rows to values and back: times as Unix microseconds, JSON as text.

use crate::store::execution::{Execution, ExecutionId, Step};
use crate::store::record::Record;
use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Error, Row};
use serde_json::Value as Json;

/// The columns of a record in the order [`record`] reads them.
pub const RECORD: &str =
    "id, table_name, properties, user_id, external_id, created_at, updated_at, deleted_at";
/// The columns of an execution in the order [`execution`] reads them.
pub const EXECUTION: &str = "id, kind, name, input, idempotency_key, fingerprint, state, attempt, \
     run_at, lease_until, outcome, error, ordering_key, created_at, finished_at";
/// The columns of a step in the order [`step`] reads them.
pub const STEP: &str = "execution_id, seq, kind, request, response, template_hash, created_at";

/// A time as stored.
pub fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// Reads a record.
///
/// # Errors
/// When a column does not hold what it should.
pub fn record(row: &Row<'_>) -> Result<Record, Error> {
    let properties = match json(row, 2)? {
        Some(Json::Object(map)) => map,
        _ => return Err(unreadable(2, "properties are not an object")),
    };
    Ok(Record {
        id: row.get(0)?,
        table: row.get(1)?,
        properties,
        user_id: row.get(3)?,
        external_id: row.get(4)?,
        created_at: time(row, 5)?,
        updated_at: time(row, 6)?,
        deleted_at: optional_time(row, 7)?,
    })
}

/// Reads an execution.
///
/// # Errors
/// When a column does not hold what it should.
pub fn execution(row: &Row<'_>) -> Result<Execution, Error> {
    let state: String = row.get(6)?;
    Ok(Execution {
        id: ExecutionId::new(row.get::<_, String>(0)?),
        kind: row.get(1)?,
        name: row.get(2)?,
        input: json(row, 3)?.unwrap_or_default(),
        idempotency_key: row.get(4)?,
        fingerprint: row.get(5)?,
        state: state.parse().map_err(|e: String| unreadable(6, &e))?,
        attempt: row.get(7)?,
        run_at: time(row, 8)?,
        lease_until: optional_time(row, 9)?,
        outcome: json(row, 10)?,
        error: row.get(11)?,
        ordering_key: row.get(12)?,
        created_at: time(row, 13)?,
        finished_at: optional_time(row, 14)?,
    })
}

/// Reads a step.
///
/// # Errors
/// When a column does not hold what it should.
pub fn step(row: &Row<'_>) -> Result<Step, Error> {
    Ok(Step {
        execution_id: ExecutionId::new(row.get::<_, String>(0)?),
        seq: row.get(1)?,
        kind: row.get(2)?,
        request: json(row, 3)?.unwrap_or_default(),
        response: json(row, 4)?,
        template_hash: row.get(5)?,
        created_at: time(row, 6)?,
    })
}

fn json(row: &Row<'_>, column: usize) -> Result<Option<Json>, Error> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|e| unreadable(column, &e.to_string()))
}

fn time(row: &Row<'_>, column: usize) -> Result<Timestamp, Error> {
    let micros = row.get(column)?;
    Timestamp::from_microsecond(micros).map_err(|e| unreadable(column, &e.to_string()))
}

fn optional_time(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>, Error> {
    match row.get::<_, Option<i64>>(column)? {
        None => Ok(None),
        Some(_) => time(row, column).map(Some),
    }
}

fn unreadable(column: usize, why: &str) -> Error {
    Error::FromSqlConversionFailure(column, Type::Text, why.to_owned().into())
}
