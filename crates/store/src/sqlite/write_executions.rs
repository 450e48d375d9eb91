//! Writes of executions and steps.

use super::{fault, rows};
use crate::error::Error;
use crate::execution::{Execution, ExecutionId, ExecutionUpdate, Step};
use crate::timestamp::to_micros;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::Value as Json;

pub fn insert(connection: &Connection, execution: &Execution) -> Result<(), Error> {
    let sql = "INSERT INTO executions (id, kind, name, input, idempotency_key, fingerprint, state, \
               attempt, run_at, lease_until, outcome, error, ordering_key, created_at, \
               finished_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
               ON CONFLICT (kind, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING";
    let mut statement = connection.prepare_cached(sql).map_err(fault::of)?;
    let values = params![
        execution.id.as_str(),
        execution.kind,
        execution.name,
        rows::of_document(&execution.input)?,
        execution.idempotency_key,
        execution.fingerprint,
        execution.state.name(),
        execution.attempt,
        to_micros(execution.run_at),
        execution.lease_until.map(to_micros),
        execution.outcome.as_ref().map(rows::to_text).transpose()?,
        execution.error,
        execution.ordering_key,
        to_micros(execution.created_at),
        execution.finished_at.map(to_micros),
    ];
    match statement.execute(values).map_err(fault::of)? {
        0 => Err(Error::Conflict { existing: holder(connection, execution)? }),
        _ => Ok(()),
    }
}

fn holder(connection: &Connection, execution: &Execution) -> Result<ExecutionId, Error> {
    let sql = "SELECT id FROM executions WHERE kind = ? AND idempotency_key = ?";
    let mut statement = connection.prepare_cached(sql).map_err(fault::of)?;
    let key = params![execution.kind, execution.idempotency_key];
    statement.query_row(key, |row| row.get(0).map(ExecutionId)).map_err(fault::of)
}

pub fn update(connection: &Connection, update: &ExecutionUpdate) -> Result<(), Error> {
    let sql = "UPDATE executions SET state = ?4, attempt = ?5, run_at = ?6, lease_until = ?7, \
               outcome = coalesce(?8, outcome), error = ?9, finished_at = ?10 \
               WHERE id = ?1 AND instr(?2, ' ' || state || ' ') > 0 \
               AND attempt = coalesce(?3, attempt)";
    let mut statement = connection.prepare_cached(sql).map_err(fault::of)?;
    let from: String = update.from.iter().map(|state| format!(" {} ", state.name())).collect();
    let values = params![
        update.id.as_str(),
        from,
        update.from_attempt,
        update.state.name(),
        update.attempt,
        to_micros(update.run_at),
        update.lease_until.map(to_micros),
        update.outcome.as_ref().map(rows::to_text).transpose()?,
        update.error,
        update.finished_at.map(to_micros),
    ];
    match statement.execute(values).map_err(fault::of)? {
        0 => Err(moved(connection, update)?),
        _ => Ok(()),
    }
}

fn moved(connection: &Connection, update: &ExecutionUpdate) -> Result<Error, Error> {
    let sql = "SELECT state, attempt FROM executions WHERE id = ?";
    let stand = connection
        .query_row(sql, [update.id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
        .map_err(fault::of)?;
    Ok(Error::Gone(match stand {
        None => format!("execution {} does not exist", update.id),
        Some((state, attempt)) => {
            let (state, attempt): (String, u32) = (state, attempt);
            format!("execution {} is {state} by now, at attempt {attempt}", update.id)
        }
    }))
}

pub fn forget(
    connection: &Connection,
    kind: &str,
    before: Timestamp,
    limit: u32,
) -> Result<(), Error> {
    let old = "SELECT id FROM executions WHERE kind = ?1 AND state = 'completed' \
               AND finished_at < ?2 ORDER BY finished_at LIMIT ?3";
    for sql in [
        format!("DELETE FROM steps WHERE execution_id IN ({old})"),
        format!("DELETE FROM executions WHERE id IN ({old})"),
    ] {
        let mut statement = connection.prepare_cached(&sql).map_err(fault::of)?;
        statement.execute(params![kind, to_micros(before), limit]).map_err(fault::of)?;
    }
    Ok(())
}

pub fn insert_step(connection: &Connection, step: &Step) -> Result<(), Error> {
    let sql = "INSERT INTO steps (execution_id, seq, kind, request, fingerprint, response, \
               template_hash, created_at, answered_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let mut statement = connection.prepare_cached(sql).map_err(fault::of)?;
    let values = params![
        step.execution_id.as_str(),
        step.seq,
        step.kind,
        rows::to_text(&step.request)?,
        step.fingerprint,
        step.response.as_ref().map(rows::to_text).transpose()?,
        step.template_hash,
        to_micros(step.created_at),
        step.answered_at.map(to_micros),
    ];
    statement.execute(values).map(|_| ()).map_err(fault::of)
}

pub fn answer_step(
    connection: &Connection,
    id: &ExecutionId,
    seq: u32,
    response: &Json,
    at: Timestamp,
) -> Result<(), Error> {
    let sql = "UPDATE steps SET response = ?3, answered_at = ?4 \
               WHERE execution_id = ?1 AND seq = ?2 AND response IS NULL";
    let mut statement = connection.prepare_cached(sql).map_err(fault::of)?;
    let values = params![id.as_str(), seq, rows::to_text(response)?, to_micros(at)];
    match statement.execute(values).map_err(fault::of)? {
        0 => Err(Error::Gone(format!("execution {id} has no open step {seq}"))),
        _ => Ok(()),
    }
}

pub fn forget_steps(connection: &Connection, id: &ExecutionId) -> Result<(), Error> {
    let sql = "DELETE FROM steps WHERE execution_id = ?";
    let mut statement = connection.prepare_cached(sql).map_err(fault::of)?;
    statement.execute([id.as_str()]).map(|_| ()).map_err(fault::of)
}
