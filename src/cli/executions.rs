//! `executions`: lists, shows and repairs executions.

use crate::app::retention;
use crate::app::runtime::Runtime;
use crate::cli::arguments::Executions;
use crate::cli::offline::{StripeServer, with_runtime};
use crate::cli::output::Output;
use crate::config::Config;
use anyhow::{Result, anyhow, bail};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use sluicegate_store::execution::{Execution, ExecutionId, ExecutionQuery, State, Step};
use sluicegate_store::page::Page;
use std::process::ExitCode;

/// The number of rows per page.
pub const PER_PAGE: u32 = 50;

/// Runs the subcommand.
///
/// # Errors
/// When the execution does not exist, or its state does not allow the action.
pub fn run(config: Config, what: &Executions, output: &Output) -> Result<ExitCode> {
    with_runtime(config, StripeServer::NotNeeded, |runtime| match what {
        Executions::List { state, kind, page } => {
            let states: Result<Vec<State>> = state.iter().map(|s| named(s)).collect();
            let query = ExecutionQuery {
                states: states?,
                kind: kind.clone(),
                page: *page,
                per_page: PER_PAGE,
                ..ExecutionQuery::default()
            };
            list(&runtime.store.executions(&query)?, output)
        }
        Executions::Show { id } => {
            let id = ExecutionId::from(id.as_str());
            let execution = found(runtime, &id)?;
            let steps = runtime.store.steps(&id)?;
            output.value(&execution_with_steps(runtime, &execution, &steps))
        }
        Executions::Retry { id } => {
            let execution = runtime.journal.retry(&ExecutionId::from(id.as_str()))?;
            output.value(&row(&execution))
        }
        Executions::Discard { id } => {
            let id = ExecutionId::from(id.as_str());
            let state = found(runtime, &id)?.state;
            if state.is_final() {
                bail!("execution {id} is {} already; nothing was changed", state.name());
            }
            let execution = runtime.journal.discard(&id, "discarded by an operator")?;
            output.value(&row(&execution))
        }
        Executions::Prune { older_than, dry_run } => prune(runtime, *older_than, *dry_run, output),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn prune(runtime: &Runtime, days: Option<i64>, dry_run: bool, output: &Output) -> Result<()> {
    let stated = days.map(|days| SignedDuration::from_hours(days * 24));
    let Some(age) = stated.or(runtime.config.execution_retention) else {
        bail!("say how old: --older-than 90d, or set SLUICEGATE_EXECUTION_RETENTION");
    };
    let before = runtime.clock.now() - age;
    let pruned = match dry_run {
        true => retention::count(runtime, before)?,
        false => retention::prune(runtime, before, u32::MAX)?,
    };
    let counts = pruned.iter().map(|one| (one.kind.to_owned(), json!(one.count))).collect();
    let word = if dry_run { "would_prune" } else { "pruned" };
    output.value(&json!({ "finished_before": before.to_string(), word: Json::Object(counts) }))
}

/// The state with this name.
pub fn named(name: &str) -> Result<State> {
    let known: Vec<_> = State::ALL.iter().map(|state| state.name()).collect();
    let known = known.join(", ");
    State::from_name(name)
        .ok_or_else(|| anyhow!("`{name}` is not a state; expected one of {known}"))
}

/// Loads an execution.
///
/// # Errors
/// When the id does not exist.
pub fn found(runtime: &Runtime, id: &ExecutionId) -> Result<Execution> {
    runtime.store.execution(id)?.ok_or_else(|| anyhow!("there is no execution `{id}`"))
}

/// Prints a page of executions.
///
/// # Errors
/// When the output cannot be written.
pub fn list(page: &Page<Execution>, output: &Output) -> Result<()> {
    let rows: Vec<Vec<String>> = page
        .results
        .iter()
        .map(|one| {
            vec![
                one.id.to_string(),
                one.kind.clone(),
                one.name.clone(),
                one.idempotency_key.clone().unwrap_or_default(),
                one.state.name().to_owned(),
                one.attempt.to_string(),
                one.created_at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
                one.error.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let value = json!({
        "total_entries": page.total_entries, "has_next_page": page.has_next_page,
        "results": page.results.iter().map(row).collect::<Vec<_>>(),
    });
    output.table(
        &value,
        &["ID", "KIND", "NAME", "KEY", "STATE", "ATTEMPT", "CREATED", "ERROR"],
        &rows,
    )
}

/// An execution without its input.
pub fn row(execution: &Execution) -> Json {
    json!({
        "id": execution.id.as_str(), "kind": execution.kind, "name": execution.name,
        "idempotency_key": execution.idempotency_key,
        "state": execution.state.name(), "attempt": execution.attempt, "error": execution.error,
        "created_at": execution.created_at.to_string(),
        "finished_at": execution.finished_at.map(|at| at.to_string()),
    })
}

/// An execution with input, outcome and steps, without what is secret.
pub fn execution_with_steps(runtime: &Runtime, execution: &Execution, steps: &[Step]) -> Json {
    let instance = runtime.instance();
    let shown = |value: &Json| {
        let mut value = value.clone();
        instance.catalog.hide_secrets(&mut value);
        value
    };
    let mut value = row(execution);
    value["input"] = shown(&execution.input);
    value["outcome"] = json!(execution.outcome.as_deref().map(shown));
    value["steps"] = steps
        .iter()
        .map(|step| {
            json!({ "seq": step.seq, "kind": step.kind, "request": shown(&step.request),
                "response": step.response.as_deref().map(shown), "created_at": step.created_at.to_string() })
        })
        .collect();
    value
}
