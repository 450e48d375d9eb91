//! The events of a burst, and their senders.

use crate::rng::Rng;
use serde_json::json;
use sluicegate::gateway::stripe::signature::sign;
use sluicegate_secret::Secret;
use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
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
                let mut connection = None;
                let mut mine = Vec::new();
                let secret = Secret::new(SECRET);
                while let Some(event) = burst.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut tries = 0;
                    while !deliver(*addr, &mut connection, event, &secret) && tries < TRIES_MAX {
                        // Like Stripe, sends a refused delivery again.
                        connection = None;
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

fn deliver(
    addr: SocketAddr,
    connection: &mut Option<BufReader<TcpStream>>,
    event: &Event,
    secret: &Secret,
) -> bool {
    exchange(addr, connection, event, secret).is_ok_and(|status| status == 200)
}

fn exchange(
    addr: SocketAddr,
    connection: &mut Option<BufReader<TcpStream>>,
    event: &Event,
    secret: &Secret,
) -> std::io::Result<u16> {
    let stream = match connection {
        Some(stream) => stream,
        None => connection.insert(BufReader::new(TcpStream::connect(addr)?)),
    };
    let signature = sign(secret, event.body.as_bytes(), jiff::Timestamp::now());
    let head = format!(
        "POST /webhooks/listen HTTP/1.1\r\nHost: {addr}\r\nContent-Type: application/json\r\n\
         Stripe-Signature: {signature}\r\nContent-Length: {}\r\n\r\n",
        event.body.len()
    );
    stream.get_mut().write_all(format!("{head}{}", event.body).as_bytes())?;
    let (mut status, mut length, mut line) = (0, 0, String::new());
    while stream.read_line(&mut line)? > 2 {
        if let Some(code) = line.strip_prefix("HTTP/1.1 ") {
            status = code.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0);
        } else if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap_or(0);
        }
        line.clear();
    }
    std::io::copy(&mut stream.by_ref().take(length), &mut std::io::sink())?;
    Ok(status)
}

/// The distinct ids of the events.
pub fn ids<'a>(of: impl Iterator<Item = &'a String>) -> HashSet<&'a str> {
    of.map(String::as_str).collect()
}
