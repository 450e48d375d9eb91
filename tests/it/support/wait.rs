//! Waits for what happens after an answer: the worker, deliveries, reloads.

use std::time::{Duration, Instant};

/// A lease ends after a minute; nothing else takes as long. This only ends a test that would
/// hang.
const PATIENCE: Duration = Duration::from_secs(120);

/// Polls until there is a value; panics with the last error when there never is.
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
