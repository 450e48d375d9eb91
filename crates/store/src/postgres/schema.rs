//! The schema steps: applied in order, each once, by the first process that opens the database.

use super::errors;
use crate::error::Error;
use crate::sql::row;
use sluicegate_failpoint::failpoint;
use tokio_postgres::{Client, GenericClient};

const STEPS: &[&str] = &[
    include_str!("schema/0001_tables.sql"),
    include_str!("schema/0002_gateway_queue.sql"),
    include_str!("schema/0003_session_user.sql"),
    include_str!("schema/0004_reduced.sql"),
    include_str!("schema/0005_newest_first.sql"),
    include_str!("schema/0006_property_indexes.sql"),
];

// "Slui" and "ceg": the lock that a process holds while it applies steps.
const LOCK: &str = "SELECT pg_advisory_xact_lock(1399616873, 6513511)";

/// How many steps this program knows.
pub const STEPS_KNOWN: usize = STEPS.len();

/// How many steps a database has; `None` for an empty one.
///
/// # Errors
/// [`Error::Broken`] when it belongs to another program, or to a newer version of this one.
pub async fn steps_done(client: &impl GenericClient) -> Result<Option<usize>, Error> {
    let existing = "SELECT to_regclass('schema_steps') IS NOT NULL, \
                    to_regclass('executions') IS NOT NULL OR to_regclass('records') IS NOT NULL";
    let row = client.query_one(existing, &[]).await.map_err(errors::of)?;
    let (is_ours, is_foreign): (bool, bool) =
        (row.try_get(0).map_err(errors::of)?, row.try_get(1).map_err(errors::of)?);
    if !is_ours && is_foreign {
        return Err(Error::Broken("the database belongs to another program".into()));
    }
    if !is_ours {
        return Ok(None);
    }
    let done = "SELECT coalesce(max(step), 0) FROM schema_steps";
    let done = client.query_one(done, &[]).await.map_err(errors::of)?;
    let done = usize::try_from(row::unsigned(&done, 0)?).unwrap_or(usize::MAX);
    if done > STEPS.len() {
        return Err(Error::Broken(format!(
            "the database is at schema step {done}, this program knows {}: a newer version wrote \
             it",
            STEPS.len()
        ).into()));
    }
    Ok(Some(done))
}

/// Applies the missing steps in one transaction: another process that starts at the same time
/// waits, and then finds none missing.
pub async fn apply_schema(client: &mut Client) -> Result<(), Error> {
    let transaction = client.transaction().await.map_err(errors::of)?;
    transaction.batch_execute(LOCK).await.map_err(errors::of)?;
    let encoding = transaction.query_one("SHOW server_encoding", &[]).await.map_err(errors::of)?;
    let encoding: String = encoding.try_get(0).map_err(errors::of)?;
    if encoding != "UTF8" {
        return Err(Error::Broken(
            format!("the database has the encoding {encoding}; it must be UTF8").into(),
        ));
    }
    let done = match steps_done(&transaction).await? {
        Some(done) => done,
        None => {
            let create = "CREATE TABLE schema_steps (step BIGINT PRIMARY KEY, \
                          applied_at TIMESTAMPTZ NOT NULL DEFAULT now())";
            transaction.batch_execute(create).await.map_err(errors::of)?;
            0
        }
    };
    for (index, step) in STEPS.iter().enumerate().skip(done) {
        transaction.batch_execute(step).await.map_err(errors::of)?;
        let number = i64::try_from(index + 1).expect("the steps are few");
        let insert = "INSERT INTO schema_steps (step) VALUES ($1)";
        transaction.execute(insert, &[&number]).await.map_err(errors::of)?;
    }
    // Of processes that ended long ago: a process updates its own in every transaction.
    let old = "DELETE FROM writers WHERE at < now() - interval '30 days'";
    transaction.batch_execute(old).await.map_err(errors::of)?;
    failpoint!("schema_before_commit");
    transaction.commit().await.map_err(errors::of)
}
