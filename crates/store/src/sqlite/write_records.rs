//! Writes of records, and the counter of their ids.

use super::{fault, rows};
use crate::error::Error;
use crate::record::{Record, RecordId, RecordUpdate};
use crate::timestamp::to_micros;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use std::ops::Range;

pub fn insert(connection: &Connection, record: &Record) -> Result<(), Error> {
    let sql = "INSERT INTO records (id, table_name, properties, user_id, external_id, created_at, \
               updated_at, deleted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let mut statement = connection.prepare_cached(sql).map_err(fault::of)?;
    let values = params![
        record.id,
        record.table,
        rows::to_text(&record.properties)?,
        record.user_id,
        record.external_id,
        to_micros(record.created_at),
        to_micros(record.updated_at),
        record.deleted_at.map(to_micros),
    ];
    statement.execute(values).map(|_| ()).map_err(fault::of)
}

/// Reads, changes and writes inside the transaction, so that changes of two callers to different
/// properties both stay.
pub fn update(connection: &Connection, update: &RecordUpdate) -> Result<(), Error> {
    let mut record = rows::record(connection, update.id)?.ok_or_else(|| gone(update.id))?;
    record.apply(update)?;
    let sql = "UPDATE records SET properties = ?2, user_id = ?3, external_id = ?4, \
               updated_at = ?5 WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(fault::of)?;
    let values = params![
        record.id,
        rows::to_text(&record.properties)?,
        record.user_id,
        record.external_id,
        to_micros(record.updated_at),
    ];
    statement.execute(values).map(|_| ()).map_err(fault::of)
}

pub fn delete(connection: &Connection, id: RecordId, at: Timestamp) -> Result<(), Error> {
    let sql = "UPDATE records SET deleted_at = coalesce(deleted_at, ?2) WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(fault::of)?;
    match statement.execute(params![id, to_micros(at)]).map_err(fault::of)? {
        0 => Err(gone(id)),
        _ => Ok(()),
    }
}

/// The first id of a block that is free for ever, also past ids that came in from outside.
pub fn reserve_ids(connection: &Connection, count: i64) -> Result<RecordId, Error> {
    let sql = "UPDATE counters SET next = ?1 + \
               max(next, (SELECT coalesce(max(id), 0) + 1 FROM records)) \
               WHERE name = 'record' RETURNING next";
    let mut statement = connection.prepare_cached(sql).map_err(fault::of)?;
    let end: RecordId = statement.query_row([count], |row| row.get(0)).map_err(fault::of)?;
    Ok(end - count)
}

pub fn return_ids(connection: &Connection, free: &Range<RecordId>) -> Result<(), Error> {
    let sql = "UPDATE counters SET next = ?1 WHERE name = 'record' AND next = ?2";
    connection.execute(sql, [free.start, free.end]).map(|_| ()).map_err(fault::of)
}

fn gone(id: RecordId) -> Error {
    Error::Gone(format!("record {id} does not exist"))
}
