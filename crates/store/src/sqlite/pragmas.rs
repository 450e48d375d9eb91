//! How a connection is set up: timeouts, statement cache, pragmas.

use super::errors;
use crate::error::Error;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use sluicegate_failpoint as failpoint;
use std::path::Path;
use std::time::Duration;

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The length that the log keeps when it starts anew, in bytes.
const LOG_KEPT: i64 = 64 << 20;
/// Every statement of the host stays compiled; queries vary with their filters.
const PREPARED_STATEMENTS_MAX: usize = 128;

/// Opens an existing file to read and write, with the settings of every connection.
pub fn connect(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let set_up = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS_MAX);
        // A plan does not depend on the values bound to it: without this, SQLite compiles
        // statements over partial indexes anew for each value.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok(connection)
    };
    set_up().map_err(|error| errors::at(path, error))
}

/// The settings of the connection that writes.
pub fn write(connection: &Connection) -> rusqlite::Result<()> {
    // WAL: readers never wait for the writer.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    durable(connection)?;
    // A log that grew once, beside a long backup, does not stay large.
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_KEPT, |_| Ok(()))?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "cache_size", "-8000")
}

/// FULL: a commit returns after the fsync.
pub fn durable(connection: &Connection) -> rusqlite::Result<()> {
    let synchronous = match () {
        // Bugs that the durability tests have to find.
        () if failpoint::injected_bug("sync_off") => "OFF",
        () if failpoint::injected_bug("sync_normal") => "NORMAL",
        () => "FULL",
    };
    connection.pragma_update(None, "synchronous", synchronous)
}

/// Overwrites what is deleted with zeros, or leaves it until its place is used again. Returns the
/// former setting.
pub fn set_secure_delete(connection: &Connection, is_on: bool) -> rusqlite::Result<bool> {
    let before =
        connection.pragma_query_value(None, "secure_delete", |row| row.get::<_, i64>(0))?;
    connection.pragma_update_and_check(None, "secure_delete", is_on, |row| row.get::<_, i64>(0))?;
    Ok(before != 0)
}

/// The settings of a connection that only reads.
pub fn read_only(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "query_only", "ON")
}
