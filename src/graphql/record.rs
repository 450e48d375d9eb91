//! Converts a record to the shape of the schema; secret properties never leave.

use super::tables::TableIndex;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sluicegate_store::record::{Record, RecordId};

/// Returns a JSON object whose keys are the fields of `Record` and of `Customization`.
pub(super) fn json(table_index: &TableIndex, record: Record) -> Json {
    let mut properties = Json::Object(record.properties);
    table_index.redact(&record.table, &mut properties);
    let mut shown = json!({
        "id": record.id.to_string(),
        "name": record.table,
        "table": record.table,
        "created_at": timestamp(record.created_at),
        "updated_at": timestamp(record.updated_at),
        "deleted_at": record.deleted_at.map(timestamp),
        "user_id": record.user_id,
        "external_id": record.external_id,
    });
    shown["properties"] = properties;
    shown
}

/// Formats a timestamp as the platform does, with milliseconds.
pub(super) fn timestamp(timestamp: Timestamp) -> String {
    format!("{timestamp:.3}")
}

/// Parses a record id.
pub(super) fn id(text: &str) -> Option<RecordId> {
    text.trim().parse().ok()
}
