//! The tables, made in numbered steps; a database remembers how far it is.

use crate::store::error::Error;
use crate::store::sqlite::connection::explain;
use rusqlite::Connection;

/// Each step once, in order. A step that was released is never changed, only followed.
const STEPS: [&str; 1] = [include_str!("schema_1.sql")];

/// Brings a database up to date, in one transaction.
///
/// # Errors
/// [`Error::Broken`] when a step fails, or the database is from a newer version of the program.
pub fn apply(connection: &mut Connection) -> Result<(), Error> {
    let failed = |e: rusqlite::Error| explain(&e);
    let transaction = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(failed)?;
    let done: u32 =
        transaction.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
    if done as usize > STEPS.len() {
        return Err(Error::Broken(format!(
            "it was written by a newer version (schema {done}, this program knows {})",
            STEPS.len()
        )));
    }
    for step in &STEPS[done as usize..] {
        transaction.execute_batch(step).map_err(failed)?;
    }
    transaction.pragma_update(None, "user_version", STEPS.len() as u32).map_err(failed)?;
    transaction.commit().map_err(failed)
}
