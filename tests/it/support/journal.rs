//! A journal over an empty SQLite file, with a clock that a test moves.

use jiff::Timestamp;
use sluicegate::clock::ManualClock;
use sluicegate::journal::begin::Journal;
use sluicegate_store::contract::Store;
use sluicegate_store::sqlite::database::Sqlite;
use std::sync::Arc;

/// A journal, and what is under it.
pub struct Fixture {
    pub journal: Journal,
    pub store: Arc<dyn Store>,
    pub clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

/// A new journal.
pub fn fixture() -> Fixture {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Sqlite::open(&folder.path().join("test.db")).expect("a store");
    let store: Arc<dyn Store> = Arc::new(store);
    let now = Timestamp::from_second(1_800_000_000).expect("in range");
    let clock = Arc::new(ManualClock::at(now));
    let journal = Journal::new(Arc::clone(&store), Arc::clone(&clock) as _);
    Fixture { journal, store, clock, _folder: folder }
}
