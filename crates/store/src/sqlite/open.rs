//! How a connection to the file is opened and set up.

use super::checkpoint::Checkpoints;
use super::fault;
use crate::error::Error;
use rusqlite::config::DbConfig;
use rusqlite::hooks::Wal;
use rusqlite::{Connection, OpenFlags};
use sluicegate_failpoint as failpoint;
use sluicegate_secret::create_private;
use std::path::Path;
use std::time::Duration;

const BUSY_WAIT: Duration = Duration::from_secs(5);
// A checkpoint costs two fsyncs: every 16 MB, not every 4.
const CHECKPOINT_PAGES: u32 = 4000;
// Every statement of the host stays compiled; queries vary with their filters.
const STATEMENTS_KEPT: usize = 128;

/// The one connection that writes. Makes the file, readable by its owner only, if it is missing.
pub fn writer(path: &Path) -> Result<Connection, Error> {
    make_private(path)?;
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let set = |pragma: &str, value: &str| {
        connection.pragma_update(None, pragma, value).map_err(|error| at(path, error))
    };
    // WAL: readers never wait for the writer. FULL: a commit returns after the fsync.
    set("journal_mode", "WAL")?;
    set("synchronous", synchronous())?;
    set("foreign_keys", "ON")?;
    set("cache_size", "-8000")?;
    let mut checkpoints = Checkpoints::new(path, failpoint::checkpoint_pages(CHECKPOINT_PAGES));
    connection
        .wal_hook(Some(move |log: &mut Wal, pages: i32| {
            checkpoints.committed(log, u32::try_from(pages).unwrap_or(0));
            Ok(())
        }))
        .map_err(|error| at(path, error))?;
    Ok(connection)
}

/// A connection that moves the log, as careful as the writer, and writes nothing else.
pub fn beside_the_writer(path: &Path) -> Result<Connection, Error> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let set = connection.pragma_update(None, "synchronous", synchronous());
    set.map_err(|error| at(path, error))?;
    Ok(connection)
}

/// How careful a commit is. Anything but FULL is a fault that the power tests have to find.
fn synchronous() -> &'static str {
    match () {
        () if failpoint::injected_bug("sync_off") => "OFF",
        () if failpoint::injected_bug("sync_normal") => "NORMAL",
        () => "FULL",
    }
}

/// A connection that only reads.
pub fn reader(path: &Path) -> Result<Connection, Error> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "query_only", "ON").map_err(fault::of)?;
    Ok(connection)
}

fn connect(path: &Path, mode: OpenFlags) -> Result<Connection, Error> {
    let flags = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| at(path, error))?;
    connection.busy_timeout(BUSY_WAIT).map_err(|error| at(path, error))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // A plan does not depend on the values bound to it: without this, SQLite compiles statements
    // over partial indexes anew for each value.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(|error| at(path, error))?;
    Ok(connection)
}

/// Makes an empty file that only its owner may read, unless there is one.
pub fn make_private(path: &Path) -> Result<(), Error> {
    let failed = |error: std::io::Error| Error::Broken(format!("{}: {error}", path.display()));
    match create_private(path, "") {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    }
}

fn at(path: &Path, error: rusqlite::Error) -> Error {
    let place = |text: String| format!("{}: {text}", path.display());
    match fault::of(error) {
        Error::Broken(text) => Error::Broken(place(text)),
        Error::Busy(text) => Error::Busy(place(text)),
        other => other,
    }
}
