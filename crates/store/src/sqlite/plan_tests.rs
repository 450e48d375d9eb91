//! SQLite answers every query by an index, over a hundred thousand rows, with statistics and
//! without.

use super::database::Sqlite;
use super::statement::RAN;
use crate::contract::Store as _;
use rusqlite::Connection;
use std::fmt::Write as _;

#[path = "../../tests/it/plan_queries.rs"]
mod plan_queries;

/// How SQLite reads the tables of a statement, and what it sorts.
fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("SQL");
    let lines = explained.raw_query().mapped(|row| row.get::<_, String>(3));
    let lines = lines.map(|line| line.expect("a line"));
    lines
        .filter(|line| {
            line.contains("records")
                || line.contains("executions")
                || line.contains("SCAN")
                || line.contains("SEARCH")
                || line.contains("B-TREE")
        })
        .collect()
}

#[test]
fn sqlite_answers_every_query_by_an_index() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("plans.db");
    let store = Sqlite::open(&path).expect("opened");
    let connection = super::pragmas::connect(&path).expect("opened");
    for sql in plan_queries::filling(str::to_owned) {
        connection.execute_batch(&sql).expect("filled");
    }
    assert_eq!(store.set_indexes(&plan_queries::indexes()), Ok(vec![]));
    let mut told = String::new();
    for statistics in ["without statistics", "with statistics"] {
        if statistics == "with statistics" {
            connection.execute_batch("ANALYZE").expect("analyzed");
        }
        writeln!(told, "== {statistics}").expect("a string");
        // EXPLAIN does not look whether the schema of its connection is old.
        let connection = super::pragmas::connect(&path).expect("opened");
        for (name, use_it) in plan_queries::uses() {
            RAN.take();
            use_it(&store);
            writeln!(told, "{name}").expect("a string");
            for sql in RAN.take() {
                for read in plan(&connection, &sql) {
                    let large = ["records", "executions", "steps", "sessions", "activities"];
                    let is_scan = large.iter().any(|table| read == format!("SCAN {table}"));
                    // In the order of the key, as many rows as are asked for.
                    let is_page = name == "activities";
                    assert!(!is_scan || is_page, "{statistics}, {name}: {read} of {sql}");
                    writeln!(told, "    {read}").expect("a string");
                }
            }
        }
    }
    insta::assert_snapshot!(told);
}
