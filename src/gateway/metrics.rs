//! Counts the attempts: their latency and status, for the metrics page.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::time::Duration;

/// The upper bounds of the latency histogram, in seconds.
pub const BOUNDS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// The counters of all attempts.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Attempts by HTTP status; 0 for no answer.
    pub statuses: BTreeMap<u16, u64>,
    /// How many attempts took at most the bound with the same index (cumulative).
    pub within: [u64; BOUNDS.len()],
    /// All attempts.
    pub attempts: u64,
    /// The total duration in seconds.
    pub seconds: f64,
}

/// Counts the attempts of all threads.
#[derive(Debug, Default)]
pub struct CallMetrics(Mutex<Counts>);

impl CallMetrics {
    /// Counts one attempt.
    pub fn count(&self, status: u16, took: Duration) {
        let mut counts = self.0.lock();
        *counts.statuses.entry(status).or_default() += 1;
        counts.attempts += 1;
        counts.seconds += took.as_secs_f64();
        for (place, bound) in BOUNDS.iter().enumerate() {
            if took.as_secs_f64() <= *bound {
                counts.within[place] += 1;
            }
        }
    }

    /// A copy of the counters.
    pub fn counts(&self) -> Counts {
        self.0.lock().clone()
    }
}
