//! Deliveries of webhooks that wait for their commit: they come before what can wait.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// More than this at one moment are a crowd.
const CROWD: usize = 8;
/// A commit answers all who wait at once, and until they come again nobody does: a crowd is there
/// for so long after it was last seen.
const LINGERS: Duration = Duration::from_millis(100);
/// Nothing arrived for so long: nobody is waited for.
const QUIET: Duration = Duration::from_millis(500);

/// How much arrives.
#[derive(Debug)]
pub struct Arrivals {
    began: Instant,
    waiting: AtomicUsize,
    /// When the last one came, and when a crowd was last seen: milliseconds since `began`.
    last: AtomicU64,
    crowd: AtomicU64,
}

/// What an arrival leaves to whoever works beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Traffic {
    /// Nothing arrives.
    Quiet,
    /// Something does.
    Some,
    /// Many wait for their commits.
    Crowd,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            waiting: AtomicUsize::new(0),
            last: AtomicU64::new(u64::MAX),
            crowd: AtomicU64::new(u64::MAX),
        }
    }
}

impl Arrivals {
    /// Counts one until it is dropped.
    pub fn one(&self) -> Arrival<'_> {
        let now = self.now();
        self.last.store(now, Ordering::Relaxed);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= CROWD {
            self.crowd.store(now, Ordering::Relaxed);
        }
        Arrival(self)
    }

    /// How much arrives just now.
    pub fn traffic(&self) -> Traffic {
        let within = |moment: &AtomicU64, span: Duration| {
            let then = moment.load(Ordering::Relaxed);
            then != u64::MAX && u128::from(self.now().saturating_sub(then)) < span.as_millis()
        };
        match () {
            () if within(&self.crowd, LINGERS) => Traffic::Crowd,
            () if within(&self.last, QUIET) => Traffic::Some,
            () => Traffic::Quiet,
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }
}

/// One delivery on its way to the disk.
#[derive(Debug)]
pub struct Arrival<'a>(&'a Arrivals);

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_is_there_for_a_while_after_it_was_answered() {
        let arrivals = Arrivals::default();
        assert_eq!(arrivals.traffic(), Traffic::Quiet);
        drop(arrivals.one());
        assert_eq!(arrivals.traffic(), Traffic::Some);
        let many: Vec<_> = (0..=CROWD).map(|_| arrivals.one()).collect();
        drop(many);
        assert_eq!(arrivals.traffic(), Traffic::Crowd);
        assert_eq!(arrivals.waiting.load(Ordering::Relaxed), 0);
    }
}
