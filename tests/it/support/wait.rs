//! Waits for what happens behind the answer: the worker, deliveries, reloads.

use std::time::{Duration, Instant};

/// Nothing here takes as long, even on a busy machine; it only ends a test that would hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again until there is something, and panics with the last refusal when there never is.
#[track_caller]
pub fn eventually<T, E: std::fmt::Display>(what: &str, mut ask: impl FnMut() -> Result<T, E>) -> T {
    let begun = Instant::now();
    loop {
        match ask() {
            Ok(found) => return found,
            Err(refusal) if begun.elapsed() > PATIENCE => panic!("never {what}: {refusal}"),
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}
