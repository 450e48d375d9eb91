//! Record queries as SQL.

use super::dialect::Dialect;
use super::filter;
use super::page::{Listing, PageStatement, all_of};
use super::statement::Bindings;
use crate::timestamp::to_micros;
use crate::query::{Deleted, Filter, RecordQuery, Subject};

/// The page that a query asks for.
pub fn page<D: Dialect>(query: &RecordQuery) -> PageStatement<'_> {
    let mut bindings = Bindings::<D>::new();
    let conditions = conditions(query, &mut bindings);
    let condition_values = bindings.len();
    let order = order(query, &mut bindings);
    let columns = D::RECORD_COLUMNS;
    let listing = Listing { columns, table: "records", conditions, condition_values, order };
    PageStatement::new(listing, bindings, query.paging())
}

fn conditions<'a, D: Dialect>(query: &'a RecordQuery, bindings: &mut Bindings<'a, D>) -> String {
    let mut all = Vec::new();
    if let Some(table) = &query.table {
        all.push(format!("table_name = {}", bindings.bind(table)));
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
    all.extend(query.filters.iter().map(|filter| filter::condition(filter, bindings)));
    if !query.or.is_empty() {
        let groups: Vec<_> = query.or.iter().map(|group| group_of(group, bindings)).collect();
        all.push(format!("({})", groups.join(" OR ")));
    }
    all_of(&all)
}

fn group_of<'a, D: Dialect>(group: &'a [Filter], bindings: &mut Bindings<'a, D>) -> String {
    let group: Vec<_> = group.iter().map(|filter| filter::condition(filter, bindings)).collect();
    if group.is_empty() { "TRUE".into() } else { format!("({})", group.join(" AND ")) }
}

fn order<'a, D: Dialect>(query: &'a RecordQuery, bindings: &mut Bindings<'a, D>) -> String {
    let mut keys: Vec<String> = query
        .sort
        .iter()
        .map(|sort| match (&sort.by, sort.descending) {
            // Never null, so that an index can return the rows in order.
            (Subject::CreatedAt, false) => "created_at ASC".into(),
            (Subject::CreatedAt, true) => "created_at DESC".into(),
            (by, descending) => filter::order(by, descending, bindings),
        })
        .collect();
    let newest_first = query.sort.first().is_some_and(|sort| sort.descending);
    keys.push(if newest_first { "id DESC".into() } else { "id ASC".into() });
    keys.join(", ")
}
