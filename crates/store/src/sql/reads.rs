//! Look-ups by key, and the lists without conditions.

use super::dialect::Dialect;
use super::page::{Listing, PageStatement};
use super::row::{EXECUTION_COLUMNS, STEP_COLUMNS};
use super::statement::{Bindings, Statement};
use super::value::values;
use crate::execution::ExecutionId;
use crate::page::Paging;
use crate::record::RecordId;
use std::borrow::Cow;

/// A record.
pub fn record<D: Dialect>(id: RecordId) -> Statement<'static> {
    let sql = format!("SELECT {} FROM records WHERE id = ?1", D::RECORD_COLUMNS);
    Statement::new::<D>(sql, values![id])
}

/// An execution.
pub fn execution<D: Dialect>(id: &ExecutionId) -> Statement<'_> {
    let sql = format!("SELECT {EXECUTION_COLUMNS} FROM executions WHERE id = ?1");
    Statement::new::<D>(sql, values![id.as_str()])
}

/// The execution that holds an idempotency key.
pub fn execution_by_key<'a, D: Dialect>(kind: &'a str, key: &'a str) -> Statement<'a> {
    let sql = format!(
        "SELECT {EXECUTION_COLUMNS} FROM executions WHERE kind = ?1 AND idempotency_key = ?2"
    );
    Statement::new::<D>(sql, values![kind, key])
}

/// The steps of an execution, in order.
pub fn steps<D: Dialect>(id: &ExecutionId) -> Statement<'_> {
    let sql = format!("SELECT {STEP_COLUMNS} FROM steps WHERE execution_id = ?1 ORDER BY seq");
    Statement::new::<D>(sql, values![id.as_str()])
}

/// All constants, by name.
pub fn constants<D: Dialect>() -> Statement<'static> {
    Statement::new::<D>("SELECT name, sealed, updated_at FROM constants ORDER BY name", values![])
}

/// A session.
pub fn session<D: Dialect>(id_hash: &str) -> Statement<'_> {
    let sql = "SELECT id_hash, data, user_id, expires_at FROM sessions WHERE id_hash = ?1";
    Statement::new::<D>(sql, values![id_hash])
}

/// Activities, newest first; only those with these ids when there are any.
pub fn activities<D: Dialect>(uuids: &[String], paging: Paging) -> PageStatement<'_> {
    let mut bindings = Bindings::<D>::new();
    let conditions = match uuids {
        [] => "TRUE".to_owned(),
        uuids => {
            let uuids: Vec<_> = uuids.iter().map(|uuid| Cow::Borrowed(uuid.as_str())).collect();
            D::is_one_of("uuid", &bindings.bind(uuids))
        }
    };
    let listing = Listing {
        columns: "uuid, payload, created_at",
        table: "activities",
        conditions,
        condition_values: bindings.len(),
        order: "id DESC".into(),
    };
    PageStatement::new(listing, bindings, paging)
}
