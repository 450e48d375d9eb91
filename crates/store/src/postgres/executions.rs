//! Execution queries as SQL.

use super::filter::Sql;
use super::{rows, statement};
use crate::error::Error;
use crate::execution::{Execution, ExecutionQuery, Queue, State};
use crate::page::Page;
use crate::timestamp::{from_micros, to_micros};
use deadpool_postgres::ClientWrapper;
use jiff::Timestamp;

/// Nothing overtakes what came before it and has not ended.
const FIRST: &str = "(ordering_key IS NULL OR NOT EXISTS (SELECT 1 FROM executions AS before \
     WHERE before.ordering_key = executions.ordering_key \
     AND before.state IN ('available', 'running', 'retryable', 'unknown') \
     AND (before.created_at, before.id) < (executions.created_at, executions.id)))";

/// The page a query asks for, with its totals.
pub async fn page(
    client: &ClientWrapper,
    query: &ExecutionQuery,
) -> Result<Page<Execution>, Error> {
    let (page, per_page) = (query.page.max(1), query.per_page.max(1));
    let mut sql = Sql::default();
    let conditions = conditions(query, &mut sql);
    let asked = sql.values().len();
    let limit = sql.whole(i64::from(per_page));
    let offset = sql.whole((i64::from(page) - 1) * i64::from(per_page));
    let reading = format!(
        "SELECT {} FROM executions WHERE {conditions} ORDER BY created_at DESC, id DESC \
         LIMIT {limit} OFFSET {offset}",
        rows::EXECUTION
    );
    let values = sql.values();
    let found = statement::query(client, &reading, &values).await?;
    let results = rows::all(&found, rows::to_execution)?;
    let counting = format!("SELECT count(*) FROM executions WHERE {conditions}");
    let shown = (results.len(), page, per_page);
    let total_entries = statement::total(client, shown, &counting, &values[..asked]).await?;
    Ok(Page { results, total_entries, current_page: page, per_page })
}

fn due_of(queue: Queue) -> String {
    let sent = "kind IN ('request_type', 'api_call')";
    let queue = match queue {
        Queue::Gateway => sent.to_owned(),
        Queue::Local => format!("NOT {sent}"),
    };
    format!(
        "state IN ('available', 'running', 'retryable', 'unknown') AND {queue} AND \
         CASE state WHEN 'running' THEN coalesce(lease_until, 0) <= $1 ELSE run_at <= $1 END \
         AND {FIRST} ORDER BY run_at, id LIMIT $2"
    )
}

/// Executions to be taken up.
pub async fn due(
    client: &ClientWrapper,
    now: Timestamp,
    queue: Queue,
    limit: u32,
) -> Result<Vec<Execution>, Error> {
    let sql = format!("SELECT {} FROM executions WHERE {}", rows::EXECUTION, due_of(queue));
    let found = statement::query(client, &sql, &[&to_micros(now), &i64::from(limit)]).await?;
    rows::all(&found, rows::to_execution)
}

/// Takes up what is due and nobody else is taking up at this moment, in one statement. Gives the
/// executions as they stood before.
pub async fn claim(
    client: &ClientWrapper,
    now: Timestamp,
    queue: Queue,
    limit: u32,
    lease_until: Timestamp,
) -> Result<Vec<Execution>, Error> {
    let returned: Vec<String> = rows::EXECUTION
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
         lease_until = $3 FROM picked WHERE executions.id = picked.id RETURNING {}",
        due_of(queue),
        returned.join(", ")
    );
    let (now, lease_until) = (to_micros(now), to_micros(lease_until));
    let found = statement::query(client, &sql, &[&now, &i64::from(limit), &lease_until]).await?;
    let mut taken = rows::all(&found, rows::to_execution)?;
    taken.sort_by(|a, b| (a.run_at, &a.id).cmp(&(b.run_at, &b.id)));
    Ok(taken)
}

/// The earliest of a key that has not ended, if it is due.
pub async fn next_in_order(
    client: &ClientWrapper,
    key: &str,
    now: Timestamp,
) -> Result<Option<Execution>, Error> {
    let sql = format!(
        "SELECT {} FROM executions WHERE ordering_key = $1 \
         AND state IN ('available', 'running', 'retryable', 'unknown') \
         ORDER BY created_at, id LIMIT 1",
        rows::EXECUTION
    );
    let found = statement::query_opt(client, &sql, &[&key]).await?;
    let first = found.as_ref().map(rows::to_execution).transpose()?;
    Ok(first.filter(|one| match one.state {
        State::Running => one.lease_until.is_none_or(|until| until <= now),
        _ => one.run_at <= now,
    }))
}

/// The moment since which the longest-waiting open execution waits.
pub async fn oldest_open(client: &ClientWrapper) -> Result<Option<Timestamp>, Error> {
    let sql = "SELECT least((SELECT min(run_at) FROM executions WHERE state = 'available'), \
         (SELECT min(created_at) FROM executions WHERE state IN ('running', 'retryable', 'unknown')))";
    let row = statement::query_opt(client, sql, &[]).await?;
    let oldest = row.map(|row| rows::get::<Option<i64>>(&row, 0)).transpose()?;
    Ok(oldest.flatten().map(from_micros))
}

fn conditions(query: &ExecutionQuery, sql: &mut Sql) -> String {
    let mut all = Vec::new();
    // Of one key there are few. A planner that knows nothing of a young table yet would rather go
    // through all that have ended (ten thousand events: 180 ms for each): only the index of the key
    // is left to it.
    let (state, kind) = match query.ordering_key {
        Some(_) => ("state || ''", "kind || ''"),
        None => ("state", "kind"),
    };
    if !query.states.is_empty() {
        let names = query.states.iter().map(|state| state.name().to_owned()).collect();
        all.push(format!("{state} = ANY({})", sql.texts(names)));
    }
    let texts = [(kind, &query.kind), ("name", &query.name), ("ordering_key", &query.ordering_key)];
    for (column, wanted) in texts {
        if let Some(wanted) = wanted {
            all.push(format!("{column} = {}", sql.text(wanted.clone())));
        }
    }
    if let Some(from) = query.created_from {
        all.push(format!("created_at >= {}", sql.whole(to_micros(from))));
    }
    if let Some(to) = query.created_to {
        all.push(format!("created_at < {}", sql.whole(to_micros(to))));
    }
    if all.is_empty() { "TRUE".into() } else { all.join(" AND ") }
}
