//! Rate limits by address: a token bucket each, in bounded memory.

use crate::config::Rate;
use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// The maximum number of addresses that a limit remembers.
const ADDRESSES_MAX: usize = 10_000;

/// What nobody has vouched for, limited for each address.
#[derive(Debug)]
pub struct RateLimits {
    /// Form submissions.
    pub forms: RateLimit,
    /// Webhook deliveries whose signature was refused. Others count nothing and are never refused.
    pub refused_webhooks: RateLimit,
    /// Failed sign-ins to the console.
    pub sign_ins: RateLimit,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct LimitLabel {
    limit: &'static str,
}

impl RateLimits {
    /// Adds the counters to what is shown.
    pub fn register(&self, registry: &mut Registry) {
        let refused = Family::<LimitLabel, Counter>::default();
        for (limit, of) in [
            ("forms", &self.forms),
            ("refused_webhooks", &self.refused_webhooks),
            ("sign_ins", &self.sign_ins),
        ] {
            refused.get_or_create(&LimitLabel { limit }).inc_by(of.refused.get());
        }
        let help = "Requests that an address had to repeat later, by limit";
        registry.register("rate_limited", help, refused);
    }
}

/// The token buckets of addresses.
#[derive(Debug)]
pub struct RateLimit {
    rate: Rate,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
    refused: Counter,
}

/// What one address has taken.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    taken: u32,
    /// Up to when refills were counted.
    since: Instant,
}

impl Bucket {
    /// What is left of it at `now`, after refills.
    fn at(self, rate: Rate, now: Instant) -> Self {
        let passed = now.saturating_duration_since(self.since);
        let refills = passed.as_nanos() / rate.refill.as_nanos().max(1);
        let refills = u32::try_from(refills).unwrap_or(u32::MAX).min(self.taken);
        let taken = self.taken - refills;
        let since = if taken == 0 { now } else { self.since + rate.refill * refills };
        Self { taken, since }
    }

    /// How long to wait for the next token; `None` when there is one.
    fn wait(self, rate: Rate, now: Instant) -> Option<Duration> {
        let passed = now.saturating_duration_since(self.since);
        (self.taken >= rate.burst).then(|| rate.refill.saturating_sub(passed))
    }
}

impl RateLimit {
    /// A limit; a burst of 0 limits nothing.
    pub fn new(rate: Rate) -> Self {
        Self { rate, buckets: Mutex::default(), refused: Counter::default() }
    }

    /// How long the address has to wait; `None` when it has a token, which is not taken.
    pub fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let bucket = self.buckets.lock().get(&network(address))?.at(self.rate, now);
        let wait = bucket.wait(self.rate, now);
        if wait.is_some() {
            self.refused.inc();
        }
        wait
    }

    /// Takes a token, if there is one.
    ///
    /// # Errors
    /// How long the address has to wait.
    pub fn take(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        if self.rate.burst == 0 {
            return Ok(());
        }
        let mut buckets = self.buckets.lock();
        if buckets.len() >= ADDRESSES_MAX {
            make_room(&mut buckets, self.rate, now);
        }
        let bucket = buckets.entry(network(address)).or_insert(Bucket { taken: 0, since: now });
        *bucket = bucket.at(self.rate, now);
        if let Some(wait) = bucket.wait(self.rate, now) {
            self.refused.inc();
            return Err(wait);
        }
        bucket.taken += 1;
        Ok(())
    }
}

/// Forgets the addresses that have taken nothing; if that is not enough, the half that has taken
/// least.
fn make_room(buckets: &mut HashMap<IpAddr, Bucket>, rate: Rate, now: Instant) {
    buckets.retain(|_, bucket| bucket.at(rate, now).taken > 0);
    if buckets.len() < ADDRESSES_MAX {
        return;
    }
    let mut all: Vec<_> =
        buckets.iter().map(|(ip, bucket)| (bucket.at(rate, now).taken, *ip)).collect();
    let half = all.len() / 2;
    all.select_nth_unstable(half);
    for (_, ip) in &all[..half] {
        buckets.remove(ip);
    }
}

/// The address, or for IPv6 its /64: one subscriber has all of it.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let bits = v6.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(bits))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 10, refill: Duration::from_secs(30) };

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_waits_after_its_burst_and_gets_one_back_at_a_time() {
        let (limit, now) = (RateLimit::new(RATE), Instant::now());
        let address = ip("2001:db8::1");
        for _ in 0..RATE.burst {
            assert_eq!(limit.wait(address, now), None);
            assert_eq!(limit.take(address, now), Ok(()));
        }
        assert_eq!(limit.wait(address, now), Some(RATE.refill));
        assert_eq!(limit.take(address, now), Err(RATE.refill));
        assert_eq!(limit.wait(ip("2001:db8::2"), now), Some(RATE.refill), "the same /64");
        assert_eq!(limit.wait(ip("2001:db8:0:1::1"), now), None);
        assert_eq!(limit.wait(ip("192.0.2.1"), now), None);
        let later = now + RATE.refill;
        assert_eq!(
            limit.take(address, later - Duration::from_secs(1)),
            Err(Duration::from_secs(1))
        );
        assert_eq!(limit.take(address, later), Ok(()));
        assert_eq!(limit.take(address, later), Err(RATE.refill));
        for _ in 0..RATE.burst {
            assert_eq!(limit.take(address, later + RATE.refill * 20), Ok(()));
        }
        assert_eq!(limit.refused.get(), 5);
    }

    #[test]
    fn without_a_burst_nothing_is_limited() {
        let limit = RateLimit::new(Rate { burst: 0, ..RATE });
        for _ in 0..1_000 {
            assert_eq!(limit.take(ip("192.0.2.1"), Instant::now()), Ok(()));
        }
        assert_eq!(limit.wait(ip("192.0.2.1"), Instant::now()), None);
    }

    #[test]
    fn addresses_do_not_pile_up_and_the_worst_is_not_forgotten() {
        let (limit, now) = (RateLimit::new(RATE), Instant::now());
        let worst = ip("2001:db8::1");
        while limit.take(worst, now).is_ok() {}
        for number in 0..3 * u32::try_from(ADDRESSES_MAX).expect("small") {
            assert_eq!(limit.take(IpAddr::V4(number.into()), now), Ok(()));
        }
        assert!(limit.buckets.lock().len() <= ADDRESSES_MAX);
        assert_eq!(limit.take(worst, now), Err(RATE.refill));
    }
}
