//! `related_record` and `related_records`: from one record to those of another table.

use super::backend::ResolverError;
use super::call::FieldCall;
use super::{filter, record};
use serde_json::Value as Json;
use sluicegate_store::query::{Filter, Op, RecordQuery, Subject};

type Answer = Result<Json, ResolverError>;

/// The maximum number of related records per record.
const LIMIT_MAX: u32 = 10_000;

/// Returns the first record in the requested order.
pub(super) fn one(call: &FieldCall<'_>) -> Answer {
    let found = find(call, 1)?;
    Ok(found.into_iter().next().unwrap_or_default())
}

/// Returns up to `limit` records, 100 by default.
pub(super) fn many(call: &FieldCall<'_>) -> Answer {
    let limit = call.arg("limit").and_then(Json::as_i64).unwrap_or(100);
    let limit = u32::try_from(limit).ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
    let limit = limit.ok_or_else(|| {
        ResolverError::new("invalid", format!("`limit` has to be from 1 to {LIMIT_MAX}"))
    })?;
    find(call, limit).map(Json::Array)
}

fn find(call: &FieldCall<'_>, limit: u32) -> Result<Vec<Json>, ResolverError> {
    let Some(own) = own_value(call) else { return Ok(Vec::new()) };
    call.shared.take_related()?;
    let mut query = RecordQuery { per_page: limit, count_up_to: 0, ..RecordQuery::default() };
    let tables = call.texts("table").unwrap_or_default();
    match tables.as_slice() {
        [table] => query.table = Some(table.clone()),
        tables => {
            let tables = tables.iter().cloned().map(Json::from).collect();
            query.filters.push(Filter::on(Subject::Table, Op::In(tables)));
        }
    }
    filter::read(call.table_index(), call.arg("filter"), &mut query)?;
    query.sort = filter::sort(call.table_index(), query.table.as_deref(), call.arg("sort"))?;
    join(call, &mut query, own)?;
    let page = call.backend().records(&query)?;
    Ok(page.results.into_iter().map(|row| record::json(call.table_index(), row)).collect())
}

/// Returns the parent's value of `join_on_property`, its id by default.
fn own_value<'a>(call: &FieldCall<'a>) -> Option<&'a Json> {
    let name = call.non_blank("join_on_property").unwrap_or("id");
    let property = call.of_parent("properties").and_then(|all| all.get(name));
    let is_attribute = matches!(name, "id" | "user_id" | "external_id");
    let property = property.filter(|value| !value.is_null());
    match name {
        "id" => call.of_parent("id"),
        _ => property.or_else(|| if is_attribute { call.of_parent(name) } else { None }),
    }
}

/// Joins on `foreign_property`, the id by default.
fn join(call: &FieldCall<'_>, query: &mut RecordQuery, own: &Json) -> Result<(), ResolverError> {
    let name = call.non_blank("foreign_property").unwrap_or("id");
    let values = own.as_array().cloned().unwrap_or_else(|| vec![own.clone()]);
    if name == "id" {
        let text = |value: &Json| value.as_str().map_or(value.to_string(), str::to_owned);
        let ids = values.iter().filter_map(|value| record::id(&text(value))).collect();
        filter::restrict_to(query, ids);
        return Ok(());
    }
    let table = query.table.as_deref();
    filter::refuse_secret(call.table_index(), table, name)?;
    // `external_id` and `user_id` are attributes, unless the table declares a property of that
    // name.
    let declares = table.is_none_or(|table| call.table_index().declares(table, name));
    let subject = match name {
        "external_id" if !declares => Subject::ExternalId,
        "user_id" if !declares => Subject::UserId,
        _ => Subject::Property(name.to_owned()),
    };
    query.filters.push(Filter::on(subject, Op::In(values)));
    Ok(())
}
