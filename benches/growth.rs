//! What grows with the books, and what must not: payments, an event, pages, metrics and lists over
//! databases with ever more payments.
//!
//! `GROWTH=0,10000,100000 cargo bench --bench growth` sets the sizes.

mod support;

use serde_json::json;
use std::time::{Duration, Instant};
use support::grow::Payment;
use support::instance::{pay, start};
use support::payments::{self, Payments, wait_for_events};
use support::{Served, copy_instance, folder};

const SIZES: &str = "0,10000,100000";
const CALLERS: u64 = 32;
/// Payments for one measurement.
const PAYMENTS: u64 = 2_000;
/// Reads of each page; the median counts.
const READS: usize = 20;

/// What is read, by name.
const PAGES: [(&str, &str); 3] =
    [("console", "/console"), ("metrics", "/metrics"), ("ready", "/readyz")];

/// Queries at `/graphql`, by name.
const QUERIES: [(&str, &str); 3] = [
    (
        "newest payments",
        "{ records(per_page: 20, filter: { table: { value: \"modules/payments/payment\" } } \
         sort: [{ created_at: { order: DESC } }]) { has_next_page results { id properties } } }",
    ),
    (
        "paid payments, counted",
        "{ records(per_page: 20, filter: { table: { value: \"modules/payments/payment\" } \
         properties: [{ name: \"state\", value: \"paid\" }] } \
         sort: [{ created_at: { order: DESC } }]) { total_entries results { id } } }",
    ),
    ("newest executions", "{ executions(per_page: 20) { results { id state } } }"),
];

fn main() {
    let sizes = std::env::var("GROWTH").unwrap_or_else(|_| SIZES.to_owned());
    let sizes: Vec<u64> = sizes.split(',').map(|one| one.trim().parse().expect("sizes")).collect();
    let folder = folder();
    copy_instance(folder.path());
    let served = start(folder.path(), std::env::var("GROWTH_DATABASE").ok());
    let payment = Payment::read(&*served.runtime.store, &pay(&served));
    println!("one payment has {} events", payment.events());
    let mut stored = 0;
    for size in sizes {
        let started = Instant::now();
        payment.copy(&*served.runtime.store, stored..size.max(stored));
        stored = size.max(stored);
        println!("\n{stored} payments (copied in {:.1?}, {})", started.elapsed(), bytes(&served));
        payments(&served);
        let client = support::client();
        for (name, path) in PAGES {
            let url = format!("http://{}{path}", served.addr);
            report(name, &served, || client.get(&url));
        }
        let url = format!("http://{}/graphql", served.addr);
        for (name, query) in QUERIES {
            let body = json!({ "query": query }).to_string();
            let post = || client.post(&url).header("Content-Type", "application/json");
            report(name, &served, || post().body(body.clone()));
        }
    }
}

/// The size of the database's files.
fn bytes(served: &Served) -> String {
    let data = served.runtime.config.root.join("data");
    let size = |name: &str| std::fs::metadata(data.join(name)).map_or(0, |file| file.len());
    let (database, log) = (size("sluicegate.db"), size("sluicegate.db-wal"));
    format!("database {} MB, log {} MB", database >> 20, log >> 20)
}

/// The rate of payments, how long one takes, and how long until their events are processed.
fn payments(served: &Served) {
    let Payments { per_second, median, p99, .. } = payments::measure(served, CALLERS, PAYMENTS);
    println!("  {:24} {per_second:>8.0}/s, p50 {median:.1?}, p99 {p99:.1?}", "payments");
    let started = Instant::now();
    wait_for_events(served);
    println!("  {:24} {:>10.1?} after the last payment", "events processed", started.elapsed());
}

fn report(name: &str, served: &Served, ask: impl Fn() -> reqwest::RequestBuilder) {
    let mut taken: Vec<Duration> = (0..READS)
        .map(|_| {
            served.tokio_runtime.block_on(async {
                let started = Instant::now();
                let answer = ask().send().await.expect("an answer");
                assert!(answer.status().is_success(), "{name}: {}", answer.status());
                answer.bytes().await.expect("a whole answer");
                started.elapsed()
            })
        })
        .collect();
    taken.sort();
    println!("  {name:24} {:>10.1?}, the longest {:.1?}", taken[READS / 2], taken[READS - 1]);
}
