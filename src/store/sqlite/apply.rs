//! Applies one write inside a transaction.

use crate::store::error::Error;
use crate::store::execution::{Execution, Step};
use crate::store::record::{Change, Record, RecordId};
use crate::store::sqlite::connection::explain;
use crate::store::sqlite::row::{self, micros};
use crate::store::write::{ExecutionMove, Write};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

type Done = Result<(), Error>;

/// Applies `write`; an error means that the whole batch has to be rolled back.
///
/// # Errors
/// [`Error::Conflict`], [`Error::Gone`], or what the database says.
pub fn apply(connection: &Connection, write: &Write) -> Done {
    match write {
        Write::RecordInsert(record) => insert_record(connection, record),
        Write::RecordUpdate { id, changes, at } => update_record(connection, *id, changes, *at),
        Write::RecordDelete { id, at } => {
            let sql = "UPDATE records SET deleted_at = ?2, updated_at = ?2 WHERE id = ?1";
            let changed = execute(connection, sql, params![id, micros(*at)])?;
            expect_one(changed, || format!("record {id}"))
        }
        Write::ExecutionInsert(execution) => insert_execution(connection, execution),
        Write::ExecutionUpdate(step) => move_execution(connection, step),
        Write::StepInsert(step) => insert_step(connection, step),
        Write::StepAnswer { execution_id, seq, response } => {
            let sql = "UPDATE steps SET response = ?3 WHERE execution_id = ?1 AND seq = ?2";
            let values = params![execution_id.as_str(), seq, response.to_string()];
            let changed = execute(connection, sql, values)?;
            expect_one(changed, || format!("step {seq} of {execution_id}"))
        }
        Write::ConstantSet { name, sealed } => {
            let sql = "INSERT INTO constants VALUES (?1, ?2) \
                       ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed";
            execute(connection, sql, params![name, sealed]).map(drop)
        }
        Write::SessionPut { hash, data, expires_at } => {
            let sql = "INSERT INTO sessions VALUES (?1, ?2, ?3) ON CONFLICT (hash) \
                       DO UPDATE SET data = excluded.data, expires_at = excluded.expires_at";
            let values = params![hash, data.to_string(), micros(*expires_at)];
            execute(connection, sql, values).map(drop)
        }
        Write::SessionDelete { hash } => {
            execute(connection, "DELETE FROM sessions WHERE hash = ?1", params![hash]).map(drop)
        }
        Write::ActivityInsert { uuid, payload, at } => {
            let sql = "INSERT INTO activities VALUES (?1, ?2, ?3)";
            execute(connection, sql, params![uuid, payload.to_string(), micros(*at)]).map(drop)
        }
    }
}

fn execute(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
) -> Result<usize, Error> {
    let mut statement = connection.prepare_cached(sql).map_err(|e| explain(&e))?;
    statement.execute(values).map_err(|e| explain(&e))
}

fn expect_one(changed: usize, what: impl FnOnce() -> String) -> Done {
    if changed == 1 { Ok(()) } else { Err(Error::Gone(what())) }
}

fn insert_record(connection: &Connection, record: &Record) -> Done {
    let properties = serde_json::Value::Object(record.properties.clone()).to_string();
    let sql = "INSERT INTO records VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let values = params![
        record.id,
        record.table,
        properties,
        record.user_id,
        record.external_id,
        micros(record.created_at),
        micros(record.updated_at),
        record.deleted_at.map(micros),
    ];
    execute(connection, sql, values).map(drop)
}

fn update_record(
    connection: &Connection,
    id: RecordId,
    changes: &[(String, Change)],
    at: Timestamp,
) -> Done {
    let sql = format!("SELECT {} FROM records WHERE id = ?1", row::RECORD);
    let found = connection
        .prepare_cached(&sql)
        .and_then(|mut statement| statement.query_row([id], row::record).optional())
        .map_err(|e| explain(&e))?;
    let mut record = found.ok_or_else(|| Error::Gone(format!("record {id}")))?;
    record.apply(changes, at);
    let properties = serde_json::Value::Object(record.properties).to_string();
    let sql = "UPDATE records SET properties = ?2, updated_at = ?3 WHERE id = ?1";
    execute(connection, sql, params![id, properties, micros(at)]).map(drop)
}

fn insert_execution(connection: &Connection, execution: &Execution) -> Done {
    let sql = "INSERT INTO executions VALUES \
               (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) \
               ON CONFLICT (kind, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING";
    let values = params![
        execution.id.as_str(),
        execution.kind,
        execution.name,
        execution.input.to_string(),
        execution.idempotency_key,
        execution.fingerprint,
        execution.state.name(),
        execution.attempt,
        micros(execution.run_at),
        execution.lease_until.map(micros),
        execution.outcome.as_ref().map(ToString::to_string),
        execution.error,
        execution.ordering_key,
        micros(execution.created_at),
        execution.finished_at.map(micros),
    ];
    if execute(connection, sql, values)? == 1 {
        return Ok(());
    }
    let sql = "SELECT id FROM executions WHERE kind = ?1 AND idempotency_key = ?2";
    let existing = connection
        .query_row(sql, params![execution.kind, execution.idempotency_key], |row| row.get(0))
        .map_err(|e| explain(&e))?;
    Err(Error::Conflict { existing })
}

fn move_execution(connection: &Connection, to: &ExecutionMove) -> Done {
    let from: Vec<String> = to.from.iter().map(|state| format!("'{}'", state.name())).collect();
    let sql = format!(
        "UPDATE executions SET state = ?2, attempt = ?3, run_at = ?4, lease_until = ?5, \
         outcome = COALESCE(?6, outcome), error = ?7, finished_at = ?8 \
         WHERE id = ?1 AND state IN ({})",
        from.join(", ")
    );
    let values = params![
        to.id.as_str(),
        to.state.name(),
        to.attempt,
        micros(to.run_at),
        to.lease_until.map(micros),
        to.outcome.as_ref().map(ToString::to_string),
        to.error,
        to.finished_at.map(micros),
    ];
    let changed = execute(connection, &sql, values)?;
    expect_one(changed, || format!("execution {}", to.id))
}

fn insert_step(connection: &Connection, step: &Step) -> Done {
    let sql = "INSERT INTO steps VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
    let values = params![
        step.execution_id.as_str(),
        step.seq,
        step.kind,
        step.request.to_string(),
        step.response.as_ref().map(ToString::to_string),
        step.template_hash,
        micros(step.created_at),
    ];
    let changed = execute(connection, sql, values)?;
    expect_one(changed, || format!("place {} in {}", step.seq, step.execution_id))
}
