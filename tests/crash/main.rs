//! The crash test: runs the real binary beside a double of Stripe, and checks the
//! promises P1 to P6 of `ARCHITECTURE.md`. Run it with `tests/crash/run`.
//!
//!   --sweep          kills at every failpoint, at its first, second and third hit
//!   --runs N         N random runs (default 100)
//!   --postgres       with two hosts on one PostgreSQL database
//!   --seed S         the first seed
//!   --planted        checks that every injected bug is found
//!   --minutes M      starts no further run after M minutes, and reports how many were made
//!   --jobs N         concurrent runs (default ten per core; 6 on PostgreSQL)
//!
//! With `CRASH_KEEP` set, the folder of a run that broke a promise is kept, with Stripe's ledger.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test says plainly what it expects")]

mod check;
mod copy;
mod double;
mod host;
mod life;
#[path = "../it/support/postgres.rs"]
#[allow(dead_code, reason = "the other tests use more of it")]
mod postgres;
mod rng;

use life::{Plan, live};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The bugs of the feature `injected-bugs`; each breaks a promise.
#[cfg(feature = "injected-bugs")]
const PLANTED: [&str; 9] = [
    "new_key_each_attempt",
    "callers_key_forgotten",
    "timeout_is_failure",
    "resent_for_ever",
    "mark_before_effects",
    "older_overwrites",
    "key_without_account",
    "any_200_is_an_answer",
    "acknowledged_before_stored",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, default: u64| {
        let place = arguments.iter().position(|one| one == name);
        place.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(default)
    };
    let has = |name: &str| arguments.iter().any(|one| one == name);
    let (seed, jobs) = (number("--seed", 1), number("--jobs", beside(has("--postgres"))));
    let bound = Duration::from_secs(60 * number("--minutes", 24 * 60));
    let mut good = true;
    #[cfg(feature = "injected-bugs")]
    if has("--planted") {
        for name in PLANTED {
            good &= planted(name, seed, jobs);
        }
        return if good { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let cluster = if has("--postgres") {
        // Only processes are killed here, so what has reached the disk does not matter.
        let Some(cluster) = postgres::Cluster::start("fsync = off") else {
            return ExitCode::SUCCESS;
        };
        Some(&*Box::leak(Box::new(cluster)))
    } else {
        None
    };
    if has("--sweep") {
        let mut plans = Vec::new();
        for (place, point) in sluicegate_failpoint::POINTS.iter().enumerate() {
            for time in 1..=3 {
                let seed = seed * 1_000 + place as u64 * 10 + time;
                let crash_at = Some(format!("{point}:{time}"));
                // These failpoints need a Stripe that does not answer, or an expired key.
                let far = ["unknown_before_commit", "reconcile_after", "resend_before"];
                let day_passes = far.contains(point) || time == 3;
                // The backup command and checkpoints exist only for SQLite.
                let is_sqlites = point.starts_with("backup") || point.starts_with("checkpoint");
                if !(has("--postgres") && is_sqlites) {
                    let cluster = None;
                    plans.push(Plan { seed, crash_at, planted: None, day_passes, cluster });
                }
            }
        }
        good &= all("sweep", &on(cluster, plans), jobs, bound, false) == 0;
    }
    let runs = number("--runs", if has("--sweep") { 0 } else { 100 });
    let plans = on(cluster, random(seed, runs, None));
    good &= all("random", &plans, jobs, bound, false) == 0;
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The number of concurrent runs: a run mostly waits, above all for the leases of killed hosts. On
/// PostgreSQL the limit is the cluster's connections.
fn beside(has_cluster: bool) -> u64 {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    if has_cluster { 6 } else { 10 * cores }
}

/// The same plans in a cluster.
fn on(cluster: Option<&'static postgres::Cluster>, mut plans: Vec<Plan>) -> Vec<Plan> {
    plans.iter_mut().for_each(|plan| plan.cluster = cluster);
    plans
}

fn random(seed: u64, runs: u64, planted: Option<&str>) -> Vec<Plan> {
    let plan = |seed: u64| Plan {
        seed,
        crash_at: None,
        planted: planted.map(str::to_owned),
        day_passes: seed.is_multiple_of(4),
        cluster: None,
    };
    (seed..seed + runs).map(plan).collect()
}

/// True when an injected bug is found within the number of runs that CI has time for.
#[cfg(feature = "injected-bugs")]
fn planted(name: &str, seed: u64, jobs: u64) -> bool {
    let mut plans = random(seed, 24, Some(name));
    for plan in &mut plans {
        plan.day_passes |= name == "resent_for_ever";
        if name == "mark_before_effects" {
            plan.crash_at = Some(format!("event_after_commit:{}", 1 + plan.seed % 12));
        }
    }
    let found = all(name, &plans, jobs, Duration::MAX, true);
    println!("{name}: {}", if found > 0 { "found" } else { "NOT FOUND" });
    found > 0
}

/// Carries out all plans and prints how many broke a promise.
fn all(what: &str, plans: &[Plan], jobs: u64, bound: Duration, first_is_enough: bool) -> usize {
    let instance = Path::new(env!("CARGO_MANIFEST_DIR"));
    let begun = Instant::now();
    let (started, reached) = (AtomicU32::new(0), Mutex::new(Vec::new()));
    let (next, lived, broken) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(0));
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let Some(plan) = plans.get(next.fetch_add(1, Ordering::SeqCst)) else { return };
                    let enough = first_is_enough && *broken.lock().unwrap() > 0;
                    if enough || begun.elapsed() > bound {
                        return;
                    }
                    lived.fetch_add(1, Ordering::SeqCst);
                    match live(plan, instance) {
                        Ok(lived) => {
                            started.fetch_add(lived.starts, Ordering::SeqCst);
                            let point = plan.crash_at.as_ref().filter(|_| lived.died_there);
                            reached.lock().unwrap().extend(point.cloned());
                        }
                        Err(why) => {
                            *broken.lock().unwrap() += 1;
                            println!("{what}: {why}\n  {plan:?}");
                        }
                    }
                }
            });
        }
    });
    let (broken, took) = (*broken.lock().unwrap(), begun.elapsed().as_secs_f64());
    // Fewer runs than planned, when the time was up or the first failure was enough.
    let lived = lived.load(Ordering::SeqCst);
    if lived > 0 {
        let rate = lived as f64 / took;
        let starts = started.load(Ordering::SeqCst);
        println!(
            "{what}: {lived} lives, {starts} starts, {broken} broke a promise, {took:.0} s ({rate:.1}/s)"
        );
        unreached(plans, &reached.into_inner().unwrap());
    }
    broken
}

/// Prints the failpoints that were never hit: this sweep proves nothing about them.
fn unreached(plans: &[Plan], reached: &[String]) {
    // A backup is another process, which the run itself checks.
    let name = |at: &String| at.split(':').next().unwrap_or_default().to_owned();
    let reached: BTreeSet<String> = reached.iter().map(name).collect();
    let wanted: BTreeSet<String> =
        plans.iter().filter_map(|plan| plan.crash_at.as_ref()).map(name).collect();
    let missed: Vec<_> =
        wanted.difference(&reached).filter(|name| !name.starts_with("backup")).collect();
    if !missed.is_empty() {
        println!("nobody died at {missed:?}");
    }
}
