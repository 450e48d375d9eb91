//! Writes of executions and steps.

use super::rows;
use super::statement::{execute, query_opt};
use crate::error::Error;
use crate::execution::{Execution, ExecutionId, ExecutionUpdate, Step};
use crate::timestamp::to_micros;
use deadpool_postgres::ClientWrapper;
use jiff::Timestamp;
use serde_json::Value as Json;
use tokio_postgres::types::ToSql;

pub async fn insert(client: &ClientWrapper, execution: &Execution) -> Result<(), Error> {
    let sql = "INSERT INTO executions (id, kind, name, input, idempotency_key, fingerprint, state, \
               attempt, run_at, lease_until, outcome, error, ordering_key, created_at, \
               finished_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, \
               $15) \
               ON CONFLICT (kind, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING";
    let input = rows::of_document(&execution.input)?;
    let outcome = execution.outcome.as_ref().map(rows::to_text).transpose()?;
    let attempt = i64::from(execution.attempt);
    let state = execution.state.name();
    let (run_at, created) = (to_micros(execution.run_at), to_micros(execution.created_at));
    let lease = execution.lease_until.map(to_micros);
    let finished = execution.finished_at.map(to_micros);
    let values: [&(dyn ToSql + Sync); 15] = [
        &execution.id.as_str(),
        &execution.kind,
        &execution.name,
        &input,
        &execution.idempotency_key,
        &execution.fingerprint,
        &state,
        &attempt,
        &run_at,
        &lease,
        &outcome,
        &execution.error,
        &execution.ordering_key,
        &created,
        &finished,
    ];
    match execute(client, sql, &values).await? {
        0 => Err(Error::Conflict { existing: holder(client, execution).await? }),
        _ => Ok(()),
    }
}

async fn holder(client: &ClientWrapper, execution: &Execution) -> Result<ExecutionId, Error> {
    let sql = "SELECT id FROM executions WHERE kind = $1 AND idempotency_key = $2";
    let found = query_opt(client, sql, &[&execution.kind, &execution.idempotency_key]).await?;
    // Forgotten between the two statements, after 35 days: the caller tries again.
    let found = found.ok_or_else(|| Error::Busy("the holder of a key went away".into()))?;
    Ok(ExecutionId(rows::get(&found, 0)?))
}

pub async fn update(client: &ClientWrapper, update: &ExecutionUpdate) -> Result<(), Error> {
    let sql = "UPDATE executions SET state = $4, attempt = $5, run_at = $6, lease_until = $7, \
               outcome = coalesce($8, outcome), error = $9, finished_at = $10 \
               WHERE id = $1 AND state = ANY($2) AND attempt = coalesce($3, attempt)";
    let from: Vec<&str> = update.from.iter().map(|state| state.name()).collect();
    let from_attempt = update.from_attempt.map(i64::from);
    let (state, attempt) = (update.state.name(), i64::from(update.attempt));
    let run_at = to_micros(update.run_at);
    let lease = update.lease_until.map(to_micros);
    let outcome = update.outcome.as_ref().map(rows::to_text).transpose()?;
    let finished = update.finished_at.map(to_micros);
    let values: [&(dyn ToSql + Sync); 10] = [
        &update.id.as_str(),
        &from,
        &from_attempt,
        &state,
        &attempt,
        &run_at,
        &lease,
        &outcome,
        &update.error,
        &finished,
    ];
    match execute(client, sql, &values).await? {
        0 => Err(moved(client, update).await?),
        _ => Ok(()),
    }
}

async fn moved(client: &ClientWrapper, update: &ExecutionUpdate) -> Result<Error, Error> {
    let sql = "SELECT state, attempt FROM executions WHERE id = $1";
    let stand = query_opt(client, sql, &[&update.id.as_str()]).await?;
    Ok(Error::Gone(match stand {
        None => format!("execution {} does not exist", update.id),
        Some(row) => {
            let (state, attempt): (String, i64) = (rows::get(&row, 0)?, rows::get(&row, 1)?);
            format!("execution {} is {state} by now, at attempt {attempt}", update.id)
        }
    }))
}

pub async fn forget(
    client: &ClientWrapper,
    kind: &str,
    before: Timestamp,
    limit: u32,
) -> Result<(), Error> {
    let sql = "WITH old AS MATERIALIZED (SELECT id FROM executions WHERE kind = $1 \
               AND state = 'completed' AND finished_at < $2 ORDER BY finished_at LIMIT $3 \
               FOR UPDATE SKIP LOCKED) SELECT id FROM old";
    let statement = client.prepare_cached(sql).await.map_err(super::fault::of)?;
    let old = client
        .query(&statement, &[&kind, &to_micros(before), &i64::from(limit)])
        .await
        .map_err(super::fault::of)?;
    let old: Vec<String> = rows::all(&old, |row| rows::get(row, 0))?;
    for sql in [
        "DELETE FROM steps WHERE execution_id = ANY($1)",
        "DELETE FROM executions WHERE id = ANY($1)",
    ] {
        execute(client, sql, &[&old]).await?;
    }
    Ok(())
}

pub async fn insert_step(client: &ClientWrapper, step: &Step) -> Result<(), Error> {
    let sql = "INSERT INTO steps (execution_id, seq, kind, request, fingerprint, response, \
               template_hash, created_at, answered_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let request = rows::to_text(&step.request)?;
    let response = step.response.as_ref().map(rows::to_text).transpose()?;
    let created = to_micros(step.created_at);
    let answered = step.answered_at.map(to_micros);
    let values: [&(dyn ToSql + Sync); 9] = [
        &step.execution_id.as_str(),
        &i64::from(step.seq),
        &step.kind,
        &request,
        &step.fingerprint,
        &response,
        &step.template_hash,
        &created,
        &answered,
    ];
    execute(client, sql, &values).await.map(|_| ())
}

pub async fn forget_steps(client: &ClientWrapper, id: &ExecutionId) -> Result<(), Error> {
    let sql = "DELETE FROM steps WHERE execution_id = $1";
    execute(client, sql, &[&id.as_str()]).await.map(|_| ())
}

pub async fn answer_step(
    client: &ClientWrapper,
    id: &ExecutionId,
    seq: u32,
    response: &Json,
    at: Timestamp,
) -> Result<(), Error> {
    let sql = "UPDATE steps SET response = $3, answered_at = $4 \
               WHERE execution_id = $1 AND seq = $2 AND response IS NULL";
    let response = rows::to_text(response)?;
    let values: [&(dyn ToSql + Sync); 4] =
        [&id.as_str(), &i64::from(seq), &response, &to_micros(at)];
    match execute(client, sql, &values).await? {
        0 => Err(Error::Gone(format!("execution {id} has no open step {seq}"))),
        _ => Ok(()),
    }
}
