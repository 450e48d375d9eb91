//! A burst: many signed events at once into the real binary, a fifth of them twice and those of an
//! object in any order. None may be lost, none applied twice, and the newest word stands.
//!
//!   cargo test --release --test burst -- --events 50000
//!
//!   --events N       deliveries in all, a fifth of them duplicates (default 2000)
//!   --connections C  senders beside each other (default 32)
//!   --seed S         the order
//!   --megabytes M    the most that the host may hold in memory (default 600)

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test says plainly what it expects")]

mod books;
#[path = "../crash/chance.rs"]
#[allow(dead_code, reason = "the crash test uses more of it")]
mod chance;
mod host;
mod sender;

use std::process::ExitCode;
use std::time::Instant;

/// A delivery that arrives twice is one event.
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
    let host = host::Host::start(&events);
    let begun = Instant::now();
    let acknowledged = sender::send(host.addr, &burst, number("--connections", 32));
    let took = begun.elapsed().as_secs_f64();
    let rate = burst.len() as f64 / took;
    println!(
        "burst: {} deliveries of {} events acknowledged in {took:.1} s, {rate:.0}/s",
        acknowledged.len(),
        events.len()
    );
    let result = books::settled(&host, &events).and_then(|()| {
        let took = begun.elapsed().as_secs_f64();
        println!(
            "burst: all processed after {took:.1} s, {:.0} events/s",
            events.len() as f64 / took
        );
        books::check(&host, &events, &acknowledged, burst.len())
    });
    let most = host.megabytes();
    println!("burst: the host held at most {most} MB");
    match result {
        Err(why) => println!("burst: {why}"),
        Ok(()) if most > megabytes => println!("burst: more than {megabytes} MB"),
        Ok(()) => return ExitCode::SUCCESS,
    }
    ExitCode::FAILURE
}
