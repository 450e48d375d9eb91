//! Writes of executions and steps.

use super::dialect::Dialect;
use super::json::{to_json, to_text};
use super::row::{self, Row};
use super::statement::Statement;
use super::value::values;
use crate::document::Document;
use crate::error::Error;
use crate::execution::{Execution, ExecutionId, ExecutionUpdate, Step};
use crate::timestamp::to_micros;
use jiff::Timestamp;
use serde_json::Value as Json;

/// Inserts an execution, unless its kind and idempotency key are taken. One with an ordering key is
/// created after every other of that key, even if the clock was set back in between.
pub fn insert<D: Dialect>(execution: &Execution) -> Result<Statement<'_>, Error> {
    let created_at = match execution.ordering_key {
        None => "?14".to_owned(),
        Some(_) => format!(
            "{}(?14, coalesce((SELECT max(created_at) + 1 FROM executions \
             WHERE ordering_key = ?13), ?14))",
            D::GREATEST
        ),
    };
    let sql = format!(
        "INSERT INTO executions (id, kind, name, input, idempotency_key, fingerprint, state, \
         attempt, run_at, lease_until, outcome, error, ordering_key, created_at, finished_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, {created_at}, ?15) \
         ON CONFLICT (kind, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING"
    );
    let values = values![
        execution.id.as_str(),
        &execution.kind,
        &execution.name,
        to_text(&execution.input)?,
        execution.idempotency_key.as_deref(),
        &execution.fingerprint,
        execution.state.name(),
        execution.attempt,
        to_micros(execution.run_at),
        execution.lease_until.map(to_micros),
        execution.outcome.as_ref().map(to_text).transpose()?,
        execution.error.as_deref(),
        execution.ordering_key.as_deref(),
        to_micros(execution.created_at),
        execution.finished_at.map(to_micros),
    ];
    Ok(Statement::new::<D>(sql, values))
}

/// The id of the execution that holds the same kind and idempotency key.
pub fn execution_with_key<D: Dialect>(execution: &Execution) -> Statement<'_> {
    let sql = "SELECT id FROM executions WHERE kind = ?1 AND idempotency_key = ?2";
    Statement::new::<D>(sql, values![&execution.kind, execution.idempotency_key.as_deref()])
}

/// Moves an execution to another state, if it is in one of the expected ones.
pub fn update<D: Dialect>(update: &ExecutionUpdate) -> Result<Statement<'_>, Error> {
    let sql = format!(
        "UPDATE executions SET state = ?4, attempt = ?5, run_at = ?6, lease_until = ?7, \
         outcome = coalesce(?8, outcome), error = ?9, finished_at = ?10 \
         WHERE id = ?1 AND {} AND attempt = coalesce(?3, attempt)",
        D::state_is_guarded("?2")
    );
    let values = values![
        update.id.as_str(),
        D::guard(&update.from),
        update.from_attempt,
        update.state.name(),
        update.attempt,
        to_micros(update.run_at),
        update.lease_until.map(to_micros),
        update.outcome.as_ref().map(to_text).transpose()?,
        update.error.as_deref(),
        update.finished_at.map(to_micros),
    ];
    Ok(Statement::new::<D>(sql, values))
}

/// The present state and attempt of an execution that an update did not find in the expected ones.
pub fn current_state<D: Dialect>(id: &ExecutionId) -> Statement<'_> {
    let sql = "SELECT state, attempt FROM executions WHERE id = ?1";
    Statement::new::<D>(sql, values![id.as_str()])
}

/// Why an update changed nothing, from the row of [`current_state`].
pub fn gone(id: &ExecutionId, current: Option<&dyn Row>) -> Result<Error, Error> {
    Ok(Error::Gone(match current {
        None => format!("execution {id} does not exist"),
        Some(row) => {
            let (state, attempt) = (row::string(row, 0)?, row::unsigned(row, 1)?);
            format!("execution {id} is now {state}, at attempt {attempt}")
        }
    }))
}

/// Shortens the waits of open executions whose times come from a clock that has been set back.
pub fn clock_set_back<D: Dialect>(
    now: Timestamp,
    leases_until: Timestamp,
    waits_until: Timestamp,
) -> Statement<'static> {
    let sql = format!(
        "UPDATE executions SET \
         lease_until = CASE WHEN state = 'running' THEN ?1 ELSE lease_until END, \
         run_at = CASE state WHEN 'running' THEN run_at \
                  WHEN 'available' THEN ?1 + {}(0, run_at - created_at) ELSE ?1 END \
         WHERE (state = 'running' AND lease_until > ?2) \
         OR (state IN ('retryable', 'unknown') AND run_at > ?3) \
         OR (state = 'available' AND created_at > ?3)",
        D::GREATEST
    );
    let values = values![to_micros(now), to_micros(leases_until), to_micros(waits_until)];
    Statement::new::<D>(sql, values)
}

/// Inserts a step.
pub fn insert_step<D: Dialect>(step: &Step) -> Result<Statement<'_>, Error> {
    let sql = "INSERT INTO steps (execution_id, seq, kind, request, fingerprint, response, \
               template_hash, created_at, answered_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let values = values![
        step.execution_id.as_str(),
        step.seq,
        &step.kind,
        to_text(&step.request)?,
        &step.fingerprint,
        step.response.as_ref().map(to_text).transpose()?,
        step.template_hash.as_deref(),
        to_micros(step.created_at),
        step.answered_at.map(to_micros),
    ];
    Ok(Statement::new::<D>(sql, values))
}

/// Records the answer of a step that has none.
pub fn answer_step<'a, D: Dialect>(
    id: &'a ExecutionId,
    seq: u32,
    response: &'a Document,
    at: Timestamp,
) -> Result<Statement<'a>, Error> {
    let sql = "UPDATE steps SET response = ?3, answered_at = ?4 \
               WHERE execution_id = ?1 AND seq = ?2 AND response IS NULL";
    let values = values![id.as_str(), seq, to_text(response)?, to_micros(at)];
    Ok(Statement::new::<D>(sql, values))
}

/// The error of an answer that found no open step.
pub fn no_open_step(id: &ExecutionId, seq: u32) -> Error {
    Error::Gone(format!("execution {id} has no open step {seq}"))
}

/// Marks a finished execution as reduced, and replaces what it keeps. It locks the row, so that
/// nobody opens the execution again before its steps are deleted.
pub fn reduce<'a, D: Dialect>(
    id: &'a ExecutionId,
    input: &Json,
    outcome: Option<&Json>,
    at: Timestamp,
) -> Result<Statement<'a>, Error> {
    let sql = "UPDATE executions SET input = ?2, outcome = ?3, error = NULL, reduced_at = ?4 \
               WHERE id = ?1 AND (state = 'completed' OR state = 'discarded') \
               AND reduced_at IS NULL";
    let outcome = outcome.map(to_json).transpose()?;
    let values = values![id.as_str(), to_json(input)?, outcome, to_micros(at)];
    Ok(Statement::new::<D>(sql, values))
}

/// Marks a finished execution that is deleted next, and locks its row.
pub fn mark_deleted<D: Dialect>(id: &ExecutionId, at: Timestamp) -> Statement<'_> {
    let sql = "UPDATE executions SET reduced_at = ?2 \
               WHERE id = ?1 AND (state = 'completed' OR state = 'discarded')";
    Statement::new::<D>(sql, values![id.as_str(), to_micros(at)])
}

/// Deletes an execution without steps.
pub fn delete<D: Dialect>(id: &ExecutionId) -> Statement<'_> {
    Statement::new::<D>("DELETE FROM executions WHERE id = ?1", values![id.as_str()])
}

/// Deletes the steps of an execution.
pub fn purge_steps<D: Dialect>(id: &ExecutionId) -> Statement<'_> {
    Statement::new::<D>("DELETE FROM steps WHERE execution_id = ?1", values![id.as_str()])
}
