//! Looks at a file without changing it.

use super::{errors, open, schema};
use crate::condition::Condition;
use crate::error::Error;
use std::path::Path;

/// The condition of a SQLite file. Reads the whole file, to notice damage.
///
/// # Errors
/// [`Error::Damaged`]; [`Error::Broken`] when it cannot be read, or belongs to another program.
pub fn probe(path: &Path) -> Result<Condition, Error> {
    // A first start makes the file, empty, before it applies a step.
    if std::fs::metadata(path).is_ok_and(|file| file.len() > 0) {
        let connection = open::reader(path)?;
        let done = schema::steps_done(&connection)?;
        let check = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
        let found: String = check.map_err(errors::of)?;
        if found != "ok" {
            return Err(errors::in_file(path, Error::Damaged(found.replace('\n', " ").into())));
        }
        return Ok(Condition::of(done, schema::STEPS_KNOWN));
    }
    Ok(Condition::Missing)
}
