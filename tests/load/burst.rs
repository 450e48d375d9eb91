//! A burst: many signed events at once.

use crate::database::Database;
use crate::host::{self, Host};
use crate::{books, sender};
use std::path::Path;
use std::time::Instant;

/// A duplicate delivery is one event.
const DUPLICATES_PERCENT: usize = 20;
/// Nothing is sent: no server listens in Stripe's place.
const NO_STRIPE: &str = "http://127.0.0.1:9";

/// What is sent, and to how many hosts.
pub struct Plan {
    pub deliveries: usize,
    pub hosts: usize,
    pub connections: usize,
    pub seed: u64,
    pub megabytes: usize,
}

/// Sends the burst, prints what it took, and checks the database after it.
pub fn run(root: &Path, database: &Database, plan: &Plan) -> Result<(), String> {
    let events = sender::events(plan.deliveries * (100 - DUPLICATES_PERCENT) / 100, plan.seed);
    let burst = sender::shuffled(&events, plan.deliveries, plan.seed);
    host::seed(root, database, &events);
    let hosts: Vec<Host> =
        (0..plan.hosts).map(|_| Host::start(root, database, NO_STRIPE)).collect();
    let addrs: Vec<_> = hosts.iter().map(|host| host.addr).collect();
    database.count_statements();
    let statements = database.statements();
    let begun = Instant::now();
    let acknowledged = sender::send(&addrs, &burst, plan.connections);
    let took = begun.elapsed().as_secs_f64();
    let rate = burst.len() as f64 / took;
    println!(
        "burst: {} deliveries of {} events acknowledged in {took:.1} s, {rate:.0}/s",
        acknowledged.len(),
        events.len()
    );
    books::settled(database, &events)?;
    let took = begun.elapsed().as_secs_f64();
    println!("burst: all processed after {took:.1} s, {:.0} events/s", events.len() as f64 / took);
    if let (Some(before), Some(after)) = (statements, database.statements()) {
        println!("burst: {:.1} statements an event", (after - before) as f64 / events.len() as f64);
    }
    books::check(database, &events, &acknowledged, burst.len())?;
    let most = hosts.iter().map(Host::megabytes).max().unwrap_or(0);
    println!("burst: a host held at most {most} MB");
    if most > plan.megabytes {
        return Err(format!("more than {} MB", plan.megabytes));
    }
    Ok(())
}
