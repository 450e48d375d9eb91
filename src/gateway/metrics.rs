//! Counts of what was sent: how long it took and what was answered, for the metrics page.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The upper bounds of the latency histogram, in seconds.
pub const BOUNDS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// What was counted so far.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// By HTTP status; 0 when nothing was answered.
    pub statuses: BTreeMap<u16, u64>,
    /// How many took at most as long as the bound of the same place, each attempt counted once.
    pub within: [u64; BOUNDS.len()],
    /// Attempts.
    pub attempts: u64,
    /// Seconds in all.
    pub seconds: f64,
}

/// Counts attempts of every thread.
#[derive(Debug, Default)]
pub struct CallMetrics(Mutex<Counts>);

impl CallMetrics {
    /// Counts one attempt.
    pub fn count(&self, status: u16, took: Duration) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.statuses.entry(status).or_default() += 1;
        counts.attempts += 1;
        counts.seconds += took.as_secs_f64();
        for (place, bound) in BOUNDS.iter().enumerate() {
            if took.as_secs_f64() <= *bound {
                counts.within[place] += 1;
            }
        }
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
