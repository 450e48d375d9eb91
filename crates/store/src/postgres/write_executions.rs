//! Writes of executions and steps, and the errors of those that change nothing.

use super::dialect::PostgresDialect;
use super::statement::{all, execute, one};
use crate::document::Document;
use crate::error::Error;
use crate::execution::{Execution, ExecutionId, ExecutionUpdate};
use crate::sql::statement::Statement;
use crate::sql::value::{Value, values};
use crate::sql::{row, write_executions as sql};
use crate::timestamp::to_micros;
use deadpool_postgres::ClientWrapper;
use jiff::Timestamp;
use serde_json::Value as Json;
use std::borrow::Cow;

pub async fn insert(client: &ClientWrapper, execution: &Execution) -> Result<(), Error> {
    if execute(client, &sql::insert::<PostgresDialect>(execution)?).await? > 0 {
        return Ok(());
    }
    let holder = sql::execution_with_key::<PostgresDialect>(execution);
    Err(match one(client, &holder, row::first_string).await? {
        Some(id) => Error::Conflict { existing: ExecutionId(id) },
        // Purged between the two statements, after 35 days: the caller tries again.
        None => Error::Busy("the holder of the idempotency key was purged just now".into()),
    })
}

pub async fn update(client: &ClientWrapper, update: &ExecutionUpdate) -> Result<(), Error> {
    if execute(client, &sql::update::<PostgresDialect>(update)?).await? > 0 {
        return Ok(());
    }
    let id = &update.id;
    let current = sql::current_state::<PostgresDialect>(id);
    let gone = one(client, &current, |row| sql::gone(id, Some(row))).await?;
    gone.map_or_else(|| sql::gone(id, None), Ok).and_then(Err)
}

/// Deletes the steps before their executions, which they refer to; what another process is purging
/// is left to it.
pub async fn purge(
    client: &ClientWrapper,
    kind: &str,
    before: Timestamp,
    limit: u32,
) -> Result<(), Error> {
    let sql = "WITH old AS MATERIALIZED (SELECT id FROM executions WHERE kind = ?1 \
               AND state = 'completed' AND finished_at < ?2 AND reduced_at IS NULL \
               ORDER BY finished_at LIMIT ?3 \
               FOR UPDATE SKIP LOCKED) SELECT id FROM old";
    let old = Statement::new::<PostgresDialect>(sql, values![kind, to_micros(before), limit]);
    let old: Vec<_> =
        all(client, &old, row::first_string).await?.into_iter().map(Cow::Owned).collect();
    for sql in [
        "DELETE FROM steps WHERE execution_id = ANY(?1)",
        "DELETE FROM executions WHERE id = ANY(?1)",
    ] {
        let ids = vec![Value::Texts(old.clone())];
        execute(client, &Statement::new::<PostgresDialect>(sql, ids)).await?;
    }
    Ok(())
}

pub async fn reduce(
    client: &ClientWrapper,
    id: &ExecutionId,
    input: &Json,
    outcome: Option<&Json>,
    at: Timestamp,
) -> Result<(), Error> {
    let reduce = sql::reduce::<PostgresDialect>(id, input, outcome, at)?;
    if execute(client, &reduce).await? > 0 {
        execute(client, &sql::purge_steps::<PostgresDialect>(id)).await?;
    }
    Ok(())
}

pub async fn delete(client: &ClientWrapper, id: &ExecutionId, at: Timestamp) -> Result<(), Error> {
    if execute(client, &sql::mark_deleted::<PostgresDialect>(id, at)).await? > 0 {
        execute(client, &sql::purge_steps::<PostgresDialect>(id)).await?;
        execute(client, &sql::delete::<PostgresDialect>(id)).await?;
    }
    Ok(())
}

pub async fn answer_step(
    client: &ClientWrapper,
    id: &ExecutionId,
    seq: u32,
    response: &Document,
    at: Timestamp,
) -> Result<(), Error> {
    match execute(client, &sql::answer_step::<PostgresDialect>(id, seq, response, at)?).await? {
        0 => Err(sql::no_open_step(id, seq)),
        _ => Ok(()),
    }
}
