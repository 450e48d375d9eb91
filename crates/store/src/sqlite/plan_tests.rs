//! Tests that the usual look-ups of records use SQLite's indexes.

use super::dialect::SqliteDialect;
use super::{schema, statement};
use crate::execution::ExecutionQuery;
use crate::query::{Deleted, Filter, Op, RecordQuery, Sort, Subject};
use crate::sql::executions as execution_queries;
use crate::sql::records;
use crate::sql::row;
use crate::sql::statement::Statement;
use rusqlite::Connection;
use serde_json::json;
use std::borrow::Cow;

/// How SQLite answers a statement over a new file.
fn plan_of(mut statement: Statement<'_>) -> String {
    let mut connection = Connection::open_in_memory().expect("memory");
    schema::apply_schema(&mut connection).expect("the schema");
    statement.sql = Cow::Owned(format!("EXPLAIN QUERY PLAN {}", statement.sql));
    let lines = statement::all(&connection, &statement, |line| row::string(line, 3));
    lines.expect("a plan").join("\n")
}

fn plan(query: &RecordQuery) -> String {
    plan_of(records::page::<SqliteDialect>(query).reading)
}

#[test]
fn the_usual_look_ups_use_an_index() {
    let table = || RecordQuery::table("modules/payments/payment");
    for property in ["gateway_id", "external_id"] {
        let in_table = plan(&table().with(property, "ch_1"));
        assert!(in_table.contains(&format!("{property}_text=?")), "{property}: {in_table}");
        let any = RecordQuery { deleted: Deleted::Any, table: None, ..table() };
        let in_any = plan(&any.with(property, "ch_1"));
        assert!(in_any.contains(&format!("{property}_text=?")), "{property}: {in_any}");
    }
    // The newest with an id: what every event and every answer asks for.
    let newest = || vec![Sort { by: Subject::CreatedAt, descending: true }];
    for deleted in [Deleted::Exclude, Deleted::Any] {
        for property in ["gateway_id", "external_id"] {
            let query = RecordQuery { sort: newest(), deleted, ..table() };
            let plan = plan(&query.with(property, "ch_1"));
            assert!(plan.contains(&format!("{property}_text=?")), "{property}: {plan}");
            let is_sorted = !plan.contains("TEMP B-TREE") || deleted == Deleted::Any;
            assert!(is_sorted, "{property}: {plan}");
        }
    }
    let by_id = Filter::on(Subject::Id, Op::Equals(json!("12")));
    let plan_by_id = plan(&RecordQuery { filters: vec![by_id], ..table() });
    assert!(plan_by_id.contains("INTEGER PRIMARY KEY"), "{plan_by_id}");
    let newest = plan(&RecordQuery { sort: newest(), ..table() });
    assert!(newest.contains("records_by_table"), "{newest}");
    assert!(!newest.contains("USE TEMP B-TREE"), "{newest}");
}

#[test]
fn old_executions_are_found_by_the_index_of_their_end() {
    let before = jiff::Timestamp::UNIX_EPOCH;
    for one in [
        execution_queries::finished_before::<SqliteDialect>("request_type", before, 10),
        execution_queries::count_finished_before::<SqliteDialect>("request_type", before),
    ] {
        let plan = plan_of(one);
        assert!(plan.contains("executions_by_end"), "{plan}");
        assert!(!plan.contains("SCAN executions") && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}

#[test]
fn the_newest_executions_are_read_in_order() {
    let query = ExecutionQuery { page: 1, per_page: 50, ..ExecutionQuery::default() };
    let plan = plan_of(execution_queries::page::<SqliteDialect>(&query).reading);
    assert!(plan.contains("executions_by_time") && !plan.contains("TEMP B-TREE"), "{plan}");
}
