//! Writes of records.

use super::dialect::PostgresDialect;
use super::statement::{execute, one};
use crate::error::Error;
use crate::record::{Record, RecordId, RecordUpdate};
use crate::sql::dialect::Dialect as _;
use crate::sql::json::to_json;
use crate::sql::row;
use crate::sql::statement::Statement;
use crate::sql::value::{Value, values};
use crate::text;
use crate::timestamp::to_micros;
use deadpool_postgres::ClientWrapper;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

pub async fn insert(client: &ClientWrapper, record: &Record) -> Result<(), Error> {
    let sql = "INSERT INTO records (id, table_name, properties, user_id, external_id, created_at, \
               updated_at, deleted_at, gateway_id_text, external_id_text) \
               VALUES (?1, ?2, ?3::text::json, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let values = values![
        record.id,
        &record.table,
        properties(&record.properties)?,
        record.user_id.as_deref(),
        record.external_id.as_deref(),
        to_micros(record.created_at),
        to_micros(record.updated_at),
        record.deleted_at.map(to_micros),
        indexed(&record.properties, "gateway_id"),
        indexed(&record.properties, "external_id"),
    ];
    execute(client, &Statement::new::<PostgresDialect>(sql, values)).await.map(drop)
}

/// Reads, changes and writes under a lock of the row, so that changes of two callers to different
/// properties both stay, whatever process they are in.
pub async fn update(client: &ClientWrapper, update: &RecordUpdate) -> Result<(), Error> {
    let columns = PostgresDialect::RECORD_COLUMNS;
    let locked = format!("SELECT {columns} FROM records WHERE id = ?1 FOR UPDATE");
    let locked = Statement::new::<PostgresDialect>(locked, values![update.id]);
    let current = one(client, &locked, row::record).await?;
    let mut record = current.ok_or_else(|| Record::gone(update.id))?;
    record.apply(update)?;
    let sql = "UPDATE records SET properties = ?2::text::json, user_id = ?3, external_id = ?4, \
               updated_at = ?5, gateway_id_text = ?6, external_id_text = ?7 WHERE id = ?1";
    let values = values![
        record.id,
        properties(&record.properties)?,
        record.user_id.as_deref(),
        record.external_id.as_deref(),
        to_micros(record.updated_at),
        indexed(&record.properties, "gateway_id"),
        indexed(&record.properties, "external_id"),
    ];
    execute(client, &Statement::new::<PostgresDialect>(sql, values)).await.map(drop)
}

pub async fn delete(client: &ClientWrapper, id: RecordId, at: Timestamp) -> Result<(), Error> {
    let sql = "UPDATE records SET deleted_at = coalesce(deleted_at, ?2) WHERE id = ?1";
    let statement = Statement::new::<PostgresDialect>(sql, values![id, to_micros(at)]);
    match execute(client, &statement).await? {
        0 => Err(Record::gone(id)),
        _ => Ok(()),
    }
}

/// The text of a property that has a column with an index.
fn indexed<'a>(properties: &'a Map<String, Json>, name: &str) -> Value<'a> {
    properties.get(name).and_then(text::of).into()
}

/// PostgreSQL stores no NUL in a string, and one row with one would fail every query that reads it.
fn properties(properties: &Map<String, Json>) -> Result<String, Error> {
    let has_nul = |(name, value): (&String, &Json)| name.contains('\0') || text::has_nul(value);
    if properties.iter().any(has_nul) {
        return Err(Error::Refused("a property contains a NUL character".into()));
    }
    to_json(properties)
}
