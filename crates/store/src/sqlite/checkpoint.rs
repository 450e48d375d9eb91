//! Moves what is in the log into the file: beside the writer, so that commits need not wait for it.

use super::open;
use rusqlite::hooks::Wal;
use sluicegate_failpoint::failpoint;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};

/// When the log is this many times as long as it should be, the writer moves it itself: while it
/// writes on, another thread never reaches the end, and only a log that is moved to its end begins
/// anew.
const AT_MOST: u32 = 4;

/// What happens after each commit.
pub struct Checkpoints {
    path: PathBuf,
    /// Pages after which something is moved.
    due: u32,
    /// The length of the log when that was last asked for.
    asked_at: u32,
    /// Wakes the thread; it ends with this.
    wake: Option<SyncSender<()>>,
}

impl Checkpoints {
    /// Every `due` pages, of the database at `path`.
    pub fn new(path: &Path, due: u32) -> Self {
        Self { path: path.to_owned(), due: due.max(1), asked_at: 0, wake: None }
    }

    /// A commit made the log this long.
    pub fn committed(&mut self, log: &mut Wal, pages: u32) {
        if pages < self.asked_at {
            // It began anew.
            self.asked_at = 0;
        }
        if pages >= self.due.saturating_mul(AT_MOST) {
            self.asked_at = 0;
            move_now(|| log.checkpoint().map(|_| ()));
        } else if pages - self.asked_at >= self.due / 2 && pages >= self.due {
            self.asked_at = pages;
            let wake = self.wake.get_or_insert_with(|| start(self.path.clone()));
            // It is at work already, or could not be started: the writer's turn comes.
            let _ = wake.try_send(());
        }
    }
}

/// What cannot be moved now, for readers or for a full disk, the next one moves: the commit before
/// it holds all the same, so nobody is told. SQLite's own hook does just this.
fn move_now(checkpoint: impl FnOnce() -> rusqlite::Result<()>) {
    failpoint!("checkpoint_before");
    if let Err(error) = checkpoint() {
        tracing::debug!("the log could not be moved into the file now: {error}");
    }
    failpoint!("checkpoint_after");
}

fn start(path: PathBuf) -> SyncSender<()> {
    let (wake, woken) = sync_channel(1);
    let run = move || {
        let Ok(connection) = open::beside_the_writer(&path) else { return };
        for () in woken {
            move_now(|| connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())));
        }
    };
    if let Err(error) = std::thread::Builder::new().name("store-checkpoint".to_owned()).spawn(run) {
        tracing::warn!("the writer moves its log by itself: {error}");
    }
    wake
}
