//! Execution queries as SQL.

use super::filter::Sql;
use super::rows;
use crate::error::Error;
use crate::execution::{Execution, ExecutionQuery, Queue, State};
use crate::page::Page;
use crate::timestamp::{from_micros, to_micros};
use jiff::Timestamp;
use rusqlite::{Connection, params, params_from_iter};

/// The page a query asks for, with its totals.
pub fn page(connection: &Connection, query: &ExecutionQuery) -> Result<Page<Execution>, Error> {
    let (page, per_page) = (query.page.max(1), query.per_page.max(1));
    let mut sql = Sql::default();
    let conditions = conditions(query, &mut sql);
    let asked = sql.values.len();
    let order = "created_at DESC, id DESC";
    let limit = sql.bind(i64::from(per_page));
    let offset = sql.bind((i64::from(page) - 1) * i64::from(per_page));
    let rest =
        format!("executions WHERE {conditions} ORDER BY {order} LIMIT {limit} OFFSET {offset}");
    let reading = rows::select(rows::EXECUTION, &rest);
    let values = params_from_iter(&sql.values);
    let results = rows::all(connection, &reading, values, rows::to_execution)?;
    Page::of(results, page, per_page, || {
        let counting = rows::select("count(*)", &format!("executions WHERE {conditions}"));
        rows::count(connection, &counting, params_from_iter(&sql.values[..asked]))
    })
}

/// Has not ended, in the words of the indexes: only so does SQLite use them.
const OPEN: &str = "state <> 'completed' AND state <> 'discarded'";

/// Executions to be taken up. One look-up for each state, so that the index gives the order and
/// nothing is sorted or counted but what is returned.
pub fn due(
    connection: &Connection,
    now: Timestamp,
    queue: Queue,
    limit: u32,
) -> Result<Vec<Execution>, Error> {
    let sent = "kind IN ('request_type', 'api_call')";
    // Many events may wait while nothing is to be sent: the small index names only the latter.
    let (index, of_lane) = match queue {
        Queue::Gateway => {
            ("INDEXED BY executions_unsent", format!("{sent} AND state <> 'running' AND {OPEN}"))
        }
        Queue::Local => ("", format!("NOT {sent}")),
    };
    // Nothing overtakes what came before it and has not ended.
    let first = "(ordering_key IS NULL OR NOT EXISTS (SELECT 1 FROM executions AS before \
                 WHERE before.ordering_key = executions.ordering_key \
                 AND before.state <> 'completed' AND before.state <> 'discarded' \
                 AND (before.created_at, before.id) < (executions.created_at, executions.id)))";
    let waiting = [State::Available, State::Retryable, State::Unknown].map(|state| {
        format!(
            "SELECT * FROM (SELECT id FROM executions {index} WHERE state = '{}' \
             AND run_at <= ?1 AND {of_lane} AND {first} ORDER BY run_at LIMIT ?2)",
            state.name()
        )
    });
    let is_ours = if queue == Queue::Gateway { sent.to_owned() } else { of_lane };
    let sql = rows::select(
        rows::EXECUTION,
        &format!(
            "executions WHERE id IN ({} UNION ALL SELECT id FROM executions \
             WHERE state = 'running' AND coalesce(lease_until, 0) <= ?1 AND {is_ours} AND {first}) \
             ORDER BY run_at, id LIMIT ?2",
            waiting.join(" UNION ALL ")
        ),
    );
    rows::all(connection, &sql, params![to_micros(now), limit], rows::to_execution)
}

/// The earliest of a key that has not ended, if it is due.
pub fn next_in_order(
    connection: &Connection,
    key: &str,
    now: Timestamp,
) -> Result<Option<Execution>, Error> {
    let sql = rows::select(
        rows::EXECUTION,
        &format!("executions WHERE ordering_key = ?1 AND {OPEN} ORDER BY created_at, id LIMIT 1"),
    );
    let first = rows::all(connection, &sql, params![key], rows::to_execution)?.pop();
    Ok(first.filter(|one| match one.state {
        State::Running => one.lease_until.is_none_or(|until| until <= now),
        _ => one.run_at <= now,
    }))
}

/// The moment since which the longest-waiting open execution waits. Of those nobody has taken up,
/// the index tells; the others are few.
pub fn oldest_open(connection: &Connection) -> Result<Option<Timestamp>, Error> {
    let begun = names(&[State::Running, State::Retryable, State::Unknown]);
    let sql = format!(
        "SELECT min(since) FROM (\
         SELECT min(run_at) AS since FROM executions WHERE state = 'available' UNION ALL \
         SELECT min(created_at) FROM executions WHERE state IN ({begun}))"
    );
    let oldest: Option<i64> =
        connection.query_row(&sql, [], |row| row.get(0)).map_err(super::fault::of)?;
    Ok(oldest.map(from_micros))
}

fn conditions(query: &ExecutionQuery, sql: &mut Sql) -> String {
    let mut all = Vec::new();
    if !query.states.is_empty() {
        all.push(format!("state IN ({})", names(&query.states)));
    }
    let texts =
        [("kind", &query.kind), ("name", &query.name), ("ordering_key", &query.ordering_key)];
    for (column, wanted) in texts {
        if let Some(wanted) = wanted {
            all.push(format!("{column} = {}", sql.bind(wanted.clone())));
        }
    }
    if let Some(from) = query.created_from {
        all.push(format!("created_at >= {}", sql.bind(to_micros(from))));
    }
    if let Some(to) = query.created_to {
        all.push(format!("created_at < {}", sql.bind(to_micros(to))));
    }
    if all.is_empty() { "TRUE".into() } else { all.join(" AND ") }
}

// Our own words, not a caller's: no need to bind them, and the index sees them.
fn names(states: &[State]) -> String {
    let names: Vec<_> = states.iter().map(|state| format!("'{}'", state.name())).collect();
    names.join(", ")
}
