//! The schema steps: applied in order, each once, when a file is opened.

use super::errors;
use crate::error::Error;
use rusqlite::{Connection, TransactionBehavior};
use sluicegate_failpoint::failpoint;

const STEPS: &[&str] = &[
    include_str!("schema/0001_tables.sql"),
    include_str!("schema/0002_order.sql"),
    include_str!("schema/0003_gateway_queue.sql"),
    include_str!("schema/0004_conditions_without_in.sql"),
    include_str!("schema/0005_session_user.sql"),
    include_str!("schema/0006_reduced.sql"),
    include_str!("schema/0007_newest_first.sql"),
    include_str!("schema/0008_records_by_user.sql"),
];

// "Slui": marks our files among SQLite databases.
const APPLICATION_ID: i32 = 0x536c_7569;

/// How many steps this program knows.
pub const STEPS_KNOWN: usize = STEPS.len();

/// How many steps a database has.
///
/// # Errors
/// [`Error::Broken`] when it belongs to another program, or to a newer version of this one.
pub fn steps_done(connection: &Connection) -> Result<usize, Error> {
    let read = |pragma: &str| {
        connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0)).map_err(errors::of)
    };
    let done = usize::try_from(read("user_version")?).unwrap_or(usize::MAX);
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(errors::of)?;
    if tables > 0 && read("application_id")? != APPLICATION_ID {
        return Err(Error::Broken("the file belongs to another program".into()));
    }
    if done > STEPS.len() {
        return Err(Error::Broken(format!(
            "the file is at schema step {done}, this program knows {}: a newer version wrote it",
            STEPS.len()
        ).into()));
    }
    Ok(done)
}

/// Applies the missing steps in one transaction: another process that opens the file at the same
/// time waits, and then finds none missing.
pub fn apply_schema(connection: &mut Connection) -> Result<(), Error> {
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(errors::of)?;
    let done = steps_done(&transaction)?;
    for (index, step) in STEPS.iter().enumerate().skip(done) {
        transaction.execute_batch(step).map_err(errors::of)?;
        let version = i32::try_from(index + 1).expect("the steps are few");
        transaction.pragma_update(None, "user_version", version).map_err(errors::of)?;
    }
    if done == 0 {
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(errors::of)?;
    }
    failpoint!("schema_before_commit");
    transaction.commit().map_err(errors::of)
}
