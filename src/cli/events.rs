//! `events`: lists, shows and replays webhook events.

use crate::app::events::Events;
use crate::app::runtime::Runtime;
use crate::cli::arguments::{EventSelection, Events as EventsCommand};
use crate::cli::executions::{PER_PAGE, execution_with_steps, found, list, named, row};
use crate::cli::offline::{StripeServer, with_runtime};
use crate::cli::output::Output;
use crate::config::Config;
use crate::journal::finish::REDUCED_AT;
use crate::webhook::inbox::KIND;
use anyhow::{Result, bail};
use serde_json::{Value as Json, json};
use sluicegate_store::execution::{Execution, ExecutionId, ExecutionQuery, State};
use sluicegate_store::write::Write;
use std::process::ExitCode;
use std::sync::Arc;

/// Runs the subcommand.
///
/// # Errors
/// When the event does not exist, or is not processed yet.
pub fn run(config: Config, what: &EventsCommand, output: &Output) -> Result<ExitCode> {
    with_runtime(config, StripeServer::NotNeeded, |runtime| match what {
        EventsCommand::List { which, state, page } => {
            let states: Result<Vec<State>> = state.iter().map(|name| named(name)).collect();
            let query = ExecutionQuery { page: *page, states: states?, ..query(which) };
            list(&runtime.store.executions(&query)?, output)
        }
        EventsCommand::Show { id } => {
            let id = find(runtime, id)?;
            let (event, steps) = (found(runtime, &id)?, runtime.store.steps(&id)?);
            output.value(&execution_with_steps(runtime, &event, &steps))
        }
        EventsCommand::Replay { id, which, failed, dry_run } => {
            let events = match id {
                Some(id) => vec![found(runtime, &find(runtime, id)?)?],
                None => matching(runtime, which, *failed)?,
            };
            if events.is_empty() {
                bail!("no processed event matches");
            }
            let mut done = Vec::with_capacity(events.len());
            for event in &events {
                done.push(if *dry_run { preview(runtime, event)? } else { again(runtime, event)? });
            }
            output.value(&if id.is_some() { done.remove(0) } else { json!(done) })
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn again(runtime: &Runtime, event: &Execution) -> Result<Json> {
    Ok(row(&runtime.journal.replay(&event.id)?))
}

/// Returns what replaying an event would write, without writing it.
fn preview(runtime: &Arc<Runtime>, event: &Execution) -> Result<Json> {
    let mut scope = runtime.bare_scope();
    scope.is_dry_run = true;
    let processed = Events::new(&runtime.host(scope)).dry_run(event)?;
    let writes: Vec<_> = processed.phase.writes().iter().filter_map(shown).collect();
    Ok(json!({ "event": row(event), "outcome": processed.outcome, "would_change": writes }))
}

/// A write in the format for operators; `None` for a write that is not shown.
fn shown(write: &Write) -> Option<Json> {
    Some(match write {
        Write::RecordInsert(record) => {
            json!({ "create": record.table, "properties": record.properties })
        }
        Write::RecordUpdate(update) => {
            let changes: Vec<_> = update
                .changes
                .iter()
                .map(|(name, change)| json!([name, format!("{change:?}")]))
                .collect();
            json!({ "update": update.id.to_string(), "changes": changes })
        }
        Write::RecordDelete { id, .. } => json!({ "delete": id.to_string() }),
        Write::ExecutionInsert(execution) => {
            json!({ "enqueue": execution.kind, "name": execution.name })
        }
        _ => return None,
    })
}

fn query(which: &EventSelection) -> ExecutionQuery {
    ExecutionQuery {
        kind: Some(KIND.to_owned()),
        name: which.kind.clone(),
        created_from: which.from,
        created_to: which.to,
        per_page: PER_PAGE,
        ..ExecutionQuery::default()
    }
}

/// Every finished event that matches, oldest first.
fn matching(runtime: &Runtime, which: &EventSelection, failed: bool) -> Result<Vec<Execution>> {
    let states =
        if failed { vec![State::Discarded] } else { vec![State::Completed, State::Discarded] };
    let query = ExecutionQuery { states, ..query(which) };
    let mut all = Vec::new();
    runtime.store.executions_each(&query, &mut |event| {
        // What is left of a forgotten event cannot be processed.
        if event.input.get(REDUCED_AT).is_none() {
            all.push(event);
        }
        true
    })?;
    all.reverse();
    Ok(all)
}

/// Finds an event by its execution's id, by `evt_…`, or by `acct_…:evt_…`.
fn find(runtime: &Runtime, id: &str) -> Result<ExecutionId> {
    let by_id = ExecutionId::from(id);
    if runtime.store.execution(&by_id)?.is_some_and(|found| found.kind == KIND) {
        return Ok(by_id);
    }
    for key in [format!("-:{id}"), id.to_owned()] {
        if let Some(found) = runtime.store.execution_by_key(KIND, &key)? {
            return Ok(found.id);
        }
    }
    bail!("there is no event `{id}`; one of a connected account is named acct_…:evt_…")
}
