//! Record mutations of both vocabularies.

use super::backend::{NewRecord, RecordChange, ResolverError};
use super::call::FieldCall;
use super::{filter, record};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sluicegate_store::query::RecordQuery;
use sluicegate_store::record::{Change, RecordId};
use sluicegate_store::timestamp;

type Answer = Result<Json, ResolverError>;

/// Resolves `record_create(record:, form_name:)`.
pub(super) fn record_create(call: &FieldCall<'_>) -> Answer {
    create(call, "record", "table", "form_name")
}

/// Resolves `customization_create(customization:, form_configuration_name:)`.
pub(super) fn customization_create(call: &FieldCall<'_>) -> Answer {
    create(call, "customization", "custom_model_type_name", "form_configuration_name")
}

/// Resolves `record_update(id:, record:, form_name:)`.
pub(super) fn record_update(call: &FieldCall<'_>) -> Answer {
    update(call, "record", "table", "form_name")
}

/// Resolves `customization_update(id:, customization:, form_configuration_name:)`.
pub(super) fn customization_update(call: &FieldCall<'_>) -> Answer {
    update(call, "customization", "custom_model_type_name", "form_configuration_name")
}

/// Resolves `record_delete(id:, table:, form_name:)`.
pub(super) fn record_delete(call: &FieldCall<'_>) -> Answer {
    delete(call, "form_name")
}

/// Resolves `customization_delete(id:, form_configuration_name:)`.
pub(super) fn customization_delete(call: &FieldCall<'_>) -> Answer {
    delete(call, "form_configuration_name")
}

/// Resolves `records_delete_all(table:, filter:)`.
pub(super) fn records_delete_all(call: &FieldCall<'_>) -> Answer {
    let mut query = RecordQuery::table(call.required("table"));
    filter::read(call.table_index(), call.arg("filter"), &mut query)?;
    // A filter with only null values sets no condition; it must not match everything.
    if query.ids.is_none() && query.filters.is_empty() && query.or.is_empty() {
        let message = "`records_delete_all` needs a filter with a condition";
        return Err(ResolverError::new("invalid", message));
    }
    let count = call.backend().records_delete_all(&query)?;
    Ok(json!({ "count": count }))
}

fn create(call: &FieldCall<'_>, input: &str, table: &str, form: &str) -> Answer {
    let input = call.json(input);
    let form = call.non_blank(form);
    let new = NewRecord {
        table: non_blank(&input, table),
        id: non_blank(&input, "id").map(|id| number(&id)).transpose()?,
        user_id: non_blank(&input, "user_id"),
        external_id: non_blank(&input, "external_id"),
        created_at: non_blank(&input, "created_at")
            .map(|text| parse_timestamp(&text))
            .transpose()?,
        properties: changes(&input)?,
    };
    if new.table.is_none() && form.is_none() {
        return Err(ResolverError::new("invalid", "neither a table nor a form is named"));
    }
    let record = call.backend().record_create(new, form)?;
    Ok(record::json(call.table_index(), record))
}

fn update(call: &FieldCall<'_>, input: &str, table: &str, form: &str) -> Answer {
    let id = number(call.required("id"))?;
    let input = call.json(input);
    let change = RecordChange {
        table: non_blank(&input, table),
        user_id: non_blank(&input, "user_id"),
        external_id: non_blank(&input, "external_id"),
        properties: changes(&input)?,
    };
    let record = call.backend().record_update(id, change, call.non_blank(form))?;
    Ok(record::json(call.table_index(), record))
}

fn delete(call: &FieldCall<'_>, form: &str) -> Answer {
    let id = number(call.required("id"))?;
    let record = call.backend().record_delete(id, call.non_blank("table"), call.non_blank(form))?;
    Ok(record::json(call.table_index(), record))
}

fn number(id: &str) -> Result<RecordId, ResolverError> {
    let unknown = || ResolverError::new("not_found", format!("there is no record `{id}`"));
    record::id(id).ok_or_else(unknown)
}

fn parse_timestamp(text: &str) -> Result<Timestamp, ResolverError> {
    let wrong = || ResolverError::new("invalid", format!("`{text}` is not a timestamp"));
    timestamp::read(&json!(text)).ok_or_else(wrong)
}

/// Returns a string that is not blank.
fn non_blank(input: &Json, key: &str) -> Option<String> {
    let text = input.get(key)?.as_str()?;
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// Returns the changed properties; null is ignored, so that an unset variable overwrites nothing.
fn changes(input: &Json) -> Result<Vec<(String, Change)>, ResolverError> {
    let mut changes = Vec::new();
    for entry in input.get("properties").and_then(Json::as_array).into_iter().flatten() {
        let name = entry.get("name").and_then(Json::as_str).unwrap_or_default();
        if name.trim().is_empty() {
            continue;
        }
        let pairs = entry.as_object().into_iter().flatten();
        for (kind, value) in pairs.filter(|(_, value)| !value.is_null()) {
            if let Some(change) = change(kind, value)? {
                changes.push((name.to_owned(), change));
            }
        }
    }
    Ok(changes)
}

fn change(kind: &str, value: &Json) -> Result<Option<Change>, ResolverError> {
    let by = || value.as_i64().unwrap_or_default();
    Ok(Some(match kind {
        "array_append" => Change::Append(value.clone()),
        "array_remove" => Change::Remove(value.clone()),
        "increment" => Change::Increment(by()),
        "decrement" => {
            let less = by().checked_neg();
            Change::Increment(
                less.ok_or_else(|| ResolverError::new("invalid", "`decrement` is too large"))?,
            )
        }
        _ if kind.starts_with("value") => Change::Set(value.clone()),
        _ => return Ok(None),
    }))
}
