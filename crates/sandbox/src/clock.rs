//! The sandbox's clock: the machine's time plus what it was advanced by.

use std::time::{SystemTime, UNIX_EPOCH};

/// One day.
pub const DAY: i64 = 86_400;

/// Milliseconds since 1970 on the machine's clock.
pub fn machine_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A clock that can be advanced but never goes back.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock {
    offset_ms: i64,
}

impl Clock {
    /// A clock ahead of the machine's by `seconds`.
    pub fn ahead(seconds: i64) -> Self {
        Self { offset_ms: seconds.clamp(0, 400 * 366 * DAY) * 1_000 }
    }

    /// Moves the clock forward.
    pub fn advance(&mut self, seconds: i64) {
        *self = Self::ahead(self.offset().saturating_add(seconds.max(0)));
    }

    /// Seconds the clock is ahead.
    pub fn offset(&self) -> i64 {
        self.offset_ms / 1_000
    }

    /// Seconds since 1970.
    pub fn now(&self) -> i64 {
        self.now_ms() / 1_000
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        machine_ms() + self.offset_ms
    }
}
