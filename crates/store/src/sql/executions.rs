//! Execution queries as SQL.

use super::dialect::Dialect;
use super::page::{Listing, PageStatement, all_of};
use super::row::EXECUTION_COLUMNS;
use super::statement::{Bindings, Statement};
use super::value::values;
use crate::execution::{ExecutionId, ExecutionQuery, Queue, State};
use crate::kind::ExecutionKind;
use crate::timestamp::to_micros;
use jiff::Timestamp;

/// The page that a query asks for, newest first.
pub fn page<D: Dialect>(query: &ExecutionQuery) -> PageStatement<'_> {
    let mut bindings = Bindings::<D>::new();
    let conditions = conditions(query, &mut bindings);
    let listing = Listing {
        columns: EXECUTION_COLUMNS,
        table: "executions",
        conditions,
        condition_values: bindings.len(),
        order: "created_at DESC, id DESC".into(),
        parts: None,
    };
    PageStatement::new(listing, bindings, query.paging())
}

fn conditions<'a, D: Dialect>(query: &'a ExecutionQuery, bindings: &mut Bindings<'a, D>) -> String {
    let mut all = Vec::new();
    // One ordering key has few executions: only the index of the key shall be used.
    // Nearly all are completed, and an index would have them in another order.
    let is_common = query.states.is_empty() || query.states.contains(&State::Completed);
    let (state, kind) = match query.ordering_key {
        Some(_) => (D::without_index("state"), D::without_index("kind")),
        None if is_common => (D::without_index("state"), "kind".into()),
        None => ("state".into(), "kind".into()),
    };
    if !query.states.is_empty() {
        let states = match D::STATES_ARE_LITERALS {
            true => format!("({})", literals(query.states.iter().map(|state| state.name()))),
            false => bindings.bind(D::guard(&query.states)),
        };
        all.push(D::is_one_of(&state, &states));
    }
    let texts =
        [(&*kind, &query.kind), ("name", &query.name), ("ordering_key", &query.ordering_key)];
    for (column, wanted) in texts {
        if let Some(wanted) = wanted {
            all.push(format!("{column} = {}", bindings.bind(wanted)));
        }
    }
    if let Some(from) = query.created_from {
        all.push(format!("created_at >= {}", bindings.bind(to_micros(from))));
    }
    if let Some(to) = query.created_to {
        all.push(format!("created_at < {}", bindings.bind(to_micros(to))));
    }
    if let Some((at, id)) = &query.before {
        let at = bindings.bind(to_micros(*at));
        all.push(format!("(created_at, id) < ({at}, {})", bindings.bind(id.as_str())));
    }
    all_of(&all)
}

/// The kinds whose executions call the gateway, spelled as the partial indexes have it.
pub fn is_sent() -> String {
    let sent = ExecutionKind::ALL.into_iter().filter(|kind| kind.queue() == Queue::Gateway);
    format!("kind IN ({})", literals(sent.map(ExecutionKind::name)))
}

/// Names of the store as SQL literals.
fn literals<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

/// No earlier execution of the same ordering key is open.
pub fn is_first_in_order<D: Dialect>() -> String {
    format!(
        "(ordering_key IS NULL OR NOT EXISTS (SELECT 1 FROM executions AS before \
         WHERE before.ordering_key = executions.ordering_key AND {} \
         AND (before.created_at, before.id) < (executions.created_at, executions.id)))",
        D::is_open("before.state")
    )
}

/// The earliest open execution of an ordering key besides one.
pub fn first_in_order<'a, D: Dialect>(
    ordering_key: &'a str,
    besides: Option<&'a ExecutionId>,
) -> Statement<'a> {
    let sql = format!(
        "SELECT {EXECUTION_COLUMNS} FROM executions WHERE ordering_key = ?1 AND id <> ?2 AND {} \
         ORDER BY created_at, id LIMIT 1",
        D::is_open("state")
    );
    Statement::new::<D>(sql, values![ordering_key, besides.map_or("", ExecutionId::as_str)])
}

/// Executions of a kind that finished before and are not reduced, the oldest first. One that was
/// discarded while a call had no answer is left to an operator: the money may have moved.
pub fn finished_before<D: Dialect>(kind: &str, before: Timestamp, limit: u32) -> Statement<'_> {
    let sql = format!(
        "SELECT {EXECUTION_COLUMNS} FROM executions WHERE {IS_OLD} ORDER BY finished_at LIMIT ?3"
    );
    Statement::new::<D>(sql, values![kind, to_micros(before), limit])
}

/// The number of executions that [`finished_before`] would return without a limit.
pub fn count_finished_before<D: Dialect>(kind: &str, before: Timestamp) -> Statement<'_> {
    let sql = format!("SELECT count(*) FROM executions WHERE {IS_OLD}");
    Statement::new::<D>(sql, values![kind, to_micros(before)])
}

const IS_OLD: &str = "kind = ?1 AND finished_at < ?2 AND reduced_at IS NULL \
    AND (state = 'completed' OR (state = 'discarded' AND NOT EXISTS (SELECT 1 FROM steps \
    WHERE steps.execution_id = executions.id AND steps.response IS NULL)))";

/// Executions after an id that are not reduced and contain a text, in their own row or a step, in
/// any case of its ASCII letters.
pub fn containing<'a, D: Dialect>(text: &'a str, after: &'a str, limit: u32) -> Statement<'a> {
    let sql = format!(
        "SELECT {EXECUTION_COLUMNS} FROM executions WHERE id > ?1 AND reduced_at IS NULL \
         AND ({} OR {} OR {} OR EXISTS (SELECT 1 FROM steps \
         WHERE steps.execution_id = executions.id AND ({} OR {}))) ORDER BY id LIMIT ?3",
        D::contains("lower(input)", "lower(?2)"),
        D::contains("lower(coalesce(outcome, ''))", "lower(?2)"),
        D::contains("lower(coalesce(error, ''))", "lower(?2)"),
        D::contains("lower(steps.request)", "lower(?2)"),
        D::contains("lower(coalesce(steps.response, ''))", "lower(?2)"),
    );
    Statement::new::<D>(sql, values![after, text, limit])
}

/// Since when the longest-waiting open execution waits. An index has those not yet claimed; the
/// others are few.
pub const OLDEST_OPEN: &str = "SELECT min(since) FROM (\
     SELECT min(run_at) AS since FROM executions WHERE state = 'available' UNION ALL \
     SELECT min(created_at) FROM executions WHERE state IN ('running', 'retryable', 'unknown')) \
     AS waiting";

#[cfg(test)]
mod tests {
    use super::is_sent;

    #[test]
    fn the_partial_indexes_name_the_kinds_of_the_gateway_queue() {
        for step in [
            include_str!("../sqlite/schema/0004_conditions_without_in.sql"),
            include_str!("../postgres/schema/0002_gateway_queue.sql"),
        ] {
            assert!(step.contains(&is_sent()), "{}", is_sent());
        }
    }
}
