//! The worker: events that wait, answers that are not known, runs whose process died.
//!
//! Two lanes run beside each other: what waits for the gateway may block for long, and must not
//! keep events and jobs waiting. Order is the store's business: of one ordering key only the
//! earliest that has not ended is due.

use crate::app::error::Error;
use crate::app::house::House;
use crate::app::jobs;
use crate::app::scope::Scope;
use crate::crash_point;
use crate::gateway::{api_call, request_type};
use crate::journal::error::Error as JournalError;
use crate::journal::run::Run;
use crate::store::error::Error as StoreError;
use crate::store::execution::{Execution, ExecutionId, Lane};
use crate::webhook::inbox;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// How often a lane looks by itself; it is also woken by every stored event.
const PAUSE: Duration = Duration::from_millis(500);
/// At least so long between two looks that find nothing.
const REST: Duration = Duration::from_millis(20);
/// How many executions of a lane are run beside each other: enough for their commits to share
/// one fsync.
const BESIDE_EACH_OTHER: usize = 16;
/// How many executions are looked for at once.
const BATCH: u32 = 256;

/// Works in both lanes until `stop` says so. The executions in hand are finished first.
pub async fn run(house: Arc<House>, stop: watch::Receiver<bool>) {
    tokio::join!(
        lane(Arc::clone(&house), Lane::Sent, stop.clone()),
        lane(Arc::clone(&house), Lane::Inside, stop)
    );
}

async fn lane(house: Arc<House>, lane: Lane, mut stop: watch::Receiver<bool>) {
    let room = Arc::new(Semaphore::new(BESIDE_EACH_OTHER));
    let in_hand = Arc::new(InHand::default());
    let mut running = JoinSet::new();
    while !*stop.borrow() {
        let ours = Arc::clone(&house);
        let due = tokio::task::spawn_blocking(move || ours.journal.pending(lane, BATCH)).await;
        let due = match due {
            Ok(Ok(due)) => due,
            Ok(Err(error)) => {
                tracing::warn!("the worker could not look for work: {error}");
                Vec::new()
            }
            Err(error) => {
                tracing::error!("the worker stumbled: {error}");
                Vec::new()
            }
        };
        let mut begun = 0;
        for execution in due {
            if *stop.borrow() || !in_hand.take(&execution.id) {
                continue;
            }
            begun += 1;
            let permit = Arc::clone(&room).acquire_owned().await;
            let (house, in_hand) = (Arc::clone(&house), Arc::clone(&in_hand));
            running.spawn_blocking(move || {
                let _permit = permit;
                let mut next = Some(execution);
                while let Some(execution) = next.take() {
                    let (id, key) = (execution.id.clone(), execution.ordering_key.clone());
                    if let Err(error) = one(&house, execution) {
                        tracing::warn!(execution = id.as_str(), "{error}");
                    }
                    in_hand.put_back(&id);
                    next = behind(&house, key.as_deref()).filter(|next| in_hand.take(&next.id));
                }
            });
        }
        while running.try_join_next().is_some() {}
        if begun > 0 {
            continue;
        }
        // Nothing new: what is due is in hand, or waits behind it.
        tokio::time::sleep(REST).await;
        tokio::select! {
            // A stored event; what waits for the gateway is never that fresh.
            () = house.wake.notified(), if lane == Lane::Inside => {}
            _ = running.join_next(), if !running.is_empty() => {}
            () = tokio::time::sleep(PAUSE / crate::crash::haste()) => {}
            _ = stop.changed() => {}
        }
    }
    house.stop();
    while running.join_next().await.is_some() {}
}

/// What waits behind one that has ended: done at once, so that a long queue behind one object is
/// not looked through for each of it.
fn behind(house: &House, key: Option<&str>) -> Option<Execution> {
    if house.is_stopping() {
        return None;
    }
    house.journal.next_in_order(key?).ok().flatten()
}

/// What this process is running: looked for again before it is claimed, it would be in the way.
#[derive(Default)]
struct InHand(Mutex<HashSet<ExecutionId>>);

impl InHand {
    fn take(&self, id: &ExecutionId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone())
    }

    fn put_back(&self, id: &ExecutionId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

/// Does everything that is due now, one after the other, and tells how many executions that were:
/// for commands that run without a server.
///
/// # Errors
/// [`Error`] when the journal cannot be read; what happens to one execution is its own.
pub fn work(house: &Arc<House>) -> Result<usize, Error> {
    let mut due = house.journal.pending(Lane::Sent, BATCH)?;
    due.extend(house.journal.pending(Lane::Inside, BATCH)?);
    let count = due.len();
    for execution in due {
        let id = execution.id.clone();
        if let Err(error) = one(house, execution) {
            tracing::warn!(execution = id.as_str(), "{error}");
        }
    }
    Ok(count)
}

fn one(house: &Arc<House>, execution: Execution) -> Result<(), Error> {
    let Some(run) = claim(house, execution)? else { return Ok(()) };
    crash_point!("claim_after");
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
