//! How long an execution waits before it is resumed.

use jiff::SignedDuration;

const FIRST_MS: u64 = 1_000;
// At most half a minute, so that work resumes soon after an outage ends.
const LONGEST_MS: u64 = 30_000;

/// The wait after attempt `attempt` (the first is 1). It doubles up to a limit; `jitter` (any
/// number) shortens it by up to a quarter, so that executions that failed together do not retry
/// together.
pub fn wait(attempt: u32, jitter: u64) -> SignedDuration {
    let doublings = attempt.saturating_sub(1).min(16);
    let full_ms = (FIRST_MS << doublings).min(LONGEST_MS);
    let shortened_ms = full_ms - jitter % (full_ms / 4);
    let wait = i64::try_from(shortened_ms).expect("at most half a minute");
    SignedDuration::from_millis(wait / i64::from(sluicegate_failpoint::time_scale()))
}

/// The wait before asking again whether something else has ended that was begun `since` ago: a
/// quarter of that time, between 0.2 and 5 seconds.
pub fn poll(since: SignedDuration) -> SignedDuration {
    (since / 4).clamp(SignedDuration::from_millis(200), SignedDuration::from_secs(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound() {
        let waits: Vec<_> = (0..8).map(|attempt| wait(attempt, 0).as_millis()).collect();
        assert_eq!(waits, [1000, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
        assert_eq!(wait(u32::MAX, 0).as_millis(), 30_000);
        assert!((0..2000).all(|jitter| wait(1, jitter).as_millis() > 750));
    }
}
