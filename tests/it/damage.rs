//! A damaged database file: it is noticed at the start and while the process runs.

use crate::support::host::{Instance, TestHost};
use crate::support::wait::eventually;
use rusqlite::Connection;
use serde_json::json;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

const PAGE_BYTES: u64 = 4096;

fn database(instance: &Instance) -> PathBuf {
    instance.root().join("data/sluicegate.db")
}

/// Moves all of the log into the file.
fn checkpoint(instance: &Instance) {
    let connection = Connection::open(database(instance)).expect("it opens");
    eventually("all is in the file", || {
        let busy: i64 = connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .expect("a row");
        if busy == 0 { Ok(()) } else { Err(busy) }
    });
}

/// Overwrites the pages from `first`, the file's header excepted.
fn damage(instance: &Instance, first: impl Fn(u64) -> u64) {
    let path = database(instance);
    let pages = std::fs::metadata(&path).expect("a file").len() / PAGE_BYTES;
    let first = first(pages);
    assert!((1..pages).contains(&first), "{first} of {pages}");
    let mut file = std::fs::OpenOptions::new().write(true).open(path).expect("it opens");
    file.seek(SeekFrom::Start(first * PAGE_BYTES)).expect("a place");
    let length = usize::try_from((pages - first) * PAGE_BYTES).expect("small");
    file.write_all(&vec![0xa5; length]).expect("written");
}

fn filled() -> TestHost {
    let host = TestHost::start();
    for amount in 500..510 {
        let data = json!({ "amount": amount, "currency": "usd", "source": "tok_visa" });
        host.request_type("create_payment", &json!({ "data": data })).expect(200);
    }
    host
}

#[test]
fn a_damaged_file_stops_the_start_with_one_line() {
    let TestHost { instance, mut process, .. } = filled();
    process.terminate();
    checkpoint(&instance);
    let whole = std::fs::read(database(&instance)).expect("read");
    for (name, first) in [("one page", 0), ("most pages", 1), ("all but the header", 2)] {
        damage(&instance, |pages| match first {
            0 => pages - 1,
            1 => pages / 2,
            _ => 1,
        });
        let arguments = [
            "serve",
            "--addr",
            "127.0.0.1:0",
            "--stripe",
            "sandbox",
            "--sandbox-addr",
            "127.0.0.1:0",
        ];
        let ran = instance.run(&arguments);
        assert_ne!(ran.code, 0, "{name}");
        assert_eq!(ran.err.trim().lines().count(), 1, "{name}: {}", ran.err);
        for part in ["damaged", "sluicegate.db", "restore a backup"] {
            assert!(ran.err.contains(part), "{name}: {part} in {}", ran.err);
        }
        assert!(!ran.out.contains("serves"), "{name}: {}", ran.out);
        std::fs::write(database(&instance), &whole).expect("restored");
    }
    let host = instance.serve_with(&["--stripe", "sandbox", "--sandbox-addr", "127.0.0.1:0"]);
    assert_eq!(host.records("modules/payments/payment").len(), 10, "the backup is whole");
}

#[test]
fn damage_while_it_runs_is_not_ready_and_logged_once() {
    let host = filled();
    checkpoint(&host.instance);
    damage(&host.instance, |_| 1);
    let ready = || host.send("GET", "/readyz", &[], b"");
    eventually("it is not ready", || {
        let answer = ready();
        if answer.status == 503 { Ok(()) } else { Err(answer.text()) }
    });
    // The worker and those who watch go on asking.
    for _ in 0..20 {
        let answer = ready().expect(503);
        assert!(answer.text().contains("damaged"), "{}", answer.text());
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let log = host.process.printed();
    // A delivery of the sandbox that comes meanwhile is a request, with a line of its own.
    let is_ours = |line: &&str| line.contains("damaged") && line.contains("sluicegate::app");
    let lines: Vec<_> = log.lines().filter(is_ours).collect();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("restore a backup"), "{lines:?}");
    let page = host.visitor().get("/payments").expect(503);
    assert!(page.header("Retry-After").is_some());
}
