//! A burst: many signed events at once, a fifth of them twice and those of an object in any order.
//! None may be lost or applied twice, and the newest version of each object must be stored.
//!
//!   cargo test --release --test load -- --events 50000
//!
//!   --events N       deliveries in total, a fifth of them duplicates (default 2000)
//!   --connections C  concurrent senders (default 32)
//!   --seed S         the seed of the order
//!   --megabytes M    the most memory that a host may use (default 600)
//!   --postgres       two hosts on one PostgreSQL database

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test says plainly what it expects")]

mod books;
mod database;
mod host;
#[path = "../it/support/postgres.rs"]
#[allow(dead_code, reason = "the other tests use more of it")]
mod postgres;
#[path = "../crash/rng.rs"]
#[allow(dead_code, reason = "the crash test uses more of it")]
mod rng;
mod sender;

use database::Database;
use host::Host;
use std::process::ExitCode;
use std::time::Instant;

/// A duplicate delivery is one event.
const DUPLICATES_PERCENT: usize = 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, default: usize| {
        let place = arguments.iter().position(|one| one == name);
        place.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(default)
    };
    let (deliveries, megabytes) = (number("--events", 2_000), number("--megabytes", 600));
    let seed = number("--seed", 1) as u64;
    let events = sender::events(deliveries * (100 - DUPLICATES_PERCENT) / 100, seed);
    let burst = sender::shuffled(&events, deliveries, seed);
    let folder = tempfile::tempdir().expect("a folder");
    let (root, has_cluster) = (folder.path(), arguments.iter().any(|one| one == "--postgres"));
    // With fsyncs: acknowledgements wait for them.
    let cluster = if has_cluster { postgres::Cluster::start("fsync = on") } else { None };
    let database = match &cluster {
        None if has_cluster => return ExitCode::SUCCESS,
        None => Database::File(root.join("data/sluicegate.db")),
        Some(cluster) => Database::Postgres(cluster.database()),
    };
    host::seed(root, &database, &events);
    let hosts: Vec<Host> =
        (0..if has_cluster { 2 } else { 1 }).map(|_| Host::start(root, &database)).collect();
    let addrs: Vec<_> = hosts.iter().map(|host| host.addr).collect();
    let begun = Instant::now();
    let acknowledged = sender::send(&addrs, &burst, number("--connections", 32));
    let took = begun.elapsed().as_secs_f64();
    let rate = burst.len() as f64 / took;
    println!(
        "burst: {} deliveries of {} events acknowledged in {took:.1} s, {rate:.0}/s",
        acknowledged.len(),
        events.len()
    );
    let result = books::settled(&database, &events).and_then(|()| {
        let took = begun.elapsed().as_secs_f64();
        println!(
            "burst: all processed after {took:.1} s, {:.0} events/s",
            events.len() as f64 / took
        );
        books::check(&database, &events, &acknowledged, burst.len())
    });
    let most = hosts.iter().map(Host::megabytes).max().unwrap_or(0);
    println!("burst: a host held at most {most} MB");
    match result {
        Err(why) => println!("burst: {why}"),
        Ok(()) if most > megabytes => println!("burst: more than {megabytes} MB"),
        Ok(()) => return ExitCode::SUCCESS,
    }
    ExitCode::FAILURE
}
