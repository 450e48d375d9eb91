//! Writes of records.

use super::dialect::SqliteDialect;
use super::statement::{execute, one};
use crate::error::Error;
use crate::record::{Record, RecordId, RecordUpdate};
use crate::sql::json::to_json;
use crate::sql::statement::Statement;
use crate::sql::value::values;
use crate::sql::{reads, row};
use crate::timestamp::to_micros;
use jiff::Timestamp;
use rusqlite::Connection;

pub fn insert(connection: &Connection, record: &Record) -> Result<(), Error> {
    let sql = "INSERT INTO records (id, table_name, properties, user_id, external_id, created_at, \
               updated_at, deleted_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let values = values![
        record.id,
        &record.table,
        to_json(&record.properties)?,
        record.user_id.as_deref(),
        record.external_id.as_deref(),
        to_micros(record.created_at),
        to_micros(record.updated_at),
        record.deleted_at.map(to_micros),
    ];
    execute(connection, &Statement::new::<SqliteDialect>(sql, values)).map(drop)
}

/// Reads, changes and writes inside the transaction, so that changes of two callers to different
/// properties both stay.
pub fn update(connection: &Connection, update: &RecordUpdate) -> Result<(), Error> {
    let current = one(connection, &reads::record::<SqliteDialect>(update.id), row::record)?;
    let mut record = current.ok_or_else(|| Record::gone(update.id))?;
    record.apply(update)?;
    let sql = "UPDATE records SET properties = ?2, user_id = ?3, external_id = ?4, \
               updated_at = ?5 WHERE id = ?1";
    let values = values![
        record.id,
        to_json(&record.properties)?,
        record.user_id.as_deref(),
        record.external_id.as_deref(),
        to_micros(record.updated_at),
    ];
    execute(connection, &Statement::new::<SqliteDialect>(sql, values)).map(drop)
}

pub fn delete(connection: &Connection, id: RecordId, at: Timestamp) -> Result<(), Error> {
    let sql = "UPDATE records SET deleted_at = coalesce(deleted_at, ?2) WHERE id = ?1";
    let statement = Statement::new::<SqliteDialect>(sql, values![id, to_micros(at)]);
    match execute(connection, &statement)? {
        0 => Err(Record::gone(id)),
        _ => Ok(()),
    }
}
