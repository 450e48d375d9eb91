//! The worker: events that wait, answers that are not known, runs whose process died.

use crate::app::error::Error;
use crate::app::house::House;
use crate::app::jobs;
use crate::app::scope::Scope;
use crate::gateway::{api_call, request_type};
use crate::journal::error::Error as JournalError;
use crate::journal::run::Run;
use crate::store::error::Error as StoreError;
use crate::store::execution::Execution;
use crate::webhook::inbox;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often the worker looks by itself; it is also woken by every stored event.
const PAUSE: Duration = Duration::from_millis(500);
/// How many executions are taken at once.
const BATCH: u32 = 100;

/// Works until `stop` says so. The execution in hand is finished first.
pub async fn run(house: Arc<House>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let ours = Arc::clone(&house);
        let worked = tokio::task::spawn_blocking(move || work(&ours)).await;
        match worked {
            // A full batch: there is more.
            Ok(Ok(count)) if count as u32 >= BATCH => continue,
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!("the worker could not look for work: {error}"),
            Err(error) => tracing::error!("the worker stumbled: {error}"),
        }
        tokio::select! {
            () = house.wake.notified() => {}
            () = tokio::time::sleep(PAUSE) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Does everything that is due now, oldest first, and tells how many executions that were.
///
/// Events of one object keep their order: when one of them has to wait, so do those behind it.
///
/// # Errors
/// [`Error`] when the journal cannot be read; what happens to one execution is its own.
pub fn work(house: &Arc<House>) -> Result<usize, Error> {
    let due = house.journal.pending(BATCH)?;
    let count = due.len();
    let mut waiting = HashSet::new();
    for execution in due {
        let order = execution.ordering_key.clone();
        if order.as_ref().is_some_and(|key| waiting.contains(key)) {
            continue;
        }
        let id = execution.id.clone();
        if let Err(error) = one(house, execution) {
            tracing::warn!(execution = id.as_str(), "{error}");
            waiting.extend(order);
        }
    }
    Ok(count)
}

fn one(house: &Arc<House>, execution: Execution) -> Result<(), Error> {
    let Some(run) = claim(house, execution)? else { return Ok(()) };
    let mut scope = Scope::new(house.bare_context());
    scope.parent = Some(run.execution().id.clone());
    let host = house.host(scope);
    match run.execution().kind.as_str() {
        request_type::KIND | api_call::KIND => host.resume(run).map(drop),
        inbox::KIND => host.dispatch(run).map(drop),
        jobs::KIND => host.job(run),
        _ => unknown(house, run),
    }
}

/// Takes an execution up; nothing when somebody else was faster.
///
/// # Errors
/// [`Error::Journal`].
pub fn claim(house: &House, execution: Execution) -> Result<Option<Run>, Error> {
    match house.journal.resume(execution) {
        Ok(run) => Ok(Some(run)),
        Err(JournalError::Store(StoreError::Gone(_))) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A kind that this program does not run: left for one that does.
fn unknown(house: &House, run: Run) -> Result<(), Error> {
    let reason = format!("this program runs no {}", run.execution().kind);
    house.journal.retryable(run, &reason, None)?;
    Ok(())
}
