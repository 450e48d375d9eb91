//! Failed tries by address: a token bucket each, which makes guessing slow.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Failed tries in a row that an address has.
const TRIES: u32 = 10;
/// The time after which an address has one more.
const REFILL: Duration = Duration::from_secs(30);
/// The maximum number of addresses that are remembered.
const ADDRESSES_MAX: usize = 10_000;

/// The failed tries of addresses.
#[derive(Debug, Default)]
pub struct Tries(Mutex<HashMap<IpAddr, Failed>>);

/// The failed tries of one address.
#[derive(Debug, Clone, Copy)]
struct Failed {
    count: u32,
    /// Up to when refills were counted.
    since: Instant,
}

impl Failed {
    /// What is left at `now`, after refills.
    fn at(self, now: Instant) -> Self {
        let refills = now.saturating_duration_since(self.since).as_secs() / REFILL.as_secs();
        let refills = u32::try_from(refills).unwrap_or(u32::MAX);
        let count = self.count.saturating_sub(refills);
        Self { count, since: self.since + REFILL * refills.min(self.count) }
    }
}

impl Tries {
    /// How long the address has to wait before its next try; `None` when it may try.
    pub fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let known = self.0.lock().get(&network(address))?.at(now);
        let passed = now.saturating_duration_since(known.since);
        (known.count >= TRIES).then(|| REFILL.saturating_sub(passed))
    }

    /// Counts a failed try.
    pub fn failed(&self, address: IpAddr, now: Instant) {
        let mut all = self.0.lock();
        if all.len() >= ADDRESSES_MAX {
            all.retain(|_, failed| failed.at(now).count > 0);
        }
        if all.len() >= ADDRESSES_MAX {
            // So many guess at once: forget them rather than grow.
            all.clear();
        }
        let entry = all.entry(network(address)).or_insert(Failed { count: 0, since: now });
        let before = entry.at(now);
        let since = if before.count == 0 { now } else { before.since };
        *entry = Failed { count: (before.count + 1).min(TRIES), since };
    }
}

/// The address, or for IPv6 its /64: one subscriber has all of it.
fn network(address: IpAddr) -> IpAddr {
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

    #[test]
    fn an_address_waits_after_its_tries_and_gets_one_back_at_a_time() {
        let (tries, now) = (Tries::default(), Instant::now());
        let address: IpAddr = "2001:db8::1".parse().expect("an address");
        for _ in 0..TRIES {
            assert_eq!(tries.wait(address, now), None);
            tries.failed(address, now);
        }
        assert_eq!(tries.wait(address, now), Some(REFILL));
        assert_eq!(tries.wait("2001:db8::2".parse().expect("one"), now), Some(REFILL));
        assert_eq!(tries.wait("2001:db8:0:1::1".parse().expect("one"), now), None);
        assert_eq!(tries.wait("192.0.2.1".parse().expect("one"), now), None);
        let later = now + REFILL;
        assert_eq!(tries.wait(address, later), None);
        tries.failed(address, later);
        assert_eq!(tries.wait(address, later), Some(REFILL));
        assert_eq!(tries.wait(address, later + REFILL * 20), None);
    }

    #[test]
    fn addresses_do_not_pile_up() {
        let (tries, now) = (Tries::default(), Instant::now());
        for number in 0..2 * u32::try_from(ADDRESSES_MAX).expect("small") {
            tries.failed(IpAddr::V4(number.into()), now);
        }
        assert!(tries.0.lock().len() <= ADDRESSES_MAX);
    }
}
