//! Converts the modern filter language (`filter:`, `sort:`) to a record query.

use super::backend::ResolverError;
use super::record;
use super::tables::TableIndex;
use serde_json::{Map, Value as Json};
use sluicegate_store::query::{Deleted, Filter, Op, Range, RecordQuery, Sort, Subject};
use sluicegate_store::record::RecordId;

/// The maximum number of conditions of a filter, its groups of `or` among them.
const CONDITIONS_MAX: usize = 200;
/// The maximum number of values that its conditions compare with.
const VALUES_MAX: usize = 5_000;
/// The maximum number of keys by which records are sorted.
const SORT_KEYS_MAX: usize = 20;

/// Adds a `RecordsFilter` to a query; null parts are ignored.
pub(super) fn read(
    table_index: &TableIndex,
    filter: Option<&Json>,
    query: &mut RecordQuery,
) -> Result<(), ResolverError> {
    let Some(parts) = filter.and_then(Json::as_object) else { return Ok(()) };
    // The table comes first, because the set of secret properties depends on it.
    table(parts.get("table").unwrap_or(&Json::Null), query);
    for (part, value) in parts.iter().filter(|(_, value)| !value.is_null()) {
        match part.as_str() {
            "id" => ids(value, query),
            "deleted_at" => deleted(value, query),
            "or" => {
                for group in value.as_array().into_iter().flatten() {
                    query.or.push(group_of(table_index, query.table.as_deref(), group)?);
                    if group.get("deleted_at").is_some_and(|part| !part.is_null()) {
                        query.deleted = Deleted::Any;
                    }
                }
            }
            _ => {}
        }
    }
    let table = query.table.clone();
    let mut filters = plain_parts(table_index, table.as_deref(), parts)?;
    query.filters.append(&mut filters);
    refuse_many(query)
}

/// Refuses a filter that no database can take.
pub(super) fn refuse_many(query: &RecordQuery) -> Result<(), ResolverError> {
    let all = || query.filters.iter().chain(query.or.iter().flatten());
    let values = |filter: &Filter| match &filter.op {
        Op::In(values) | Op::ArrayOverlaps(values) => values.len(),
        _ => 1,
    };
    let (conditions, values) = (all().count() + query.or.len(), all().map(values).sum::<usize>());
    if conditions > CONDITIONS_MAX || values > VALUES_MAX {
        let message = format!(
            "a filter has at most {CONDITIONS_MAX} conditions and {VALUES_MAX} values; this one \
             has {conditions} and {values}"
        );
        return Err(ResolverError::new("invalid", message));
    }
    Ok(())
}

/// Returns the conditions of one group of `or`.
fn group_of(
    table_index: &TableIndex,
    table: Option<&str>,
    group: &Json,
) -> Result<Vec<Filter>, ResolverError> {
    let Some(parts) = group.as_object() else { return Ok(Vec::new()) };
    if parts.get("or").is_some_and(|or| !or.is_null()) {
        return Err(ResolverError::new("invalid", "an `or` within an `or` is not understood"));
    }
    let own_table = parts.get("table").and_then(|table| table.get("value")).and_then(Json::as_str);
    let mut filters = plain_parts(table_index, own_table.or(table), parts)?;
    for (part, subject) in
        [("id", Subject::Id), ("table", Subject::Table), ("deleted_at", Subject::DeletedAt)]
    {
        filters.extend(conditions(&subject, parts.get(part)));
    }
    Ok(filters)
}

/// Returns the conditions of the parts that also apply inside `or`.
fn plain_parts(
    table_index: &TableIndex,
    table: Option<&str>,
    parts: &Map<String, Json>,
) -> Result<Vec<Filter>, ResolverError> {
    let mut filters = Vec::new();
    for (part, subject) in [
        ("created_at", Subject::CreatedAt),
        ("updated_at", Subject::UpdatedAt),
        ("user_id", Subject::UserId),
        ("external_id", Subject::ExternalId),
    ] {
        filters.extend(conditions(&subject, parts.get(part)));
    }
    for entry in parts.get("properties").and_then(Json::as_array).into_iter().flatten() {
        let name = entry.get("name").and_then(Json::as_str).unwrap_or_default();
        if name.trim().is_empty() {
            continue;
        }
        let found = conditions(&Subject::Property(name.to_owned()), Some(entry));
        if !found.is_empty() {
            refuse_secret(table_index, table, name)?;
        }
        filters.extend(found);
    }
    Ok(filters)
}

/// Refuses a condition on a secret property, which would reveal it letter by letter.
pub(super) fn refuse_secret(
    table_index: &TableIndex,
    table: Option<&str>,
    name: &str,
) -> Result<(), ResolverError> {
    if table_index.is_secret(table, name) {
        let message = format!("the property `{name}` is secret and cannot be used in a filter");
        return Err(ResolverError::new("forbidden", message));
    }
    Ok(())
}

/// Returns the conditions that one filter object sets on its subject.
pub(super) fn conditions(subject: &Subject, entry: Option<&Json>) -> Vec<Filter> {
    let mut filters = Vec::new();
    let mut bounds = Range::default();
    let pairs = entry.and_then(Json::as_object).into_iter().flatten();
    for (key, value) in pairs.filter(|(_, value)| !value.is_null()) {
        let (not, kind) = key.strip_prefix("not_").map_or((false, key.as_str()), |k| (true, k));
        match kind {
            "gt" => bounds.gt = Some(value.clone()),
            "gte" => bounds.gte = Some(value.clone()),
            "lt" => bounds.lt = Some(value.clone()),
            "lte" => bounds.lte = Some(value.clone()),
            _ => filters.extend(ops(kind, not, value).into_iter().map(|op| {
                let filter = Filter::on(subject.clone(), op);
                if not { filter.negated() } else { filter }
            })),
        }
    }
    if bounds != Range::default() {
        filters.push(Filter::on(subject.clone(), Op::Range(bounds)));
    }
    filters
}

fn ops(kind: &str, not: bool, value: &Json) -> Vec<Op> {
    let list = || value.as_array().cloned().unwrap_or_default();
    let text = || value.as_str().unwrap_or_default().to_owned();
    vec![match kind {
        "value" | "exact" | "value_int" | "value_float" | "value_boolean" | "value_array" => {
            Op::Equals(value.clone())
        }
        "value_in" | "values" => Op::In(list()),
        "contains" => Op::Contains(text()),
        "starts_with" => Op::StartsWith(text()),
        "ends_with" => Op::EndsWith(text()),
        "exists" => Op::Exists(value.as_bool().unwrap_or(true)),
        "range" => match range(value) {
            Some(range) => Op::Range(range),
            None => return Vec::new(),
        },
        // The negation of "contains all" is read as "contains none".
        "array_contains" if not => Op::ArrayOverlaps(list()),
        "array_contains" => return list().into_iter().map(Op::ArrayContains).collect(),
        "array_overlaps" => Op::ArrayOverlaps(list()),
        _ => return Vec::new(),
    }]
}

/// Returns a range; `None` when it has no bounds.
pub(super) fn range(value: &Json) -> Option<Range> {
    let bound = |key: &str| value.get(key).filter(|bound| !bound.is_null()).cloned();
    let range = Range { gt: bound("gt"), gte: bound("gte"), lt: bound("lt"), lte: bound("lte") };
    (range != Range::default()).then_some(range)
}

fn ids(value: &Json, query: &mut RecordQuery) {
    let Some(parts) = value.as_object() else { return };
    let mut rest = parts.clone();
    let number = |text: &Json| text.as_str().and_then(record::id);
    if let Some(one) = rest.remove("value").filter(|one| !one.is_null()) {
        restrict_to(query, number(&one).into_iter().collect());
    }
    if let Some(Json::Array(some)) = rest.remove("value_in") {
        restrict_to(query, some.iter().filter_map(number).collect());
    }
    query.filters.extend(conditions(&Subject::Id, Some(&Json::Object(rest))));
}

/// Restricts the query to these ids, in addition to any earlier restriction.
pub(super) fn restrict_to(query: &mut RecordQuery, ids: Vec<RecordId>) {
    match &mut query.ids {
        Some(known) => known.retain(|id| ids.contains(id)),
        None => query.ids = Some(ids),
    }
}

fn table(value: &Json, query: &mut RecordQuery) {
    let Some(parts) = value.as_object() else { return };
    let mut rest = parts.clone();
    for key in ["value", "exact"] {
        if query.table.is_none()
            && let Some(Json::String(name)) = rest.get(key)
        {
            query.table = Some(name.clone());
            rest.remove(key);
        }
    }
    query.filters.extend(conditions(&Subject::Table, Some(&Json::Object(rest))));
}

fn deleted(value: &Json, query: &mut RecordQuery) {
    let mut rest = value.clone();
    let exists = rest.as_object_mut().and_then(|parts| parts.remove("exists"));
    let filters = conditions(&Subject::DeletedAt, Some(&rest));
    query.deleted = match exists.and_then(|exists| exists.as_bool()) {
        Some(true) => Deleted::Only,
        Some(false) => Deleted::Exclude,
        None if filters.is_empty() => query.deleted,
        None => Deleted::Any,
    };
    query.filters.extend(filters);
}

/// Refuses an order by too many keys.
pub(super) fn refuse_many_keys(sorts: &[Sort]) -> Result<(), ResolverError> {
    if sorts.len() > SORT_KEYS_MAX {
        let message = format!("records are sorted by at most {SORT_KEYS_MAX} keys");
        return Err(ResolverError::new("invalid", message));
    }
    Ok(())
}

/// Converts a list of `RecordsSort` to sort keys.
pub(super) fn sort(
    table_index: &TableIndex,
    table: Option<&str>,
    keys: Option<&Json>,
) -> Result<Vec<Sort>, ResolverError> {
    let mut sorts = Vec::new();
    let keys = keys.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_object);
    for (by, value) in keys.flatten() {
        let by = match by.as_str() {
            "id" => Subject::Id,
            "created_at" => Subject::CreatedAt,
            "updated_at" => Subject::UpdatedAt,
            "deleted_at" => Subject::DeletedAt,
            "external_id" => Subject::ExternalId,
            _ => {
                for entry in value.as_array().into_iter().flatten() {
                    let name = entry.get("name").and_then(Json::as_str).unwrap_or_default();
                    refuse_secret(table_index, table, name)?;
                    sorts.push(one(Subject::Property(name.to_owned()), entry));
                }
                continue;
            }
        };
        if !value.is_null() {
            sorts.push(one(by, value));
        }
    }
    refuse_many_keys(&sorts)?;
    Ok(sorts)
}

fn one(by: Subject, entry: &Json) -> Sort {
    let order = entry.get("order").and_then(Json::as_str).unwrap_or("ASC");
    Sort { by, descending: order.trim().eq_ignore_ascii_case("desc") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_spelling_of_equals_is_one() {
        let kinds = ["value", "exact", "value_int", "value_float", "value_boolean", "value_array"];
        for kind in kinds {
            assert_eq!(ops(kind, false, &json!("x")), [Op::Equals(json!("x"))], "{kind}");
        }
        for kind in ["value", "exact"] {
            let mut query = RecordQuery::default();
            table(&json!({ kind: "refund" }), &mut query);
            assert_eq!(query.table.as_deref(), Some("refund"), "{kind}");
            assert!(query.filters.is_empty(), "{kind}");
        }
    }
}
