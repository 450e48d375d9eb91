//! The events of a burst, and their senders.

use crate::connection::Connection;
use crate::rng::Rng;
use serde_json::json;
use sluicegate::gateway::stripe::signature::sign;
use sluicegate_secret::Secret;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

pub const SECRET: &str = "whsec_burst_test_0123456789abcdef";
/// The number of events about the same object.
const ABOUT_ONE: usize = 5;
/// A sender never gives up; this only ends a test that would hang.
const TRIES_MAX: usize = 200;

/// One event.
pub struct Event {
    pub id: String,
    pub kind: &'static str,
    pub object: String,
    /// Grows over the object's lifetime.
    pub version: usize,
    pub body: String,
}

/// Generates this number of events; the versions of an object follow their order in time.
pub fn events(count: usize, seed: u64) -> Vec<Event> {
    let now = jiff::Timestamp::now().as_second() - 1_000;
    (0..count)
        .map(|number| {
            let (object, version) = (format!("acct_{}", number / ABOUT_ONE), number % ABOUT_ONE);
            let kind = if (number / ABOUT_ONE).is_multiple_of(2) { "account.updated" } else { "customer.updated" };
            let id = format!("evt_{seed}_{number}");
            let body = json!({ "id": id, "object": "event", "type": kind, "livemode": false,
                "created": now + i64::try_from(version).unwrap(), "data": { "object": { "id": object,
                "object": kind.split('.').next(), "email": format!("v{version}@example.com"),
                "charges_enabled": true, "payouts_enabled": true, "details_submitted": true,
                "requirements": { "currently_due": [] }, "filling": "x".repeat(1_200) } } });
            Event { id, kind, object, version, body: body.to_string() }
        })
        .collect()
}

/// All events once and some twice, in any order.
pub fn shuffled(events: &[Event], deliveries: usize, seed: u64) -> Vec<&Event> {
    let mut rng = Rng::new(seed);
    let mut below = |end: usize| usize::try_from(rng.below(end as u64)).unwrap();
    let mut burst: Vec<&Event> = events.iter().collect();
    while burst.len() < deliveries {
        burst.push(&events[below(events.len())]);
    }
    for place in (1..burst.len()).rev() {
        burst.swap(place, below(place + 1));
    }
    burst
}

/// Sends each event until it is acknowledged; returns their ids.
pub fn send(addrs: &[SocketAddr], burst: &[&Event], connections: usize) -> Vec<String> {
    let (next, acknowledged) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for (_, addr) in (0..connections).zip(addrs.iter().cycle()) {
            scope.spawn(|| {
                let mut connection = Connection::to(*addr);
                let mut mine = Vec::new();
                let secret = Secret::new(SECRET);
                while let Some(event) = burst.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut tries = 0;
                    while !deliver(&mut connection, event, &secret) && tries < TRIES_MAX {
                        // Like Stripe, sends a refused delivery again.
                        tries += 1;
                        std::thread::sleep(std::time::Duration::from_millis(50));
                    }
                    if tries < TRIES_MAX {
                        mine.push(event.id.clone());
                    }
                }
                acknowledged.lock().unwrap().extend(mine);
            });
        }
    });
    acknowledged.into_inner().unwrap()
}

fn deliver(connection: &mut Connection, event: &Event, secret: &Secret) -> bool {
    let signature = sign(secret, event.body.as_bytes(), jiff::Timestamp::now());
    let header = format!("Stripe-Signature: {signature}");
    connection.post("/webhooks/listen", &header, &event.body) == Some(200)
}

/// The distinct ids of the events.
pub fn ids<'a>(of: impl Iterator<Item = &'a String>) -> HashSet<&'a str> {
    of.map(String::as_str).collect()
}
