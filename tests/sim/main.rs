//! Simulation of the journal's core: the real journal and gateway over a model of the store, a
//! model of Stripe and a clock controlled by the plan. No network, disk, threads or waiting:
//! everything follows from one seed, and a plan that breaks a promise is shrunk and printed.
//!
//! `SIM_PLANS` and `SIM_SEED` set the number of runs and the first seed.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test says plainly what it expects")]

mod fault;
mod harness;
mod plan;
mod store;
mod stripe;

use fault::Death;
use plan::{live, plans};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::cell::Cell;
use std::sync::Once;

const PLANS: u32 = 4_000;

fn variable(name: &str, default: u32) -> u32 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Simulated crashes print nothing.
fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !panic.payload().is::<Death>() {
                usual(panic);
            }
        }));
    });
}

#[test]
fn lives() {
    quiet();
    let config = Config {
        cases: variable("SIM_PLANS", PLANS),
        failure_persistence: None,
        max_shrink_iters: 3_000,
        ..Config::default()
    };
    let mut seed = [0; 32];
    seed[..4].copy_from_slice(&variable("SIM_SEED", 1).to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let exchanges = Cell::new(0);
    let result = TestRunner::new_with_rng(config, rng).run(&plans(), |plan| {
        let seen = live(&plan).map_err(TestCaseError::fail)?;
        exchanges.set(exchanges.get() + seen);
        Ok(())
    });
    match result {
        Ok(()) => assert!(exchanges.get() > 0, "nothing was ever sent"),
        Err(TestError::Fail(why, plan)) => panic!("{why}\nthe shortest plan: {plan:#?}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

/// Tests the simulation itself: it must find each of these injected bugs.
#[cfg(feature = "injected-bugs")]
#[test]
fn injected_bugs_are_found() {
    let planted = [
        "new_key_each_attempt",
        "callers_key_forgotten",
        "timeout_is_failure",
        "resent_for_ever",
        "first_page_only",
    ];
    for name in planted {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "lives"]).env("INJECTED_BUG", name);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let why = said.lines().find(|line| line.starts_with('P')).unwrap_or_default();
        assert!(!output.status.success() && !why.is_empty(), "{name} was not found: {said}");
        println!("{name}: {why}");
    }
}
