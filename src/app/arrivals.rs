//! Deliveries of webhooks that wait for their commit: they come before what can wait.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// More than this at one moment are a crowd.
const CROWD: usize = 8;
/// A commit answers all who wait at once, and until they come again nobody does: a crowd is there
/// for so long after it was last seen.
const LINGERS: Duration = Duration::from_millis(100);
/// A burst is over by then. A crowd that stays longer is the usual load, and what it brought has to
/// be worked on beside it.
const BURST: Duration = Duration::from_secs(15);
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
    /// Since when there is one.
    crowd_since: AtomicU64,
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
            crowd_since: AtomicU64::new(u64::MAX),
        }
    }
}

impl Arrivals {
    /// Counts one until it is dropped.
    pub fn one(&self) -> Arrival<'_> {
        self.one_at(self.now())
    }

    fn one_at(&self, now: u64) -> Arrival<'_> {
        self.last.store(now, Ordering::Relaxed);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= CROWD {
            if !is_within(&self.crowd, LINGERS, now) {
                self.crowd_since.store(now, Ordering::Relaxed);
            }
            self.crowd.store(now, Ordering::Relaxed);
        }
        Arrival(self)
    }

    /// How much arrives just now.
    pub fn traffic(&self) -> Traffic {
        self.traffic_at(self.now())
    }

    fn traffic_at(&self, now: u64) -> Traffic {
        let within = |moment: &AtomicU64, span| is_within(moment, span, now);
        match () {
            () if within(&self.crowd, LINGERS) && within(&self.crowd_since, BURST) => {
                Traffic::Crowd
            }
            () if within(&self.last, QUIET) => Traffic::Some,
            () => Traffic::Quiet,
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }
}

/// Whether a moment is there, and no longer ago than that.
fn is_within(moment: &AtomicU64, span: Duration, now: u64) -> bool {
    let then = moment.load(Ordering::Relaxed);
    then != u64::MAX && u128::from(now.saturating_sub(then)) < span.as_millis()
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

    #[test]
    fn a_crowd_that_stays_is_the_usual_load() {
        let arrivals = Arrivals::default();
        let _waiting: Vec<_> = (0..=CROWD).map(|_| arrivals.one_at(0)).collect();
        let seen = |now: u64| {
            drop(arrivals.one_at(now));
            arrivals.traffic_at(now)
        };
        for now in (0..15_000).step_by(50) {
            assert_eq!(seen(now), Traffic::Crowd, "{now}");
        }
        assert_eq!(seen(15_000), Traffic::Some);
        // After a pause the next burst is one again.
        assert_eq!(seen(15_200), Traffic::Crowd);
    }
}
