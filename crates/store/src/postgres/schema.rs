//! The schema steps: applied in order, each once, by whoever comes first.

use super::fault;
use crate::error::Error;
use sluicegate_failpoint::failpoint;
use tokio_postgres::Client;

const STEPS: &[&str] =
    &[include_str!("schema/0001_house.sql"), include_str!("schema/0002_sent.sql")];

// "Slui" and "ceg": the lock that a process holds while it looks for steps and applies them.
const LOCK: &str = "SELECT pg_advisory_xact_lock(1399616873, 6513511)";

/// Brings the database to the newest step, in one transaction: another process that starts at the
/// same moment waits, and then finds nothing left to do.
pub async fn bring_up_to_date(client: &mut Client) -> Result<(), Error> {
    let transaction = client.transaction().await.map_err(fault::of)?;
    transaction.batch_execute(LOCK).await.map_err(fault::of)?;
    let encoding = transaction.query_one("SHOW server_encoding", &[]).await.map_err(fault::of)?;
    let encoding: String = encoding.try_get(0).map_err(fault::of)?;
    if encoding != "UTF8" {
        return Err(Error::Broken(format!("the database is in {encoding}, and has to be in UTF8")));
    }
    let is_there = "SELECT to_regclass('schema_steps') IS NOT NULL, \
                    to_regclass('executions') IS NOT NULL OR to_regclass('records') IS NOT NULL";
    let row = transaction.query_one(is_there, &[]).await.map_err(fault::of)?;
    let (ours, others): (bool, bool) = (super::rows::get(&row, 0)?, super::rows::get(&row, 1)?);
    if !ours && others {
        return Err(Error::Broken("the database has tables of another program".into()));
    }
    if !ours {
        let make = "CREATE TABLE schema_steps (step BIGINT PRIMARY KEY, \
                    applied_at TIMESTAMPTZ NOT NULL DEFAULT now())";
        transaction.batch_execute(make).await.map_err(fault::of)?;
    }
    let done = "SELECT coalesce(max(step), 0) FROM schema_steps";
    let done = transaction.query_one(done, &[]).await.map_err(fault::of)?;
    let done = super::rows::small(&done, 0)? as usize;
    if done > STEPS.len() {
        return Err(Error::Broken(format!(
            "the database is at schema step {done}, this program knows {}: it was written by a \
             newer version",
            STEPS.len()
        )));
    }
    for (place, step) in STEPS.iter().enumerate().skip(done) {
        transaction.batch_execute(step).await.map_err(fault::of)?;
        let number = i64::try_from(place + 1).expect("there are few steps");
        let note = "INSERT INTO schema_steps (step) VALUES ($1)";
        transaction.execute(note, &[&number]).await.map_err(fault::of)?;
    }
    // Of processes that are long gone: a process writes its own anew with every transaction.
    let old = "DELETE FROM writers WHERE at < now() - interval '30 days'";
    transaction.batch_execute(old).await.map_err(fault::of)?;
    failpoint!("schema_before_commit");
    transaction.commit().await.map_err(fault::of)
}
