//! Where the events of the burst are stored: a SQLite file, or PostgreSQL.

#[path = "../crash/copy.rs"]
mod copy;

use rusqlite::{Connection, OpenFlags};
use sluicegate_store::contract::Store;
use sluicegate_store::postgres::database::Postgres;
use sluicegate_store::sqlite::database::Sqlite;
use std::path::PathBuf;

/// One database.
#[derive(Clone)]
pub enum Database {
    File(PathBuf),
    Postgres(String),
}

impl Database {
    /// Opens it as the program does.
    pub fn store(&self) -> Box<dyn Store> {
        match self {
            Self::File(path) => Box::new(Sqlite::open(path).expect("a store")),
            Self::Postgres(url) => Box::new(Postgres::open(url).expect("a store")),
        }
    }

    /// Opens it for reading its content.
    pub fn look(&self) -> Result<Connection, String> {
        match self {
            Self::File(path) => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
                Connection::open_with_flags(path, flags).map_err(|error| error.to_string())
            }
            Self::Postgres(url) => copy::of(url),
        }
    }

    /// The number of completed executions of a kind.
    pub fn completed(&self, kind: &str) -> Result<usize, String> {
        let sql = format!(
            "SELECT count(*) FROM executions WHERE kind = '{kind}' AND state = 'completed'"
        );
        let count = match self {
            Self::File(_) => self
                .look()?
                .query_row(&sql, [], |row| row.get::<_, i64>(0))
                .map_err(|error| error.to_string())?,
            Self::Postgres(url) => copy::count(url, &sql)?,
        };
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// The statements that PostgreSQL has executed so far, for this database; nothing for SQLite,
    /// and where the extension that counts is not installed.
    pub fn statements(&self) -> Option<i64> {
        let Self::Postgres(url) = self else { return None };
        let sql = "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements \
                   WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())";
        copy::count(url, sql).ok()
    }

    /// Lets PostgreSQL count statements, if it can.
    pub fn count_statements(&self) {
        if let Self::Postgres(url) = self {
            let _ = copy::execute(url, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements");
        }
    }
}
