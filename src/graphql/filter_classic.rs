//! Converts the 2019 filters (`customizations(name:, properties: …)`) to a record query.

use super::backend::ResolverError;
use super::call::FieldCall;
use super::filter;
use super::record;
use serde_json::Value as Json;
use sluicegate_store::query::{Deleted, Filter, Op, RecordQuery, Sort, Subject};

/// Converts the arguments of `customizations` to a query.
pub(super) fn read(call: &FieldCall<'_>) -> Result<RecordQuery, ResolverError> {
    let mut query =
        RecordQuery { table: call.text("name").map(str::to_owned), ..RecordQuery::default() };
    if let Some(id) = call.text("id") {
        filter::restrict_to(&mut query, record::id(id).into_iter().collect());
    }
    if let Some(ids) = call.texts("ids") {
        filter::restrict_to(&mut query, ids.iter().filter_map(|id| record::id(id)).collect());
    }
    if let Some(names) = call.texts("names") {
        let names = names.into_iter().map(Json::from).collect();
        query.filters.push(Filter::on(Subject::Table, Op::In(names)));
    }
    for (argument, subject) in [("user_id", Subject::UserId), ("external_id", Subject::ExternalId)]
    {
        if let Some(value) = call.arg(argument) {
            query.filters.push(Filter::on(subject, Op::Equals(value.clone())));
        }
    }
    for (argument, subject) in
        [("created_at", Subject::CreatedAt), ("updated_at", Subject::UpdatedAt)]
    {
        if let Some(range) = call.arg(argument).and_then(filter::range) {
            query.filters.push(Filter::on(subject, Op::Range(range)));
        }
    }
    query.deleted = match call.arg("is_deleted").and_then(Json::as_bool) {
        Some(true) => Deleted::Only,
        _ => Deleted::Exclude,
    };
    properties(call, &mut query)?;
    filter::refuse_many(&query)?;
    query.sort = sort(call, query.table.as_deref())?;
    Ok(query)
}

fn properties(call: &FieldCall<'_>, query: &mut RecordQuery) -> Result<(), ResolverError> {
    for entry in call.arg("properties").and_then(Json::as_array).into_iter().flatten() {
        let name = entry.get("name").and_then(Json::as_str).unwrap_or_default();
        if name.trim().is_empty() {
            continue;
        }
        let found = filter::conditions(&Subject::Property(name.to_owned()), Some(entry));
        if !found.is_empty() {
            filter::refuse_secret(call.table_index(), query.table.as_deref(), name)?;
        }
        let exclude = entry.get("exclude").and_then(Json::as_bool) == Some(true);
        let found = found.into_iter().map(|f| if exclude { f.negated() } else { f });
        query.filters.extend(found);
    }
    Ok(())
}

fn sort(call: &FieldCall<'_>, table: Option<&str>) -> Result<Vec<Sort>, ResolverError> {
    let mut sorts = Vec::new();
    for key in call.arg("sort").and_then(Json::as_array).into_iter().flatten() {
        let name = key.get("name").and_then(Json::as_str).unwrap_or_default();
        let by = match name {
            "" => continue,
            "id" => Subject::Id,
            "created_at" => Subject::CreatedAt,
            "updated_at" => Subject::UpdatedAt,
            "deleted_at" => Subject::DeletedAt,
            "external_id" => Subject::ExternalId,
            property => {
                let property = property.strip_prefix("properties.").unwrap_or(property);
                filter::refuse_secret(call.table_index(), table, property)?;
                Subject::Property(property.to_owned())
            }
        };
        let order = key.get("order").and_then(Json::as_str).unwrap_or("asc");
        sorts.push(Sort { by, descending: order.trim().eq_ignore_ascii_case("desc") });
    }
    filter::refuse_many_keys(&sorts)?;
    Ok(sorts)
}
