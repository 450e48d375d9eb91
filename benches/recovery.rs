//! 100,000 events that are pending at startup, until the last is processed, beside bare
//! SQLite moving as many rows through the same two states in groups.
//!
//! Not a criterion loop: one recovery takes seconds, and a second one in the same process differs.

mod support;

use rusqlite::{Connection, params};
use serde_json::{Value as Json, json};
use sluicegate::app::runtime::Runtime;
use sluicegate::app::worker;
use sluicegate::config::{Config, Flags};
use sluicegate_store::contract::Store as _;
use sluicegate_store::execution::{Execution, ExecutionId, State};
use sluicegate_store::sqlite::database::Sqlite;
use sluicegate_store::write::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{copy_instance, folder};
use tokio::runtime::Runtime as TokioRuntime;
use tokio::sync::watch;

const DEFAULT_EVENTS: usize = 100_000;
/// Rows per transaction: the maximum of the store's writer.
const GROUP: usize = 512;

/// Every second event has a processor, which searches for its payment and finds none.
fn event(number: usize) -> (String, Json) {
    let kind = if number.is_multiple_of(2) { "charge.refunded" } else { "invoice.created" };
    let event = json!({ "id": format!("evt_{number}"), "object": "event", "type": kind,
        "livemode": false, "created": 1_700_000_000 + number, "account": null,
        "data": { "object": { "id": format!("ch_{number}"), "object": "charge", "amount": 2000,
            "amount_refunded": 500, "refunded": false, "description": "x".repeat(1_000) } } });
    (kind.to_owned(), event)
}

fn fill(path: &Path, events: usize) {
    let store = Sqlite::open(path).expect("a store");
    let now = jiff::Timestamp::now();
    let execution = |number: usize| {
        let (name, event) = event(number);
        Write::ExecutionInsert(Execution {
            id: ExecutionId(format!("01BENCH{number:019}")),
            kind: "webhook_event".to_owned(),
            name,
            input: json!({ "gateway": "stripe", "event": event }).into(),
            idempotency_key: Some(format!("-:evt_{number}")),
            fingerprint: format!("-:evt_{number}"),
            state: State::Available,
            attempt: 0,
            run_at: now,
            lease_until: None,
            outcome: None,
            error: None,
            ordering_key: Some(format!("-:ch_{number}")),
            created_at: now,
            finished_at: None,
        })
    };
    let numbers: Vec<usize> = (0..events).collect();
    for group in numbers.chunks(1_000) {
        store.commit(group.iter().map(|number| execution(*number)).collect()).expect("stored");
    }
}

/// The minimum of a recovery: read a row, mark it claimed, mark it done.
fn bare(path: &Path, events: usize) -> Duration {
    let mut database = Connection::open(path).expect("a database");
    database
        .execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
             CREATE TABLE event (id INTEGER PRIMARY KEY, state TEXT NOT NULL, body TEXT NOT NULL);
             CREATE INDEX waiting ON event (state, id)",
        )
        .expect("a table");
    let filling = database.transaction().expect("begun");
    for number in 0..events {
        let body = event(number).1.to_string();
        filling
            .execute(
                "INSERT INTO event VALUES (?1, 'available', ?2)",
                params![i64::try_from(number).expect("a few"), body],
            )
            .expect("stored");
    }
    filling.commit().expect("committed");
    let started = Instant::now();
    loop {
        let rows: Vec<(i64, String)> = {
            let mut reading = database
                .prepare_cached(
                    "SELECT id, body FROM event WHERE state = 'available' ORDER BY id LIMIT ?1",
                )
                .expect("a statement");
            let rows = reading
                .query_map([i64::try_from(GROUP).expect("a few")], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .expect("rows");
            rows.map(|row| row.expect("a row")).collect()
        };
        if rows.is_empty() {
            return started.elapsed();
        }
        for state in ["running", "completed"] {
            let writing = database.transaction().expect("begun");
            for (id, body) in &rows {
                let parsed: Json = serde_json::from_str(body).expect("JSON");
                assert!(parsed.is_object());
                let mut update = writing
                    .prepare_cached("UPDATE event SET state = ?2 WHERE id = ?1")
                    .expect("a statement");
                update.execute(params![id, state]).expect("written");
            }
            writing.commit().expect("committed");
        }
    }
}

fn recover(root: &Path, events: usize) -> Duration {
    let tokio_runtime = TokioRuntime::new().expect("a tokio_runtime");
    let flags = Flags { root: Some(root.to_owned()), ..Flags::default() };
    let config = Config::new(flags).expect("settings");
    fill(&root.join("data/sluicegate.db"), events);
    let started = Instant::now();
    let handle = tokio_runtime.handle().clone();
    let runtime = Runtime::build(config, None, handle).expect("a runtime");
    let (stop, stopped) = watch::channel(false);
    let working = tokio_runtime.spawn(worker::run(Arc::clone(&runtime), stopped));
    while runtime.store.oldest_open().expect("read").is_some() {
        std::thread::sleep(Duration::from_millis(50));
    }
    let taken = started.elapsed();
    let stats = runtime.store.writer_stats();
    println!(
        "  {} commits in {} transactions, {:.2?} of the time in COMMIT",
        stats.commits,
        stats.groups,
        Duration::from_micros(stats.commit_micros)
    );
    stop.send(true).expect("it works");
    tokio_runtime.block_on(working).expect("it stops");
    taken
}

fn main() {
    let asked = std::env::var("EVENTS").ok().and_then(|text| text.parse().ok());
    let events = asked.unwrap_or(DEFAULT_EVENTS);
    let folder = folder();
    let bare = bare(&folder.path().join("bare.db"), events);
    copy_instance(&folder.path().join("instance"));
    let ours = recover(&folder.path().join("instance"), events);
    let rate = |taken: Duration| events as f64 / taken.as_secs_f64();
    println!("recovery of {events} pending events");
    println!("  bare SQLite   {:>8.2?}  {:>8.0}/s", bare, rate(bare));
    println!(
        "  sluicegate    {:>8.2?}  {:>8.0}/s  {:.0} % of the bare rate",
        ours,
        rate(ours),
        100.0 * rate(ours) / rate(bare)
    );
}
