//! Checkpoints: a thread beside the writer copies the WAL into the database file.

use super::pragmas;
use super::read_gate::{READ_MAX, ReadGate};
use rusqlite::hooks::Wal;
use sluicegate_failpoint::failpoint;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

/// When the WAL has this many times the pages of a checkpoint, the writer checkpoints by itself:
/// while it writes on, the other thread never reaches the end of the WAL, and only a WAL that was
/// copied to its end is reused from its start.
const WRITER_CHECKPOINT_FACTOR: u32 = 4;
/// How long it then waits for readers to end; new ones wait meanwhile.
const READERS_WAIT: Duration = Duration::from_millis(50);
/// When the WAL has this many times the pages, somebody has been reading for long: the writer waits
/// until a read is stopped.
const LONG_CHECKPOINT_FACTOR: u32 = 8;
/// How long it then waits; longer than a read may take.
const LONG_READERS_WAIT: Duration = READ_MAX.saturating_add(Duration::from_secs(5));

/// Starts checkpoints after commits.
pub struct Checkpoints {
    path: PathBuf,
    /// Pages of WAL after which one is due.
    due: u32,
    /// The length of the WAL when the last one was requested.
    requested_at: u32,
    /// The length of the WAL when the writer last made one.
    made_at: u32,
    /// Where the readers of this process pass.
    gate: Arc<ReadGate>,
    /// Wakes the thread, which ends when this is dropped.
    wake: Option<SyncSender<()>>,
}

impl Checkpoints {
    /// Every `due` pages, of the database at `path`.
    pub fn new(path: &Path, due: u32, gate: Arc<ReadGate>) -> Self {
        let (path, due) = (path.to_owned(), due.max(1));
        Self { path, due, requested_at: 0, made_at: 0, gate, wake: None }
    }

    /// Called after a commit, when the WAL has this many pages.
    pub fn committed(&mut self, wal: &mut Wal, pages: u32) {
        if pages < self.requested_at {
            // The WAL was reused from its start.
            self.requested_at = 0;
            self.made_at = 0;
        }
        let is_long = |factor: u32| pages >= self.due.saturating_mul(factor);
        let is_again = self.made_at > 0 && pages - self.made_at < self.due;
        if is_long(WRITER_CHECKPOINT_FACTOR) && !is_again {
            self.requested_at = pages;
            self.made_at = pages;
            let longest = match is_long(LONG_CHECKPOINT_FACTOR) {
                true => LONG_READERS_WAIT,
                false => READERS_WAIT,
            };
            checkpoint(|| self.gate.closed(longest, || wal.checkpoint()));
        } else if pages - self.requested_at >= self.due / 2 && pages >= self.due {
            self.requested_at = pages;
            let wake = self.wake.get_or_insert_with(|| start(self.path.clone()));
            // An error means that the thread is busy or did not start: the writer does it later.
            let _ = wake.try_send(());
        }
    }
}

/// What cannot be copied now, because of readers or a full disk, the next checkpoint copies. The
/// commit is durable all the same, so an error is only logged, as in SQLite's own hook.
fn checkpoint(run: impl FnOnce() -> rusqlite::Result<()>) {
    failpoint!("checkpoint_before");
    if let Err(error) = run() {
        tracing::debug!("the checkpoint was not completed: {error}");
    }
    failpoint!("checkpoint_after");
}

fn start(path: PathBuf) -> SyncSender<()> {
    let (wake, woken) = sync_channel(1);
    let run = move || {
        let Ok(connection) = pragmas::connect(&path) else { return };
        if pragmas::durable(&connection).is_err() {
            return;
        }
        for () in woken {
            checkpoint(|| connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())));
        }
    };
    if let Err(error) = std::thread::Builder::new().name("store-checkpoint".to_owned()).spawn(run) {
        tracing::warn!("no checkpoint thread, the writer checkpoints by itself: {error}");
    }
    wake
}

#[cfg(test)]
mod tests {
    use super::super::database::Sqlite;
    use super::*;
    use crate::contract::Store as _;
    use crate::query::{Filter, Op, RecordQuery};
    use crate::record::Record;
    use crate::write::Write;
    use serde_json::{Map, json};
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn the_log_stays_short_while_somebody_always_reads() {
        const READERS: usize = 3;
        const DUE: u32 = 50;
        /// What the writer lets it grow beside readers, and one commit more.
        const LONGEST: u64 = 4096 * (DUE as u64) * (LONG_CHECKPOINT_FACTOR as u64 + 2);
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("test.db");
        let store = Sqlite::open_with_checkpoints(&path, DUE).expect("opened");
        let record = |id: i64| {
            let properties = Map::from_iter([("p".to_owned(), json!("x".repeat(10_000)))]);
            Write::RecordInsert(Record::new(id, "t", properties, jiff::Timestamp::UNIX_EPOCH))
        };
        store.commit((1..300).map(record).collect()).expect("stored");
        let (done, mut longest) = (AtomicBool::new(false), 0);
        std::thread::scope(|scope| {
            for _ in 0..READERS {
                // Each begins while the others read: there is no moment without a reader.
                scope.spawn(|| {
                    let part = Op::Contains("y".into());
                    let mut query = RecordQuery::table("t");
                    query.filters.push(Filter::property("p", part));
                    while !done.load(Ordering::Relaxed) {
                        assert_eq!(store.records(&query).expect("read").results, []);
                    }
                });
            }
            let written = |id: i64| store.commit(vec![record(id)]).expect("stored");
            for id in 300..1_200 {
                written(id);
                let log = std::fs::metadata(folder.path().join("test.db-wal")).expect("a log");
                longest = log.len().max(longest);
            }
            done.store(true, Ordering::Relaxed);
        });
        // Of what was written first, in one commit.
        let first = 300 * 3 * 4096 * 2;
        assert!(longest < LONGEST.max(first), "the log has {longest} bytes");
    }
}
