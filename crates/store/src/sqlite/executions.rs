//! Which executions are due, by SQLite's indexes.

use super::dialect::SqliteDialect;
use super::statement;
use crate::error::Error;
use crate::execution::{Execution, Queue, State};
use crate::sql::dialect::Dialect as _;
use crate::sql::executions::{is_first_in_order, is_sent};
use crate::sql::row::{self, EXECUTION_COLUMNS};
use crate::sql::statement::Statement;
use crate::sql::value::values;
use crate::timestamp::to_micros;
use jiff::Timestamp;
use rusqlite::Connection;

/// Executions that can be claimed. One look-up for each state, so that the index returns them in
/// order and nothing is sorted or counted but what is returned.
pub fn due(
    connection: &Connection,
    now: Timestamp,
    queue: Queue,
    limit: u32,
) -> Result<Vec<Execution>, Error> {
    let statement = Statement::new::<SqliteDialect>(due_sql(queue), values![to_micros(now), limit]);
    statement::all(connection, &statement, row::execution)
}

fn due_sql(queue: Queue) -> String {
    let sent = is_sent();
    let open = SqliteDialect::is_open("state");
    // Many events may wait while nothing is to be sent: the partial index has only the latter.
    let (index, in_queue) = match queue {
        Queue::Gateway => {
            ("INDEXED BY executions_unsent", format!("{sent} AND state <> 'running' AND {open}"))
        }
        Queue::Local => ("", format!("NOT {sent}")),
    };
    let first = is_first_in_order::<SqliteDialect>();
    let waiting = [State::Available, State::Retryable, State::Unknown].map(|state| {
        format!(
            "SELECT * FROM (SELECT id FROM executions {index} WHERE state = '{}' \
             AND run_at <= ?1 AND {in_queue} AND {first} ORDER BY run_at LIMIT ?2)",
            state.name()
        )
    });
    let running = if queue == Queue::Gateway { sent } else { in_queue };
    format!(
        "SELECT {EXECUTION_COLUMNS} FROM executions WHERE id IN ({} UNION ALL \
         SELECT id FROM executions \
         WHERE state = 'running' AND coalesce(lease_until, 0) <= ?1 AND {running} AND {first}) \
         ORDER BY run_at, id LIMIT ?2",
        waiting.join(" UNION ALL ")
    )
}
