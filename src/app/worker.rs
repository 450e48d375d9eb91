//! The worker: runs pending events and jobs, unknown answers, and runs whose process died.
//!
//! Two queues run concurrently: calls to the gateway may block for long and must not delay events
//! and jobs. The store enforces order: of one ordering key, only the earliest unfinished execution
//! is due.

use crate::app::delivery_load::Load;
use crate::app::events::Events;
use crate::app::jobs::{self, Jobs};
use crate::app::migrations;
use crate::app::operations::{self, Operations};
use crate::app::record_form;
use crate::app::runtime::Runtime;
use crate::journal::error::Error as JournalError;
use crate::journal::run::Run;
use crate::journal::successor::{Claimed, Successor};
use crate::webhook::dispatch::{complete_unprocessed, has_processor};
use crate::webhook::error::Error as WebhookError;
use crate::webhook::newest::Newest;
use jiff::SignedDuration;
use sluicegate_failpoint::failpoint;
use sluicegate_store::execution::{Execution, Queue};
use sluicegate_store::kind::ExecutionKind;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

/// The polling interval of a queue; every stored event wakes it as well.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// The minimum interval between two polls.
const POLL_INTERVAL_MIN: Duration = Duration::from_millis(20);
/// How many executions run concurrently. A call to the gateway holds a thread until Stripe answers.
/// Events are many and short: the more finish together, the more commits share one fsync.
const GATEWAY_CONCURRENCY: usize = 16;
const LOCAL_CONCURRENCY: usize = 128;
/// The concurrency during light load and during a burst of deliveries.
const LIGHT_LOAD_CONCURRENCY: usize = 64;
const BURST_CONCURRENCY: usize = 1;
/// How many events are claimed for each running one, so that there is always a next one.
const CLAIMED_PER_RUNNING: usize = 4;
/// How many executions a command claims at once.
const BATCH: u32 = 256;

/// Why a claimed execution did not complete.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Event(#[from] WebhookError),
    #[error(transparent)]
    Operation(#[from] operations::Error),
    #[error(transparent)]
    Form(#[from] record_form::Error),
    #[error(transparent)]
    Migration(#[from] migrations::Error),
    #[error(transparent)]
    Job(#[from] jobs::Error),
}

/// Works on both queues until `stop` is set, then finishes the running executions.
pub async fn run(runtime: Arc<Runtime>, stop: watch::Receiver<bool>) {
    tokio::join!(
        queue(Arc::clone(&runtime), Queue::Gateway, stop.clone()),
        queue(Arc::clone(&runtime), Queue::Local, stop)
    );
}

async fn queue(runtime: Arc<Runtime>, queue: Queue, mut stop: watch::Receiver<bool>) {
    let mut waiting = VecDeque::new();
    let mut running = JoinSet::new();
    let mut poll: Option<JoinHandle<Vec<Run>>> = None;
    // A poll that finds nothing waits for the interval, unless the queue is woken.
    let (mut last_poll, mut next_poll) = (Instant::now(), Instant::now());
    let is_woken = queue == Queue::Local;
    while !*stop.borrow() {
        while running.try_join_next().is_some() {}
        let (concurrency, claimed_max) = room(&runtime, queue);
        while running.len() < concurrency
            && let Some(run) = waiting.pop_front()
        {
            let runtime = Arc::clone(&runtime);
            running.spawn_blocking(move || chain(&runtime, run));
        }
        // Claims many in one commit instead of one after each end, while others run.
        let wanted = claimed_max.saturating_sub(waiting.len() + running.len());
        let is_time = Instant::now() >= next_poll;
        if poll.is_none() && wanted > 0 && is_time {
            last_poll = Instant::now();
            next_poll = last_poll + POLL_INTERVAL / sluicegate_failpoint::time_scale();
            poll = Some(tokio::spawn(claim_due(Arc::clone(&runtime), queue, wanted)));
        }
        let soon = last_poll + POLL_INTERVAL_MIN;
        tokio::select! {
            found = found(&mut poll), if poll.is_some() => {
                poll = None;
                if !found.is_empty() {
                    // There may be more, but wait until half of these are done.
                    next_poll = soon;
                }
                waiting.extend(found);
            }
            // Woken by a stored event; the gateway queue does not need to be.
            () = runtime.wake.notified(), if is_woken => next_poll = next_poll.min(soon),
            _ = running.join_next(), if !running.is_empty() => {
                if waiting.len() + running.len() < claimed_max / 2 {
                    next_poll = next_poll.min(Instant::now());
                }
            }
            () = tokio::time::sleep_until(next_poll), if poll.is_none() && wanted > 0 => {}
            _ = stop.changed() => {}
        }
    }
    runtime.stop();
    waiting.extend(match poll {
        Some(poll) => poll.await.unwrap_or_default(),
        None => Vec::new(),
    });
    let ours = Arc::clone(&runtime);
    let releasing = tokio::task::spawn_blocking(move || release_unstarted(&ours, waiting));
    while running.join_next().await.is_some() {}
    drop(releasing.await);
}

/// How many executions of a queue run concurrently, and how many are claimed ahead.
fn room(runtime: &Runtime, queue: Queue) -> (usize, usize) {
    if queue == Queue::Gateway {
        return (GATEWAY_CONCURRENCY, GATEWAY_CONCURRENCY);
    }
    // Stripe waits for its deliveries, while processing can wait: run few during a burst.
    let concurrency = match runtime.delivery_load.load() {
        Load::Burst => BURST_CONCURRENCY,
        Load::Light => LIGHT_LOAD_CONCURRENCY,
        Load::Idle => LOCAL_CONCURRENCY,
    };
    (concurrency, CLAIMED_PER_RUNNING * concurrency)
}

/// The result of a poll.
async fn found(poll: &mut Option<JoinHandle<Vec<Run>>>) -> Vec<Run> {
    match poll {
        Some(poll) => poll.await.unwrap_or_default(),
        None => Vec::new(),
    }
}

/// Releases unstarted executions at once, instead of when their lease ends.
fn release_unstarted(runtime: &Runtime, waiting: VecDeque<Run>) {
    for run in waiting {
        let back =
            runtime.journal.wait(run, "the program stopped before it began", SignedDuration::ZERO);
        if let Err(error) = back {
            tracing::warn!("an execution is left until its lease ends: {error}");
        }
    }
}

/// Claims at most `limit` due executions, in one commit.
async fn claim_due(runtime: Arc<Runtime>, queue: Queue, limit: usize) -> Vec<Run> {
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let ours = Arc::clone(&runtime);
    let who = match queue {
        Queue::Gateway => "the worker of calls",
        Queue::Local => "the worker of events and jobs",
    };
    match tokio::task::spawn_blocking(move || runtime.journal.claim_due(queue, limit)).await {
        Ok(Ok(runs)) => {
            ours.database_log.works(who);
            runs
        }
        Ok(Err(JournalError::Store(error))) => {
            // It tries again soon, and again.
            ours.database_log.failed(who, &error);
            Vec::new()
        }
        Ok(Err(error)) => {
            tracing::warn!("the worker could not claim work: {error}");
            Vec::new()
        }
        Err(error) => {
            tracing::error!("the worker panicked: {error}");
            Vec::new()
        }
    }
}

/// Runs a claimed execution, and then its successors in order.
fn chain(runtime: &Arc<Runtime>, run: Run) {
    let (successor, newest) = (Successor::default(), Newest::default());
    let mut next = Some(run);
    while let Some(mut run) = next.take() {
        let (id, key) = (run.execution().id.clone(), run.execution().ordering_key.clone());
        if !runtime.is_stopping() {
            run = run.with_successor(&successor);
        }
        if let Err(error) = one(runtime, run, &newest) {
            log(runtime, id.as_str(), &error);
        }
        next = match successor.take() {
            Claimed::Next(next, lease_until) => {
                runtime.journal.claimed_run(*next, lease_until).ok()
            }
            Claimed::Nothing => None,
            Claimed::Unknown => {
                // Another process may run one in between.
                newest.forget();
                next_in_order(runtime, key.as_deref()).and_then(|next| claimed(runtime, next))
            }
        };
    }
}

/// Claims one execution, unless another process is faster.
fn claimed(runtime: &Runtime, execution: Execution) -> Option<Run> {
    let id = execution.id.clone();
    runtime.journal.try_resume(execution).unwrap_or_else(|error| {
        tracing::warn!(execution = id.as_str(), "{error}");
        None
    })
}

/// Logs why an execution did not complete; damage of the database, which concerns all, once.
fn log(runtime: &Runtime, execution: &str, error: &Error) {
    match runtime.store.damage() {
        Some(damage) => runtime.database_log.failed("the worker", &damage),
        None => tracing::warn!(execution, "{error}"),
    }
}

/// The successor of a finished execution: run directly, so that a long ordered queue needs no
/// search for each of its executions.
fn next_in_order(runtime: &Runtime, key: Option<&str>) -> Option<Execution> {
    if runtime.is_stopping() {
        return None;
    }
    runtime.journal.next_in_order(key?).ok().flatten()
}

/// Runs everything that is due, one after another, and returns the number of executions. For
/// commands that run without a server.
///
/// # Errors
/// The journal's when it cannot be read; an error of one execution is only logged.
pub fn work(runtime: &Arc<Runtime>) -> Result<usize, JournalError> {
    let mut runs = runtime.journal.claim_due(Queue::Gateway, BATCH)?;
    runs.extend(runtime.journal.claim_due(Queue::Local, BATCH)?);
    let count = runs.len();
    for run in runs {
        let id = run.execution().id.clone();
        if let Err(error) = one(runtime, run, &Newest::default()) {
            log(runtime, id.as_str(), &error);
        }
    }
    Ok(count)
}

fn one(runtime: &Arc<Runtime>, mut run: Run, newest: &Newest) -> Result<(), Error> {
    // It may have waited long behind slow executions.
    runtime.journal.heartbeat_if_due(&mut run)?;
    failpoint!("claim_after");
    // Most events have no processor and need no host.
    let host = || runtime.host(runtime.bare_scope());
    let execution = run.execution();
    match ExecutionKind::from_name(&execution.kind) {
        Some(ExecutionKind::WebhookEvent)
            if !has_processor(&runtime.instance().catalog, execution) =>
        {
            complete_unprocessed(&runtime.journal, run)?;
        }
        Some(ExecutionKind::WebhookEvent) => drop(Events::new(&host()).process(run, newest)?),
        Some(ExecutionKind::RequestType | ExecutionKind::ApiCall) => {
            drop(Operations::new(&host()).resume(run)?);
        }
        Some(ExecutionKind::FormSubmission) => record_form::resume(runtime, run)?,
        Some(ExecutionKind::Migration) => migrations::resume(runtime, run)?,
        Some(ExecutionKind::BackgroundJob) => Jobs::new(&host()).run(run)?,
        None => unknown(runtime, run)?,
    }
    Ok(())
}

/// Leaves an unknown kind to a process that can run it.
fn unknown(runtime: &Runtime, run: Run) -> Result<(), JournalError> {
    let reason = format!("this program cannot run a {}", run.execution().kind);
    runtime.journal.retryable(run, &reason, None)?;
    Ok(())
}
