//! Record queries as SQL.

use super::dialect::Dialect;
use super::page::{Listing, PageStatement, Parts, all_of};
use super::property_index::{literal, rows_of};
use super::statement::Bindings;
use super::{filter, index_filter};
use crate::property_index::PropertyIndexes;
use crate::query::{Deleted, Filter, RecordQuery, Sort, Subject};
use crate::timestamp::to_micros;
use std::collections::BTreeSet;

/// The page that a query asks for, with the help of these indexes.
pub fn page<'a, D: Dialect>(
    query: &'a RecordQuery,
    indexes: &PropertyIndexes,
) -> PageStatement<'a> {
    let mut bindings = Bindings::<D>::new();
    // They have the records of one table that are not deleted.
    let table = query.table.as_ref().filter(|_| query.deleted == Deleted::Exclude);
    let indexed = table.and_then(|table| indexes.of_table(table));
    let conditions = conditions(query, indexed, &mut bindings);
    let condition_values = bindings.len();
    let order = order(query, &query.sort, &mut bindings);
    let parts = indexed.and_then(|indexed| parts(query, indexed, &mut bindings));
    let columns = D::RECORD_COLUMNS;
    let listing = Listing { columns, table: "records", conditions, condition_values, order, parts };
    PageStatement::new(listing, bindings, query.paging())
}

fn conditions<'a, D: Dialect>(
    query: &'a RecordQuery,
    indexed: Option<&BTreeSet<String>>,
    bindings: &mut Bindings<'a, D>,
) -> String {
    let mut all = Vec::new();
    if let Some(table) = &query.table {
        let table = if indexed.is_some() { literal(table) } else { bindings.bind(table) };
        all.push(format!("table_name = {table}"));
    }
    if let Some(ids) = &query.ids {
        all.push(D::is_one_of("id", &bindings.bind(ids.clone())));
    }
    match query.deleted {
        Deleted::Exclude => all.push("deleted_at IS NULL".into()),
        Deleted::Only => all.push("deleted_at IS NOT NULL".into()),
        Deleted::Any => {}
    }
    if let Some((at, id)) = query.after {
        let at = bindings.bind(to_micros(at));
        all.push(format!("(created_at, id) > ({at}, {})", bindings.bind(id)));
    }
    let rows = query.table.as_deref().map(rows_of).unwrap_or_default();
    let indexed = indexed.map(|indexed| (indexed, rows.as_str()));
    all.extend(query.filters.iter().map(|filter| condition(filter, indexed, bindings)));
    if !query.or.is_empty() {
        let groups = query.or.iter().map(|group| group_of(group, indexed, bindings));
        let groups: Vec<_> = groups.collect();
        all.push(format!("({})", groups.join(" OR ")));
    }
    all_of(&all)
}

fn group_of<'a, D: Dialect>(
    group: &'a [Filter],
    indexed: Option<(&BTreeSet<String>, &str)>,
    bindings: &mut Bindings<'a, D>,
) -> String {
    let group: Vec<_> = group.iter().map(|filter| condition(filter, indexed, bindings)).collect();
    if group.is_empty() { "TRUE".into() } else { format!("({})", group.join(" AND ")) }
}

fn condition<'a, D: Dialect>(
    filter: &'a Filter,
    indexed: Option<(&BTreeSet<String>, &str)>,
    bindings: &mut Bindings<'a, D>,
) -> String {
    let by_index = indexed.and_then(|indexed| index_filter::condition(filter, indexed, bindings));
    let exact = filter::condition(filter, bindings);
    by_index.map_or_else(|| exact.clone(), |by_index| format!("({by_index} AND {exact})"))
}

/// The keys of these sorts, and the order of records that are equal by them: that of their
/// creation, in the direction of the first key.
fn order<'a, D: Dialect>(
    query: &RecordQuery,
    sorts: &'a [Sort],
    bindings: &mut Bindings<'a, D>,
) -> String {
    let direction = if query.is_newest_first() { "DESC" } else { "ASC" };
    let keys = sorts.iter().map(|sort| match (&sort.by, sort.descending) {
        // Never null, so that an index can return the rows in order.
        (Subject::CreatedAt, false) => "created_at ASC".into(),
        (Subject::CreatedAt, true) => "created_at DESC".into(),
        (by, descending) => filter::order(by, descending, bindings),
    });
    let mut keys: Vec<String> = keys.collect();
    // Named twice, SQLite would not see that an index has the order.
    if sorts.iter().all(|sort| sort.by != Subject::CreatedAt) {
        keys.push(format!("created_at {direction}"));
    }
    keys.push(format!("id {direction}"));
    keys.join(", ")
}

/// The two parts of an order by an indexed property.
fn parts<'a, D: Dialect>(
    query: &'a RecordQuery,
    indexed: &BTreeSet<String>,
    bindings: &mut Bindings<'a, D>,
) -> Option<Parts> {
    let (first, others) = query.sort.split_first()?;
    let Subject::Property(name) = &first.by else { return None };
    if !indexed.contains(name) || filter::has_column(name) {
        return None;
    }
    let index = D::index_key(&D::property_literal(name));
    let direction = if first.descending { "DESC" } else { "ASC" };
    let missing_order = order(query, others, bindings);
    Some(Parts {
        present: index.is_present,
        present_order: format!("{} {direction}, {missing_order}", index.key),
        missing: index.is_missing,
        missing_order,
    })
}
