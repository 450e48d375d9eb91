//! Writes of executions and steps, and the errors of those that change nothing.

use super::dialect::SqliteDialect;
use super::statement::{execute, one};
use super::{errors, pragmas};
use crate::document::Document;
use crate::error::Error;
use crate::execution::{Execution, ExecutionId, ExecutionUpdate};
use crate::sql::statement::Statement;
use crate::sql::value::values;
use crate::sql::{row, write_executions as sql};
use crate::timestamp::to_micros;
use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::Value as Json;

pub fn insert(connection: &Connection, execution: &Execution) -> Result<(), Error> {
    if execute(connection, &sql::insert::<SqliteDialect>(execution)?)? > 0 {
        return Ok(());
    }
    let holder = sql::execution_with_key::<SqliteDialect>(execution);
    Err(match one(connection, &holder, row::first_string)? {
        Some(id) => Error::Conflict { existing: ExecutionId(id) },
        None => Error::Broken("an idempotency key conflicts with no execution".into()),
    })
}

pub fn update(connection: &Connection, update: &ExecutionUpdate) -> Result<(), Error> {
    if execute(connection, &sql::update::<SqliteDialect>(update)?)? > 0 {
        return Ok(());
    }
    let id = &update.id;
    let current = sql::current_state::<SqliteDialect>(id);
    let gone = one(connection, &current, |row| sql::gone(id, Some(row)))?;
    gone.map_or_else(|| sql::gone(id, None), Ok).and_then(Err)
}

/// Deletes the steps before their executions, which they refer to.
pub fn purge(
    connection: &Connection,
    kind: &str,
    before: Timestamp,
    limit: u32,
) -> Result<(), Error> {
    let old = "SELECT id FROM executions WHERE kind = ?1 AND state = 'completed' \
               AND finished_at < ?2 AND reduced_at IS NULL ORDER BY finished_at LIMIT ?3";
    for sql in [
        format!("DELETE FROM steps WHERE execution_id IN ({old})"),
        format!("DELETE FROM executions WHERE id IN ({old})"),
    ] {
        let values = values![kind, to_micros(before), limit];
        execute(connection, &Statement::new::<SqliteDialect>(sql, values))?;
    }
    Ok(())
}

pub fn reduce(
    connection: &Connection,
    id: &ExecutionId,
    input: &Json,
    outcome: Option<&Json>,
    at: Timestamp,
) -> Result<(), Error> {
    securely(connection, || {
        if execute(connection, &sql::reduce::<SqliteDialect>(id, input, outcome, at)?)? > 0 {
            execute(connection, &sql::purge_steps::<SqliteDialect>(id))?;
        }
        Ok(())
    })
}

pub fn delete(connection: &Connection, id: &ExecutionId, at: Timestamp) -> Result<(), Error> {
    securely(connection, || {
        if execute(connection, &sql::mark_deleted::<SqliteDialect>(id, at))? > 0 {
            execute(connection, &sql::purge_steps::<SqliteDialect>(id))?;
            execute(connection, &sql::delete::<SqliteDialect>(id))?;
        }
        Ok(())
    })
}

/// Deletes with zeros over what was there.
fn securely(
    connection: &Connection,
    work: impl FnOnce() -> Result<(), Error>,
) -> Result<(), Error> {
    let before = pragmas::set_secure_delete(connection, true).map_err(errors::of)?;
    let done = work();
    pragmas::set_secure_delete(connection, before).map_err(errors::of)?;
    done
}

pub fn answer_step(
    connection: &Connection,
    id: &ExecutionId,
    seq: u32,
    response: &Document,
    at: Timestamp,
) -> Result<(), Error> {
    match execute(connection, &sql::answer_step::<SqliteDialect>(id, seq, response, at)?)? {
        0 => Err(sql::no_open_step(id, seq)),
        _ => Ok(()),
    }
}
