//! Statements that stay prepared on their connection: the server plans them once.

use super::{fault, rows};
use crate::error::Error;
use crate::page::last_page_total;
use deadpool_postgres::ClientWrapper;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

/// How many a connection keeps: more than any instance has, unless queries from outside name ever
/// new properties.
const KEPT_MAX: usize = 500;

async fn prepared(client: &ClientWrapper, sql: &str) -> Result<Statement, Error> {
    if client.statement_cache.size() >= KEPT_MAX {
        client.statement_cache.clear();
    }
    client.prepare_cached(sql).await.map_err(fault::of)
}

/// Runs a statement; how many rows it touched.
pub async fn execute(
    client: &ClientWrapper,
    sql: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<u64, Error> {
    let statement = prepared(client, sql).await?;
    client.execute(&statement, values).await.map_err(fault::of)
}

/// The rows of a query.
pub async fn query(
    client: &ClientWrapper,
    sql: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, Error> {
    let statement = prepared(client, sql).await?;
    client.query(&statement, values).await.map_err(fault::of)
}

/// The only row of a query, if there is one.
pub async fn query_opt(
    client: &ClientWrapper,
    sql: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Option<Row>, Error> {
    let statement = prepared(client, sql).await?;
    client.query_opt(&statement, values).await.map_err(fault::of)
}

/// How many rows there are over all pages, when one of them has so many: `counting` is asked only
/// when that page does not tell.
pub async fn total(
    client: &ClientWrapper,
    (rows, page, per_page): (usize, u32, u32),
    counting: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<u64, Error> {
    if let Some(total) = last_page_total(rows, page, per_page) {
        return Ok(total);
    }
    let counted = query_opt(client, counting, values).await?;
    let total = counted.map(|row| rows::get::<i64>(&row, 0)).transpose()?.unwrap_or(0);
    Ok(u64::try_from(total).unwrap_or(0))
}
