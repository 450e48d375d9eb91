//! Looks at a file without changing it.

use super::{check, errors, open, schema};
use crate::error::Error;
use crate::schema_status::SchemaStatus;
use std::path::Path;

/// The status of a SQLite file. Reads the whole file, to notice damage.
///
/// # Errors
/// [`Error::Damaged`]; [`Error::Broken`] when it cannot be read, or belongs to another program.
pub fn probe(path: &Path) -> Result<SchemaStatus, Error> {
    // A first start makes the file, empty, before it applies a step.
    if std::fs::metadata(path).is_ok_and(|file| file.len() > 0) {
        let connection = open::reader(path)?;
        let done = schema::steps_done(&connection)?;
        check::quick_check(&connection).map_err(|error| errors::in_file(path, error))?;
        return Ok(SchemaStatus::of(done, schema::STEPS_KNOWN));
    }
    Ok(SchemaStatus::Missing)
}
