//! Record queries as SQL.

use super::filter::Sql;
use super::rows;
use crate::error::Error;
use crate::page::Page;
use crate::query::{Deleted, RecordQuery, Subject};
use crate::record::Record;
use rusqlite::{Connection, params_from_iter};
use serde_json::Value as Json;

/// The page a query asks for, with its totals.
pub fn page(connection: &Connection, query: &RecordQuery) -> Result<Page<Record>, Error> {
    let (page, per_page) = (query.page.max(1), query.per_page.max(1));
    let mut sql = Sql::default();
    let conditions = conditions(query, &mut sql);
    let asked = sql.values.len();
    let reading = reading(query, &conditions, &mut sql);
    let values = params_from_iter(&sql.values);
    let results = rows::all(connection, &reading, values, rows::to_record)?;
    Page::of(results, page, per_page, || {
        let counting = rows::select("count(*)", &format!("records WHERE {conditions}"));
        rows::count(connection, &counting, params_from_iter(&sql.values[..asked]))
    })
}

fn reading(query: &RecordQuery, conditions: &str, sql: &mut Sql) -> String {
    let (page, per_page) = (i64::from(query.page.max(1)), i64::from(query.per_page.max(1)));
    let order = order(query, sql);
    let limit = sql.bind(per_page);
    let offset = sql.bind((page - 1) * per_page);
    let rest = format!("records WHERE {conditions} ORDER BY {order} LIMIT {limit} OFFSET {offset}");
    rows::select(rows::RECORD, &rest)
}

fn conditions(query: &RecordQuery, sql: &mut Sql) -> String {
    let mut all = Vec::new();
    if let Some(table) = &query.table {
        all.push(format!("table_name = {}", sql.bind(table.clone())));
    }
    if let Some(ids) = &query.ids {
        let ids: Vec<_> = ids.iter().copied().map(Json::from).collect();
        let place = sql.bind(Json::from(ids).to_string());
        all.push(format!("id IN (SELECT value FROM json_each({place}))"));
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
    let mut keys = Vec::new();
    for sort in &query.sort {
        match (&sort.by, sort.descending) {
            // Never null, so that an index can give the order.
            (Subject::Id, false) => keys.push("id ASC".into()),
            (Subject::Id, true) => keys.push("id DESC".into()),
            (Subject::CreatedAt, false) => keys.push("created_at ASC".into()),
            (Subject::CreatedAt, true) => keys.push("created_at DESC".into()),
            (by, descending) => keys.push(sql.order(by, descending)),
        }
    }
    let newest_first = query.sort.first().is_some_and(|sort| sort.descending);
    keys.push(if newest_first { "id DESC".into() } else { "id ASC".into() });
    keys.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{Filter, Op, Sort};
    use serde_json::json;

    fn plan(query: &RecordQuery) -> String {
        let connection = Connection::open_in_memory().expect("memory");
        connection.execute_batch(include_str!("schema/0001_house.sql")).expect("the schema");
        let mut sql = Sql::default();
        let conditions = conditions(query, &mut sql);
        let reading = format!("EXPLAIN QUERY PLAN {}", reading(query, &conditions, &mut sql));
        let values = params_from_iter(&sql.values);
        let lines = rows::all(&connection, &reading, values, |row| row.get::<_, String>(3));
        lines.expect("a plan").join("\n")
    }

    #[test]
    fn the_usual_look_ups_use_an_index() {
        let table = || RecordQuery::table("modules/payments/payment");
        for property in ["gateway_id", "external_id"] {
            let plan = plan(&table().with(property, "ch_1"));
            assert!(plan.contains(&format!("{property}_text=?")), "{property}: {plan}");
            let any = RecordQuery { deleted: Deleted::Any, table: None, ..table() };
            let plan = super::tests::plan(&any.with(property, "ch_1"));
            assert!(plan.contains(&format!("{property}_text=?")), "{property}: {plan}");
        }
        let by_id = Filter::on(Subject::Id, Op::Equals(json!("12")));
        let plan_by_id = plan(&RecordQuery { filters: vec![by_id], ..table() });
        assert!(plan_by_id.contains("INTEGER PRIMARY KEY"), "{plan_by_id}");
        let newest = vec![Sort { by: Subject::CreatedAt, descending: true }];
        let newest = plan(&RecordQuery { sort: newest, ..table() });
        assert!(newest.contains("records_by_table"), "{newest}");
        assert!(!newest.contains("USE TEMP B-TREE"), "{newest}");
    }
}
