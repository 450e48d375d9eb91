//! `executions`: lists, shows and repairs executions.

use crate::app::runtime::Runtime;
use crate::cli::arguments::Executions;
use crate::cli::offline::{StripeServer, with_runtime};
use crate::cli::output::Output;
use crate::config::Config;
use anyhow::{Result, anyhow, bail};
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
            output.value(&execution_with_steps(&execution, &runtime.store.steps(&id)?))
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
    })?;
    Ok(ExitCode::SUCCESS)
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
        "total_entries": page.total_entries,
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

/// An execution with input, outcome and steps; credentials in stored calls stay sealed.
pub fn execution_with_steps(execution: &Execution, steps: &[Step]) -> Json {
    let mut value = row(execution);
    value["input"] = json!(execution.input);
    value["outcome"] = json!(execution.outcome);
    value["steps"] = steps
        .iter()
        .map(|step| {
            json!({ "seq": step.seq, "kind": step.kind, "request": step.request,
                "response": step.response, "created_at": step.created_at.to_string() })
        })
        .collect();
    value
}
