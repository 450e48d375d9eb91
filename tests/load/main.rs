//! Load on the real binary: a burst of signed events, a fifth of them twice and those of an object
//! in any order, and payments by many callers. None may be lost or done twice, and the newest
//! version of each object must be stored.
//!
//!   cargo test --release --test load -- --events 50000
//!   cargo test --release --test load -- --payments 10000 --postgres --hosts 4
//!
//!   --events N       deliveries in total, a fifth of them duplicates (default 2000)
//!   --payments N     payments (default 200); with one of the two given, only that one runs
//!   --connections C  concurrent senders or callers (default 32)
//!   --seed S         the seed of the order
//!   --megabytes M    the most memory that a host may use (default 600)
//!   --postgres       hosts on one PostgreSQL database
//!   --hosts H        how many (default 2 on PostgreSQL, 1 on SQLite)

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test says plainly what it expects")]

mod books;
mod burst;
mod connection;
mod database;
mod host;
mod payments;
#[path = "../it/support/postgres.rs"]
#[allow(dead_code, reason = "the other tests use more of it")]
mod postgres;
#[path = "../crash/rng.rs"]
#[allow(dead_code, reason = "the crash test uses more of it")]
mod rng;
mod sender;

use database::Database;
use std::path::Path;
use std::process::ExitCode;

/// With fsyncs: acknowledgements wait for them.
const SETTINGS: &str = "fsync = on\nshared_preload_libraries = 'pg_stat_statements'";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = |name: &str| {
        let place = arguments.iter().position(|one| one == name);
        place.and_then(|at| arguments.get(at + 1)?.parse::<usize>().ok())
    };
    let is_on_postgres = arguments.iter().any(|one| one == "--postgres");
    let cluster = if is_on_postgres { postgres::Cluster::start(SETTINGS) } else { None };
    if is_on_postgres && cluster.is_none() {
        return ExitCode::SUCCESS;
    }
    let database = |root: &Path| match &cluster {
        None => Database::File(root.join("data/sluicegate.db")),
        Some(cluster) => Database::Postgres(cluster.database()),
    };
    let hosts = given("--hosts").unwrap_or(if is_on_postgres { 2 } else { 1 });
    let connections = given("--connections").unwrap_or(32);
    let (events, payments) = (given("--events"), given("--payments"));
    let mut results = Vec::new();
    if events.is_some() || payments.is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let plan = burst::Plan {
            deliveries: events.unwrap_or(2_000),
            hosts,
            connections,
            seed: given("--seed").unwrap_or(1) as u64,
            megabytes: given("--megabytes").unwrap_or(600),
        };
        results.push(("burst", burst::run(folder.path(), &database(folder.path()), &plan)));
    }
    if payments.is_some() || events.is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let plan =
            payments::Plan { payments: payments.unwrap_or(200), hosts, callers: connections };
        results.push(("payments", payments::run(folder.path(), &database(folder.path()), &plan)));
    }
    let failed = results.iter().filter_map(|(name, result)| Some((name, result.as_ref().err()?)));
    let failed: Vec<_> = failed.map(|(name, why)| println!("{name}: {why}")).collect();
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
