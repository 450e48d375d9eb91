//! Which executions are due, and claiming them in one statement.

use super::dialect::PostgresDialect;
use super::statement;
use crate::error::Error;
use crate::execution::{Execution, Queue};
use crate::sql::dialect::Dialect as _;
use crate::sql::executions::{is_first_in_order, is_sent};
use crate::sql::row::{self, EXECUTION_COLUMNS};
use crate::sql::statement::Statement;
use crate::sql::value::values;
use crate::timestamp::to_micros;
use deadpool_postgres::ClientWrapper;
use jiff::Timestamp;

/// Executions that can be claimed.
pub async fn due(
    client: &ClientWrapper,
    now: Timestamp,
    queue: Queue,
    limit: u32,
) -> Result<Vec<Execution>, Error> {
    let sql = format!("SELECT {EXECUTION_COLUMNS} FROM executions WHERE {}", is_due(queue));
    let statement = Statement::new::<PostgresDialect>(sql, values![to_micros(now), limit]);
    statement::all(client, &statement, row::execution).await
}

/// Claims what is due and no other process is claiming at the same time, in one statement. Returns
/// the executions as they were before.
pub async fn claim(
    client: &ClientWrapper,
    now: Timestamp,
    queue: Queue,
    limit: u32,
    lease_until: Timestamp,
) -> Result<Vec<Execution>, Error> {
    let returned: Vec<String> = EXECUTION_COLUMNS
        .split(", ")
        .map(|column| match column.trim() {
            column @ ("state" | "attempt") => format!("picked.{column}"),
            column => format!("executions.{column}"),
        })
        .collect();
    let sql = format!(
        "WITH picked AS MATERIALIZED (SELECT id, state, attempt FROM executions WHERE {} \
         FOR UPDATE SKIP LOCKED) \
         UPDATE executions SET state = 'running', attempt = executions.attempt + 1, \
         lease_until = ?3 FROM picked WHERE executions.id = picked.id RETURNING {}",
        is_due(queue),
        returned.join(", ")
    );
    let values = values![to_micros(now), limit, to_micros(lease_until)];
    let statement = Statement::new::<PostgresDialect>(sql, values);
    let mut claimed = statement::all(client, &statement, row::execution).await?;
    claimed.sort_by(|a, b| (a.run_at, &a.id).cmp(&(b.run_at, &b.id)));
    Ok(claimed)
}

fn is_due(queue: Queue) -> String {
    let sent = is_sent();
    let in_queue = match queue {
        Queue::Gateway => sent,
        Queue::Local => format!("NOT {sent}"),
    };
    format!(
        "{} AND {in_queue} AND \
         CASE state WHEN 'running' THEN coalesce(lease_until, 0) <= ?1 ELSE run_at <= ?1 END \
         AND {} ORDER BY run_at, id LIMIT ?2",
        PostgresDialect::is_open("state"),
        is_first_in_order::<PostgresDialect>()
    )
}
