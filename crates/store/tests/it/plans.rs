//! PostgreSQL answers every query by an index, over a hundred thousand rows, with statistics and
//! without. SQLite's plans are tested in `src/sqlite/plan_tests.rs`.

use super::plan_queries::{filling, indexes, uses};
use super::postgres::Cluster;
use sluicegate_store::contract::Store as _;
use sluicegate_store::postgres::database::Postgres;
use std::fmt::Write as _;

/// Every statement's plan goes to the log of the server. Statistics are of all rows, so that they do
/// not depend on which are sampled.
const SETTINGS: &str = "fsync = off\nautovacuum = off\ndefault_statistics_target = 1000\n\
    shared_preload_libraries = 'auto_explain'\nauto_explain.log_min_duration = 0\n\
    auto_explain.log_level = 'log'";

/// The parts of the plans that say how a table is read, and what is sorted.
fn reads(log: &str) -> Vec<String> {
    let lines = log.lines().map(|line| line.trim().trim_start_matches("->").trim());
    let of_plan = lines.filter(|line| line.contains("(cost="));
    let named = of_plan.map(|line| line.split("  (cost=").next().unwrap_or(line).to_owned());
    named.filter(|line| line.contains("Scan") || line.contains("Sort")).collect()
}

#[test]
fn postgresql_answers_every_query_by_an_index() {
    let Some(cluster) = Cluster::start(SETTINGS) else { return };
    let address = cluster.database();
    let store = Postgres::open(&address).unwrap();
    for sql in filling(|text| format!("CAST({text} AS JSON)")) {
        cluster.run(&address, &sql);
    }
    assert_eq!(store.set_indexes(&indexes()), Ok(vec![]));
    let mut told = String::new();
    for statistics in ["without statistics", "with statistics"] {
        if statistics == "with statistics" {
            cluster.run(&address, "ANALYZE");
        }
        writeln!(told, "== {statistics}").unwrap();
        for (name, use_it) in uses() {
            let before = cluster.log().len();
            use_it(&store);
            let log = cluster.log();
            writeln!(told, "{name}").unwrap();
            // A count reads ten thousand rows at most. Which table is how large, the server
            // learns by its own statistics, which a young one has not.
            let is_count = |plan: &&str| plan.contains("SELECT count(*) FROM (SELECT 1");
            let is_young = |plan: &&str| {
                plan.contains("DELETE FROM sessions") && statistics.starts_with("without")
            };
            let plans = log[before..].split("Query Text:");
            let plans = plans.filter(|plan| !is_count(plan) && !is_young(plan));
            for read in plans.flat_map(reads) {
                let is_large = |table: &&str| read.ends_with(*table);
                let scanned = ["records", "executions", "steps", "sessions", "activities"];
                let is_scan = read.starts_with("Seq Scan") && scanned.iter().any(is_large);
                assert!(!is_scan, "{statistics}, {name}: {read}");
                writeln!(told, "    {read}").unwrap();
            }
        }
    }
    insta::assert_snapshot!(told);
}
