//! The only code that reads the system time.

use jiff::Timestamp;
use parking_lot::Mutex;

/// The runtime's source of time.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;
}

/// The system clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now() + jiff::SignedDuration::from_secs(sluicegate_failpoint::clock_ahead_secs())
    }
}

/// A clock that only moves when it is advanced, for tests and replays.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// A clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    /// Moves the clock by `seconds`, forward or back.
    pub fn advance(&self, seconds: i64) {
        let mut now = self.0.lock();
        *now += jiff::SignedDuration::from_secs(seconds);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock()
    }
}
