//! Tests of the store: one conformance suite for every database, and tests only for SQLite.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic, and explains itself")]

mod commits;
mod executions;
mod filters;
mod plan_queries;
mod plans;
#[path = "../../../../tests/it/support/postgres.rs"]
#[allow(dead_code, reason = "the other tests use more of it")]
mod postgres;
mod property_indexes;
mod records;
mod speed;
mod sqlite;
mod states;

use jiff::Timestamp;
use postgres::shared;
use serde_json::{Map, Value as Json, json};
use sluicegate_store::contract::Store;
use sluicegate_store::execution::{Execution, ExecutionId, ExecutionUpdate, State, Step};
use sluicegate_store::postgres::database::Postgres;
use sluicegate_store::record::{Record, RecordId};
use sluicegate_store::sqlite::database::Sqlite;
use sluicegate_store::write::Write;
use std::sync::Arc;

/// An empty database, deleted when it is dropped.
pub struct Opened {
    pub store: Arc<dyn Store>,
    _folder: Option<tempfile::TempDir>,
}

/// The databases that the suite runs on.
pub fn databases() -> Vec<Opened> {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Sqlite::open(&folder.path().join("data/test.db")).unwrap());
    let mut all = vec![Opened { store, _folder: Some(folder) }];
    if let Some(cluster) = shared() {
        let store = Arc::new(Postgres::open(&cluster.database()).unwrap());
        all.push(Opened { store, _folder: None });
    }
    all
}

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

pub fn map(value: Json) -> Map<String, Json> {
    value.as_object().unwrap().clone()
}

/// Stores records of table `t` and returns their ids.
pub fn insert(store: &dyn Store, rows: &[Json]) -> Vec<RecordId> {
    let records: Vec<_> = rows
        .iter()
        .map(|row| Record::new(store.next_record_id().unwrap(), "t", map(row.clone()), at(0)))
        .collect();
    let ids = records.iter().map(|record| record.id).collect();
    store.commit(records.into_iter().map(Write::RecordInsert).collect()).unwrap();
    ids
}

pub fn execution(id: &str, key: Option<&str>) -> Execution {
    Execution {
        id: ExecutionId::from(id),
        kind: "request_type".into(),
        name: "create_payment".into(),
        input: json!({"data": {"amount": 500}}).into(),
        idempotency_key: key.map(str::to_owned),
        fingerprint: "print".into(),
        state: State::Running,
        attempt: 1,
        run_at: at(0),
        lease_until: Some(at(30)),
        outcome: None,
        error: None,
        ordering_key: None,
        created_at: at(0),
        finished_at: None,
    }
}

pub fn step(id: &str, seq: u32) -> Step {
    Step {
        execution_id: ExecutionId::from(id),
        seq,
        kind: "api_call".into(),
        request: json!({"body": "amount=500", "headers": {"Authorization": "v1.sealed"}}).into(),
        fingerprint: "print".into(),
        response: None,
        template_hash: Some("hash".into()),
        created_at: at(1),
        answered_at: None,
    }
}

pub fn completed(id: &str) -> ExecutionUpdate {
    ExecutionUpdate {
        id: ExecutionId::from(id),
        from: vec![State::Running],
        from_attempt: Some(1),
        state: State::Completed,
        attempt: 1,
        run_at: at(0),
        lease_until: None,
        outcome: Some(json!({"state": "completed"}).into()),
        error: None,
        finished_at: Some(at(2)),
    }
}
