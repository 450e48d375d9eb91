//! Notices that the clock was set back.

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use std::time::Instant;

/// How far the clocks of two processes may differ, and how long the longest retry waits.
pub(super) const TOLERANCE: SignedDuration = SignedDuration::from_mins(1);
/// The clock is corrected by little all the time.
const SET_BACK: SignedDuration = SignedDuration::from_secs(2);

/// The clock at the last look, beside one that is never set.
#[derive(Debug, Default)]
pub(super) struct ClockWatch(Mutex<Option<(Timestamp, Instant)>>);

impl ClockWatch {
    /// True when the clock shows less than it did, for the time that has passed. True at the first
    /// look too: it may have been set before the process began.
    pub(super) fn was_set_back(&self, now: Timestamp) -> bool {
        let mut last = self.0.lock();
        let was = last.replace((now, Instant::now()));
        let Some((shown, at)) = was else { return true };
        let passed = SignedDuration::try_from(at.elapsed()).unwrap_or(SignedDuration::MAX);
        let expected = shown.checked_add(passed).unwrap_or(Timestamp::MAX);
        now.duration_since(expected) < -SET_BACK
    }

    /// Looks as if for the first time again: what was seen could not be acted on.
    pub(super) fn forget(&self) {
        *self.0.lock() = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_goes_on_was_not_set_back() {
        let watch = ClockWatch::default();
        let now = Timestamp::now();
        assert!(watch.was_set_back(now), "nothing is known at first");
        assert!(!watch.was_set_back(now));
        assert!(!watch.was_set_back(now + SignedDuration::from_hours(5)), "it was set ahead");
        assert!(watch.was_set_back(now));
        assert!(!watch.was_set_back(now));
        watch.forget();
        assert!(watch.was_set_back(now));
    }
}
