//! Client-side rate limit: a token bucket for each account, to avoid refusals by the gateway.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long an account is paused after a 429.
const COOL_DOWN: Duration = Duration::from_millis(500);
/// Above this number of buckets, full ones are dropped: they belong to idle accounts.
const ACCOUNTS_MAX: usize = 10_000;

/// A token bucket for each account; without a rate, only a 429 delays calls.
#[derive(Debug, Default)]
pub struct Rate {
    per_second: Option<f64>,
    buckets: Mutex<HashMap<String, Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    filled: Instant,
    closed_until: Option<Instant>,
}

impl Rate {
    /// Allows `per_second` requests per second for each account, with a burst of one second's
    /// worth.
    pub fn new(per_second: Option<f64>) -> Self {
        Self { per_second, buckets: Mutex::default() }
    }

    /// Takes a token. Returns `None` on success, or the wait until a token is available.
    pub fn take(&self, account: &str, now: Instant) -> Option<Duration> {
        let mut buckets = self.buckets.lock();
        let Some(per_second) = self.per_second else {
            // Without a limit, a 429 still pauses the account.
            return buckets.get(account)?.closed_for(now);
        };
        if buckets.len() > ACCOUNTS_MAX {
            buckets.retain(|_, bucket| bucket.tokens_at(now, per_second) < per_second);
        }
        let full = Bucket { tokens: per_second, filled: now, closed_until: None };
        let bucket = buckets.entry(account.to_owned()).or_insert(full);
        if let Some(wait) = bucket.closed_for(now) {
            return Some(wait);
        }
        bucket.tokens = bucket.tokens_at(now, per_second);
        bucket.filled = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return None;
        }
        Some(Duration::from_secs_f64((1.0 - bucket.tokens) / per_second))
    }

    /// The gateway answered 429: pauses this account for the cool-down.
    pub fn refused(&self, account: &str, now: Instant) {
        let mut buckets = self.buckets.lock();
        let empty = Bucket { tokens: 0.0, filled: now, closed_until: None };
        let bucket = buckets.entry(account.to_owned()).or_insert(empty);
        (bucket.tokens, bucket.filled) = (0.0, now);
        bucket.closed_until = Some(now + COOL_DOWN);
    }
}

impl Bucket {
    fn tokens_at(&self, now: Instant, per_second: f64) -> f64 {
        let since = now.saturating_duration_since(self.filled).as_secs_f64();
        (self.tokens + since * per_second).min(per_second)
    }

    fn closed_for(&self, now: Instant) -> Option<Duration> {
        let wait = self.closed_until?.saturating_duration_since(now);
        (!wait.is_zero()).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_for_each_account() {
        let rate = Rate::new(Some(10.0));
        let start = Instant::now();
        assert!((0..10).all(|_| rate.take("-", start).is_none()));
        let wait = rate.take("-", start).expect("empty");
        assert_eq!(wait, Duration::from_millis(100));
        assert!(rate.take("acct_1", start).is_none(), "another account's is full");
        assert!(rate.take("-", start + wait).is_none());
        assert!(rate.take("-", start + wait).is_some());
    }

    #[test]
    fn a_429_pauses_an_account() {
        for rate in [Rate::new(Some(10.0)), Rate::new(None)] {
            let start = Instant::now();
            rate.refused("-", start);
            assert_eq!(rate.take("-", start), Some(COOL_DOWN));
            assert!(rate.take("acct_1", start).is_none());
            assert!(rate.take("-", start + COOL_DOWN).is_none());
        }
    }
}
