//! Counts webhook deliveries that wait for their commit; the worker slows down while there are
//! many.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// More concurrent deliveries than this are a burst.
const BURST_DELIVERIES: usize = 8;
/// How long a burst lasts after it was last observed: one commit answers all waiting deliveries at
/// once, so the count drops to zero between two waves.
const BURST_LASTS: Duration = Duration::from_millis(100);
/// A burst that lasts longer is the normal load; its events must be processed concurrently.
const BURST_MAX: Duration = Duration::from_secs(15);
/// Without a delivery for this long, the worker runs at full concurrency.
const IDLE_AFTER: Duration = Duration::from_millis(500);

/// The load of webhook deliveries.
#[derive(Debug)]
pub struct DeliveryLoad {
    began: Instant,
    waiting: AtomicUsize,
    /// The last delivery and the last burst, in milliseconds since `began`.
    last: AtomicU64,
    burst: AtomicU64,
    /// When the current burst began, in the same unit.
    burst_since: AtomicU64,
}

/// The load, by which the worker sets its concurrency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// No recent delivery.
    Idle,
    /// Some deliveries.
    Light,
    /// Many deliveries wait for their commits.
    Burst,
}

impl Default for DeliveryLoad {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            waiting: AtomicUsize::new(0),
            last: AtomicU64::new(u64::MAX),
            burst: AtomicU64::new(u64::MAX),
            burst_since: AtomicU64::new(u64::MAX),
        }
    }
}

impl DeliveryLoad {
    /// Counts a delivery until the returned guard is dropped.
    pub fn one(&self) -> InFlight<'_> {
        self.one_at(self.now())
    }

    fn one_at(&self, now: u64) -> InFlight<'_> {
        self.last.store(now, Ordering::Relaxed);
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= BURST_DELIVERIES {
            if !is_within(&self.burst, BURST_LASTS, now) {
                self.burst_since.store(now, Ordering::Relaxed);
            }
            self.burst.store(now, Ordering::Relaxed);
        }
        InFlight(self)
    }

    /// The current load.
    pub fn load(&self) -> Load {
        self.load_at(self.now())
    }

    fn load_at(&self, now: u64) -> Load {
        let within = |timestamp: &AtomicU64, span| is_within(timestamp, span, now);
        match () {
            () if within(&self.burst, BURST_LASTS) && within(&self.burst_since, BURST_MAX) => {
                Load::Burst
            }
            () if within(&self.last, IDLE_AFTER) => Load::Light,
            () => Load::Idle,
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX - 1)
    }
}

/// True when the timestamp is set and less than `span` old.
fn is_within(timestamp: &AtomicU64, span: Duration, now: u64) -> bool {
    let then = timestamp.load(Ordering::Relaxed);
    then != u64::MAX && u128::from(now.saturating_sub(then)) < span.as_millis()
}

/// A delivery that is being stored.
#[derive(Debug)]
pub struct InFlight<'a>(&'a DeliveryLoad);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_lasts_for_a_while_after_its_answers() {
        let delivery_load = DeliveryLoad::default();
        assert_eq!(delivery_load.load(), Load::Idle);
        drop(delivery_load.one());
        assert_eq!(delivery_load.load(), Load::Light);
        let many: Vec<_> = (0..=BURST_DELIVERIES).map(|_| delivery_load.one()).collect();
        drop(many);
        assert_eq!(delivery_load.load(), Load::Burst);
        assert_eq!(delivery_load.waiting.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_long_burst_becomes_the_usual_load() {
        let delivery_load = DeliveryLoad::default();
        let _waiting: Vec<_> = (0..=BURST_DELIVERIES).map(|_| delivery_load.one_at(0)).collect();
        let seen = |now: u64| {
            drop(delivery_load.one_at(now));
            delivery_load.load_at(now)
        };
        for now in (0..15_000).step_by(50) {
            assert_eq!(seen(now), Load::Burst, "{now}");
        }
        assert_eq!(seen(15_000), Load::Light);
        // After an idle period, the next burst counts as one again.
        assert_eq!(seen(15_200), Load::Burst);
    }
}
