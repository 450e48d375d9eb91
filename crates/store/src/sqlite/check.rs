//! Checks that a file is whole.

use super::errors;
use crate::error::Error;
use rusqlite::Connection;

/// The length up to which a file is checked at every start, in bytes: a start must not take longer
/// as the books grow.
pub const AT_START_MAX: u64 = 1 << 30;

/// Reads the whole file, and names the first fault.
///
/// # Errors
/// [`Error::Damaged`].
pub fn quick_check(connection: &Connection) -> Result<(), Error> {
    let sql = "PRAGMA quick_check(1)";
    let first = connection.query_row(sql, [], |row| row.get::<_, String>(0));
    match first.map_err(errors::of)? {
        fault if fault != "ok" => Err(Error::Damaged(fault.replace('\n', " ").into())),
        _ => Ok(()),
    }
}
