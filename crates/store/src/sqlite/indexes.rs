//! Indexes over properties: made and dropped while the store is in use.

use super::dialect::SqliteDialect;
use super::statement;
use crate::error::Error;
use crate::property_index::{IndexError, PropertyIndex, PropertyIndexes};
use crate::sql::property_index::{PREFIX, database_indexes, existing};
use crate::sql::row;
use crate::sql::statement::Statement;
use crate::sql::value::values;
use rusqlite::Connection;

/// Makes the wanted indexes with `define`, which runs a statement, and drops all others. `read`
/// lists the names of those there are.
pub fn set(
    wanted: &[PropertyIndex],
    read: impl Fn() -> Result<Vec<String>, Error>,
    define: impl Fn(String) -> Result<(), Error>,
) -> Result<(PropertyIndexes, Vec<IndexError>), Error> {
    let all = database_indexes::<SqliteDialect>(wanted);
    let present = read()?;
    let unwanted = present.iter().filter(|name| all.iter().all(|one| one.name != **name));
    for name in unwanted {
        define(format!("DROP INDEX IF EXISTS {name}"))?;
    }
    let mut failed = Vec::new();
    for one in all.iter().filter(|one| !present.contains(&one.name)) {
        match define(format!("{}; {}", one.create("IF NOT EXISTS "), statistics(&one.name))) {
            Ok(()) => {}
            Err(error @ Error::Refused(_)) => {
                failed.push(IndexError { index: one.index.clone(), error });
            }
            Err(error) => return Err(error),
        }
    }
    Ok((existing(&all, &read()?), failed))
}

/// What the planner has to know of an index: it finds few rows (see schema step 8).
fn statistics(name: &str) -> String {
    format!(
        "DELETE FROM sqlite_stat1 WHERE idx = '{name}'; INSERT INTO sqlite_stat1 (tbl, idx, stat) \
         VALUES ('records', '{name}', '100000 100000 100000 100 1'); ANALYZE sqlite_schema"
    )
}

/// The names of the indexes over properties.
pub fn names(connection: &Connection) -> Result<Vec<String>, Error> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'records' \
               AND substr(name, 1, length(?1)) = ?1";
    let names = Statement::new::<SqliteDialect>(sql, values![PREFIX]);
    statement::all(connection, &names, row::first_string)
}
