//! Writes of records.

use super::rows;
use super::statement::{execute, query_opt};
use crate::error::Error;
use crate::record::{Record, RecordId, RecordUpdate};
use crate::text;
use crate::timestamp::to_micros;
use deadpool_postgres::ClientWrapper;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

pub async fn insert(client: &ClientWrapper, record: &Record) -> Result<(), Error> {
    let sql = "INSERT INTO records (id, table_name, properties, user_id, external_id, created_at, \
               updated_at, deleted_at, gateway_id_text, external_id_text) \
               VALUES ($1, $2, $3::text::json, $4, $5, $6, $7, $8, $9, $10)";
    let properties = properties(&record.properties)?;
    let (gateway_id, external_id) = looked_up(&record.properties);
    let (created, updated) = (to_micros(record.created_at), to_micros(record.updated_at));
    let deleted = record.deleted_at.map(to_micros);
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 10] = [
        &record.id,
        &record.table,
        &properties,
        &record.user_id,
        &record.external_id,
        &created,
        &updated,
        &deleted,
        &gateway_id,
        &external_id,
    ];
    execute(client, sql, &values).await.map(|_| ())
}

/// Reads, changes and writes under a lock of the row, so that changes of two callers to different
/// properties both stay, whatever process they are in.
pub async fn update(client: &ClientWrapper, update: &RecordUpdate) -> Result<(), Error> {
    let sql = format!("SELECT {} FROM records WHERE id = $1 FOR UPDATE", rows::RECORD);
    let found = query_opt(client, &sql, &[&update.id]).await?;
    let mut record = rows::to_record(&found.ok_or_else(|| gone(update.id))?)?;
    record.apply(update)?;
    let sql = "UPDATE records SET properties = $2::text::json, user_id = $3, external_id = $4, \
               updated_at = $5, gateway_id_text = $6, external_id_text = $7 WHERE id = $1";
    let properties = properties(&record.properties)?;
    let (gateway_id, external_id) = looked_up(&record.properties);
    let updated = to_micros(record.updated_at);
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 7] = [
        &record.id,
        &properties,
        &record.user_id,
        &record.external_id,
        &updated,
        &gateway_id,
        &external_id,
    ];
    execute(client, sql, &values).await.map(|_| ())
}

pub async fn delete(client: &ClientWrapper, id: RecordId, at: Timestamp) -> Result<(), Error> {
    let sql = "UPDATE records SET deleted_at = coalesce(deleted_at, $2) WHERE id = $1";
    match execute(client, sql, &[&id, &to_micros(at)]).await? {
        0 => Err(gone(id)),
        _ => Ok(()),
    }
}

/// The text of the two properties that have a column.
fn looked_up(properties: &Map<String, Json>) -> (Option<String>, Option<String>) {
    let of = |name: &str| properties.get(name).and_then(text::of).map(Into::into);
    (of("gateway_id"), of("external_id"))
}

/// PostgreSQL keeps no text with a NUL in it, and one row with one would fail every query that
/// looks at it.
fn properties(properties: &Map<String, Json>) -> Result<String, Error> {
    let has_nul = properties.iter().any(|(name, value)| name.contains('\0') || has_nul(value));
    if has_nul {
        return Err(Error::Refused("a property has a NUL character in it".into()));
    }
    rows::to_text(properties)
}

fn has_nul(value: &Json) -> bool {
    match value {
        Json::String(text) => text.contains('\0'),
        Json::Array(all) => all.iter().any(has_nul),
        Json::Object(map) => map.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        _ => false,
    }
}

fn gone(id: RecordId) -> Error {
    Error::Gone(format!("record {id} does not exist"))
}
