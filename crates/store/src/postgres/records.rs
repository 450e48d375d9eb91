//! Record queries as SQL.

use super::filter::Sql;
use super::{rows, statement};
use crate::error::Error;
use crate::page::Page;
use crate::query::{Deleted, RecordQuery, Subject};
use crate::record::Record;
use deadpool_postgres::ClientWrapper;

/// The page a query asks for, with its totals.
pub async fn page(client: &ClientWrapper, query: &RecordQuery) -> Result<Page<Record>, Error> {
    let (page, per_page) = (query.page.max(1), query.per_page.max(1));
    let mut sql = Sql::default();
    let conditions = conditions(query, &mut sql);
    let asked = sql.values().len();
    let order = order(query, &mut sql);
    let limit = sql.whole(i64::from(per_page));
    let offset = sql.whole((i64::from(page) - 1) * i64::from(per_page));
    let reading = format!(
        "SELECT {} FROM records WHERE {conditions} ORDER BY {order} LIMIT {limit} OFFSET {offset}",
        rows::RECORD
    );
    let values = sql.values();
    let found = statement::query(client, &reading, &values).await?;
    let results = rows::all(&found, rows::to_record)?;
    let counting = format!("SELECT count(*) FROM records WHERE {conditions}");
    let shown = (results.len(), page, per_page);
    let total_entries = statement::total(client, shown, &counting, &values[..asked]).await?;
    Ok(Page { results, total_entries, current_page: page, per_page })
}

fn conditions(query: &RecordQuery, sql: &mut Sql) -> String {
    let mut all = Vec::new();
    if let Some(table) = &query.table {
        all.push(format!("table_name = {}", sql.text(table.clone())));
    }
    if let Some(ids) = &query.ids {
        all.push(format!("id = ANY({})", sql.wholes(ids.clone())));
    }
    match query.deleted {
        Deleted::Exclude => all.push("deleted_at IS NULL".into()),
        Deleted::Only => all.push("deleted_at IS NOT NULL".into()),
        Deleted::Any => {}
    }
    all.extend(query.filters.iter().map(|filter| sql.condition(filter)));
    if !query.or.is_empty() {
        let groups = query.or.iter().map(|group| {
            let group: Vec<_> = group.iter().map(|filter| sql.condition(filter)).collect();
            if group.is_empty() { "TRUE".into() } else { format!("({})", group.join(" AND ")) }
        });
        all.push(format!("({})", groups.collect::<Vec<_>>().join(" OR ")));
    }
    if all.is_empty() { "TRUE".into() } else { all.join(" AND ") }
}

fn order(query: &RecordQuery, sql: &mut Sql) -> String {
    let mut keys: Vec<String> = query
        .sort
        .iter()
        .map(|sort| match (&sort.by, sort.descending) {
            // Never null, so that an index can give the order.
            (Subject::CreatedAt, false) => "created_at ASC".into(),
            (Subject::CreatedAt, true) => "created_at DESC".into(),
            (by, descending) => sql.order(by, descending),
        })
        .collect();
    let newest_first = query.sort.first().is_some_and(|sort| sort.descending);
    keys.push(if newest_first { "id DESC".into() } else { "id ASC".into() });
    keys.join(", ")
}
