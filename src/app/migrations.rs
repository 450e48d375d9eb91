//! Runs pending migrations, each once, in the order of their timestamps.

use crate::app::runtime::Runtime;
use crate::app::template_host::TemplateHost;
use crate::journal::buffer::with_run;
use crate::journal::error::Error as JournalError;
use crate::journal::intent::Intent;
use crate::journal::run::{Begun, Run};
use crate::template::error::Error as TemplateError;
use serde_json::json;
use sluicegate_failpoint::failpoint;
use sluicegate_module::migration::Migration;
use sluicegate_store::error::Error as StoreError;
use sluicegate_store::execution::{Execution, State};
use sluicegate_store::kind::ExecutionKind;
use std::sync::Arc;
use std::time::Duration;

/// The execution kind of migrations.
pub const KIND: &str = ExecutionKind::Migration.name();

/// The interval for polling a migration that another process runs.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Why a migration was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The journal failed, or the run had to stop.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The migration's template failed.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

/// Runs every migration that is not done yet. Returns their names.
///
/// # Errors
/// The first migration that fails stops the rest; it can be fixed and run again.
pub fn run(runtime: &Arc<Runtime>) -> Result<Vec<String>, Error> {
    let instance = runtime.instance();
    let mut done = Vec::new();
    for migration in &instance.catalog.migrations {
        if one(runtime, migration)? {
            done.push(migration.source.name.clone());
        }
    }
    Ok(done)
}

/// Waits for a migration that another process runs, or takes it over when that process died.
fn wait_or_take_over(
    runtime: &Arc<Runtime>,
    mut execution: Execution,
) -> Result<Option<Run>, Error> {
    while execution.state == State::Running
        && execution.lease_until.is_some_and(|until| until > runtime.clock.now())
    {
        std::thread::sleep(POLL_INTERVAL);
        match runtime.store.execution(&execution.id)? {
            Some(now) => execution = now,
            None => return Ok(None),
        }
    }
    if execution.state.is_final() { Ok(None) } else { Ok(runtime.journal.try_resume(execution)?) }
}

fn one(runtime: &Arc<Runtime>, migration: &Migration) -> Result<bool, Error> {
    let name = migration.source.name.clone();
    let intent = Intent::new(KIND, &name, json!({})).keyed(name.as_str());
    let run = match runtime.journal.begin(intent, None)? {
        Begun::New(run) => run,
        Begun::Finished(_) | Begun::Conflict(_) => return Ok(false),
        Begun::InProgress(execution) => match wait_or_take_over(runtime, execution)? {
            Some(run) => run,
            None => return Ok(false),
        },
    };
    execute(runtime, migration, run)?;
    Ok(true)
}

/// Resumes a migration whose process died; called by the worker.
///
/// # Errors
/// As [`run`].
pub fn resume(runtime: &Arc<Runtime>, run: Run) -> Result<(), Error> {
    let instance = runtime.instance();
    let all = &instance.catalog.migrations;
    match all.iter().find(|one| one.source.name == run.execution().name) {
        Some(migration) => execute(runtime, migration, run),
        None => {
            runtime.journal.retryable(run, "its file is not there any more", None)?;
            Ok(())
        }
    }
}

fn execute(runtime: &Arc<Runtime>, migration: &Migration, run: Run) -> Result<(), Error> {
    let host = runtime.host(runtime.bare_scope());
    let request_context = host.request_context()?;
    let inside = TemplateHost::new(&host, &request_context);
    let journal = &runtime.journal;
    let ran = with_run(&inside, journal, run, journal.phase(), || {
        inside.renderer().raw(&migration.source, json!({}))
    });
    let (run, phase, result) = ran.or_stop(journal)?.map_err(|stopped| stopped.why)?;
    if let Err(error) = result {
        journal.retryable(run, &error.to_string(), None)?;
        return Err(error.into());
    }
    failpoint!("migration_before_commit");
    journal.finish(run, None, phase, State::Completed, json!({ "done": true }))?;
    failpoint!("migration_after_commit");
    Ok(())
}
