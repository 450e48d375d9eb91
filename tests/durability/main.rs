//! The durability tests: the real binary runs under strace, and its system calls show what a disk
//! would hold after a power cut at any point. Run them with `tests/durability/run`.
//!
//!   --cuts N         power cuts at N points of each run (default 300)
//!   --lives N        runs (default 1)
//!   --seed S         the first seed
//!   --planted        checks that every injected bug is found
//!   --keep           keeps the folder of a run
//!
//! Each trace is checked twice. The witness: whenever an answer leaves for a client, or a call for
//! Stripe, a disk with only the synced data holds its row. The cuts: at any point, with unsynced
//! data kept, dropped or torn, every promise is kept, and the host starts and continues.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test says plainly what it expects")]

mod cuts;
mod disk;
#[path = "../crash/double.rs"]
#[allow(dead_code, reason = "the crash test uses more of it")]
mod double;
#[path = "../it/support/instance_files.rs"]
#[allow(dead_code, reason = "it links to the files")]
mod instance_files;
mod life;
mod promises;
#[path = "../crash/rng.rs"]
mod rng;
mod trace;
mod witness;

use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// Bugs that no kill can show: skipping the sync of every commit, or every sync.
#[cfg(feature = "injected-bugs")]
const PLANTED: [&str; 3] = ["sync_normal", "sync_off", "acknowledged_before_stored"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, default: u64| {
        let place = arguments.iter().position(|one| one == name);
        place.and_then(|at| arguments.get(at + 1)?.parse().ok()).unwrap_or(default)
    };
    let has = |name: &str| arguments.iter().any(|one| one == name);
    trace::check();
    if !strace_works() {
        println!("power: SKIPPED, strace is missing or may not trace here");
        return ExitCode::SUCCESS;
    }
    let (seed, cuts) = (number("--seed", 1), number("--cuts", 300));
    let mut good = true;
    #[cfg(feature = "injected-bugs")]
    if has("--planted") {
        for name in PLANTED {
            let found = one(seed, cuts, Some(name), has("--keep"));
            let names: Vec<_> = found.iter().map(|(by, _)| *by).collect();
            println!(
                "{name}: {}",
                if names.is_empty() { "NOT FOUND".into() } else { format!("found by {names:?}") }
            );
            // The witness sees an early acknowledgement; both see a missing sync.
            good &= names.contains(&"witness")
                && (name == "acknowledged_before_stored" || names.contains(&"cuts"));
        }
        return if good { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    for seed in seed..seed + number("--lives", 1) {
        for (by, why) in one(seed, cuts, None, has("--keep")) {
            println!("power, seed {seed}, {by}: {why}");
            good = false;
        }
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Carries out one run and both checks; returns which found what.
fn one(seed: u64, cuts: u64, planted: Option<&str>, keep: bool) -> Vec<(&'static str, String)> {
    // On a disk, not in memory: strace prints paths without links.
    let mut folder = tempfile::tempdir().expect("a folder");
    folder.disable_cleanup(keep);
    let path = folder.path().canonicalize().expect("a path");
    let begun = Instant::now();
    let lived = life::live(seed, &path, planted);
    let took = begun.elapsed().as_secs_f64();
    let events = trace::read(&lived.trace);
    println!(
        "power, seed {seed}: {} calls traced in {took:.1} s, {}",
        events.len() / 2,
        path.display()
    );
    let mut found = Vec::new();
    let begun = Instant::now();
    match witness::witness(&lived, &events) {
        Ok(told) => println!("witness: {told}, {:.1} s", begun.elapsed().as_secs_f64()),
        Err(why) => found.push(("witness", why)),
    }
    let begun = Instant::now();
    match cuts::cut(&lived, &events, seed, cuts, planted.is_none()) {
        Ok(told) => println!("cuts: {told}, {:.1} s", begun.elapsed().as_secs_f64()),
        Err(why) => found.push(("cuts", why)),
    }
    found
}

fn strace_works() -> bool {
    let mut strace = Command::new("strace");
    strace.args(["-D", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fsync", "true"]);
    strace.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
