//! Opens connections and tells what SQLite's errors mean for a caller.

use crate::store::error::Error;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// The connection that writes. Every commit is on disk before it returns.
///
/// # Errors
/// [`Error`] when the file cannot be opened or is no database.
pub fn writing(path: &Path) -> Result<Connection, Error> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)
            .map_err(|e| Error::Broken(format!("{}: {e}", folder.display())))?;
    }
    let connection = Connection::open(path).map_err(|e| explain(&e))?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(|e| explain(&e))?;
    let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                    PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; \
                    PRAGMA wal_autocheckpoint = 4000;";
    connection.execute_batch(settings).map_err(|e| explain(&e))?;
    Ok(connection)
}

/// A connection that only reads.
///
/// # Errors
/// [`Error`] when the file cannot be opened.
pub fn reading(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|e| explain(&e))?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(|e| explain(&e))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// What an error of SQLite means for a caller.
pub fn explain(error: &rusqlite::Error) -> Error {
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Busy(text),
        Some(ErrorCode::DiskFull) => Error::Full(text),
        _ => Error::Broken(text),
    }
}
