//! The speed of commits beside a bare fsync loop on the same disk; run by hand:
//! `cargo test --release --test it store::speed -- --ignored --nocapture`.

use super::{at, execution, map};
use serde_json::json;
use sluicegate_store::contract::Store;
use sluicegate_store::query::RecordQuery;
use sluicegate_store::record::Record;
use sluicegate_store::sqlite::database::Sqlite;
use sluicegate_store::write::Write;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

const SPELL: Duration = Duration::from_millis(1500);

/// Appends and syncs 4 kB in a loop on one thread.
fn bare_syncs_per_second(folder: &Path) -> f64 {
    let mut file = std::fs::File::create(folder.join("bare")).unwrap();
    let (started, mut syncs) = (Instant::now(), 0.0);
    while started.elapsed() < SPELL {
        if file.stream_position().unwrap() > 16 << 20 {
            file.rewind().unwrap();
        }
        file.write_all(&[7; 4096]).unwrap();
        file.sync_data().unwrap();
        syncs += 1.0;
    }
    syncs / started.elapsed().as_secs_f64()
}

fn commits_per_second(threads: usize, commit: impl Fn(usize, usize) + Sync) -> (f64, Duration) {
    let started = Instant::now();
    let mut waits: Vec<Duration> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|thread| {
                let commit = &commit;
                scope.spawn(move || {
                    let mut waits = Vec::new();
                    while started.elapsed() < SPELL {
                        let before = Instant::now();
                        commit(thread, waits.len());
                        waits.push(before.elapsed());
                    }
                    waits
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    waits.sort_unstable();
    let rate = waits.len() as f64 / started.elapsed().as_secs_f64();
    (rate, waits[waits.len() * 99 / 100])
}

#[test]
#[ignore = "a measurement, not a test"]
fn commits_beside_bare_syncs() {
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    let body = "x".repeat(3000);
    for threads in [1, 8, 64] {
        let bare = bare_syncs_per_second(folder.path());
        let store = Sqlite::open(&folder.path().join(format!("{threads}.db"))).unwrap();
        let (records, records_p99) = commits_per_second(threads, |_, n| {
            let id = store.next_record_id().unwrap();
            let gateway_id = format!("ch_{id}");
            let record =
                Record::new(id, "t", map(json!({"n": n, "gateway_id": gateway_id})), at(0));
            store.commit(vec![Write::RecordInsert(record)]).unwrap();
        });
        let (events, events_p99) = commits_per_second(threads, |thread, n| {
            let mut event =
                execution(&format!("01J-{thread}-{n}"), Some(&format!("-:evt_{thread}_{n}")));
            event.input = json!({"body": body}).into();
            store.commit(vec![Write::ExecutionInsert(event)]).unwrap();
        });
        let total = store.records(&RecordQuery::table("t")).unwrap().total_entries;
        let (reads, _) = commits_per_second(threads, |thread, n| {
            let id = (thread * 7919 + n) as u64 % total + 1;
            let query = RecordQuery::table("t").with("gateway_id", format!("ch_{id}"));
            assert_eq!(store.records(&query).unwrap().total_entries, 1);
        });
        println!(
            "{threads:3} threads: bare syncs {bare:6.0}/s; records {records:6.0}/s ({:.1} a sync, \
             p99 {records_p99:.1?}); 3 kB events {events:6.0}/s (p99 {events_p99:.1?}); look-ups by \
             gateway_id {reads:6.0}/s; {:?}",
            records / bare,
            store.writer_stats()
        );
    }
}
