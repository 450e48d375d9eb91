//! Indexes over properties: made and dropped while every process writes on.

use super::dialect::PostgresDialect;
use super::errors;
use crate::error::Error;
use crate::property_index::{IndexError, PropertyIndex, PropertyIndexes};
use crate::sql::property_index::{PREFIX, database_indexes, existing};
use deadpool_postgres::ClientWrapper;
use std::time::Duration;

// "Slui" and "cex": the lock that a process holds while it makes indexes.
const LOCK: &str = "SELECT pg_try_advisory_lock(1399616873, 6513016)";
const UNLOCK: &str = "SELECT pg_advisory_unlock(1399616873, 6513016)";
/// How long to wait until another process has made its indexes, before the next look.
const LOCK_WAIT: Duration = Duration::from_millis(100);

/// Makes the wanted indexes and drops all others; one process after the other.
pub async fn set(
    client: &ClientWrapper,
    wanted: &[PropertyIndex],
) -> Result<(PropertyIndexes, Vec<IndexError>), Error> {
    // Not by waiting in the server: an index is made only when every query that was running has
    // ended, so two processes would wait for each other.
    while !client.query_one(LOCK, &[]).await.map_err(errors::of)?.get::<_, bool>(0) {
        tokio::time::sleep(LOCK_WAIT).await;
    }
    let done = set_locked(client, wanted).await;
    client.execute(UNLOCK, &[]).await.map_err(errors::of)?;
    done
}

async fn set_locked(
    client: &ClientWrapper,
    wanted: &[PropertyIndex],
) -> Result<(PropertyIndexes, Vec<IndexError>), Error> {
    let all = database_indexes::<PostgresDialect>(wanted);
    let run = async |sql: String| client.batch_execute(&sql).await.map_err(errors::of);
    let drop = async |name: &str| run(format!("DROP INDEX CONCURRENTLY IF EXISTS {name}")).await;
    let mut present = Vec::new();
    for (name, is_valid) in names(client).await? {
        // One is not valid when its process died, or its values were refused.
        match is_valid && all.iter().any(|one| one.name == name) {
            true => present.push(name),
            false => drop(&name).await?,
        }
    }
    let mut failed = Vec::new();
    for one in all.iter().filter(|one| !present.contains(&one.name)) {
        match run(one.create("CONCURRENTLY ")).await {
            Ok(()) => {}
            Err(error @ Error::Refused(_)) => {
                drop(&one.name).await?;
                failed.push(IndexError { index: one.index.clone(), error });
            }
            Err(error) => return Err(error),
        }
    }
    let valid = names(client).await?.into_iter().filter(|(_, is_valid)| *is_valid);
    let valid: Vec<_> = valid.map(|(name, _)| name).collect();
    Ok((existing(&all, &valid), failed))
}

/// The names of the indexes over properties, and whether each is valid.
async fn names(client: &ClientWrapper) -> Result<Vec<(String, bool)>, Error> {
    let sql = "SELECT pg_class.relname::text, pg_index.indisvalid FROM pg_index \
               JOIN pg_class ON pg_class.oid = pg_index.indexrelid \
               WHERE pg_index.indrelid = to_regclass('records') \
               AND starts_with(pg_class.relname::text, $1)";
    let rows = client.query(sql, &[&PREFIX]).await.map_err(errors::of)?;
    rows.iter()
        .map(|row| Ok((row.try_get(0).map_err(errors::of)?, row.try_get(1).map_err(errors::of)?)))
        .collect()
}
