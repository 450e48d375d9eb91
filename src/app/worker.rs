//! The worker: events that wait, answers that are not known, runs whose process died.
//!
//! Two lanes run beside each other: what waits for the gateway may block for long, and must not
//! keep events and jobs waiting. Order is the store's business: of one ordering key only the
//! earliest that has not ended is due.

use crate::app::arrivals::Traffic;
use crate::app::error::Error;
use crate::app::forms;
use crate::app::house::House;
use crate::app::jobs;
use crate::app::migrations;
use crate::crash_point;
use crate::gateway::{api_call, request_type};
use crate::journal::error::Error as JournalError;
use crate::journal::run::Run;
use crate::store::error::Error as StoreError;
use crate::store::execution::{Execution, Lane};
use crate::webhook::dispatch::{has_processor, pass_over};
use crate::webhook::inbox;
use jiff::SignedDuration;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

/// How often a lane looks by itself; it is also woken by every stored event.
const PAUSE: Duration = Duration::from_millis(500);
/// At least so long between two looks that find nothing.
const REST: Duration = Duration::from_millis(20);
/// How many executions are run beside each other. What waits for the gateway holds a thread for as
/// long as Stripe takes; events are many and short, and the more end together, the more commits
/// share one fsync.
const SENT_BESIDE: usize = 16;
const INSIDE_BESIDE: usize = 128;
/// While deliveries come in, and while many do.
const MODEST_BESIDE: usize = 64;
const BUSY_BESIDE: usize = 1;
/// How many events are taken up ahead for each that runs, so that there is always one to go on with.
const AT_HAND: usize = 4;
/// How many a command takes up at once.
const BATCH: u32 = 256;

/// Works in both lanes until `stop` says so. The executions in hand are finished first.
pub async fn run(house: Arc<House>, stop: watch::Receiver<bool>) {
    tokio::join!(
        lane(Arc::clone(&house), Lane::Sent, stop.clone()),
        lane(Arc::clone(&house), Lane::Inside, stop)
    );
}

async fn lane(house: Arc<House>, lane: Lane, mut stop: watch::Receiver<bool>) {
    let mut waiting = VecDeque::new();
    let mut running = JoinSet::new();
    let mut looking: Option<JoinHandle<Vec<Run>>> = None;
    // A look that finds nothing rests for a while, unless something happens.
    let (mut last_look, mut next_look) = (Instant::now(), Instant::now());
    while !*stop.borrow() {
        while running.try_join_next().is_some() {}
        let (beside, at_hand) = room(&house, lane);
        while running.len() < beside
            && let Some(run) = waiting.pop_front()
        {
            let house = Arc::clone(&house);
            running.spawn_blocking(move || chain(&house, run));
        }
        // Many are taken up in one commit, not one for each that has ended; beside those that run,
        // so that there is always one to go on with.
        let wanted = at_hand.saturating_sub(waiting.len() + running.len());
        let is_time = Instant::now() >= next_look;
        if looking.is_none() && wanted > 0 && is_time {
            last_look = Instant::now();
            next_look = last_look + PAUSE / crate::crash::haste();
            looking = Some(tokio::spawn(take_up(Arc::clone(&house), lane, wanted)));
        }
        let soon = last_look + REST;
        tokio::select! {
            found = found(&mut looking), if looking.is_some() => {
                looking = None;
                if !found.is_empty() {
                    // There may be more; but not before half of these are done.
                    next_look = soon;
                }
                waiting.extend(found);
            }
            // A stored event; what waits for the gateway is never that fresh.
            () = house.wake.notified(), if lane == Lane::Inside => next_look = next_look.min(soon),
            _ = running.join_next(), if !running.is_empty() => {
                if waiting.len() + running.len() < at_hand / 2 {
                    next_look = next_look.min(Instant::now());
                }
            }
            () = tokio::time::sleep_until(next_look), if looking.is_none() && wanted > 0 => {}
            _ = stop.changed() => {}
        }
    }
    house.stop();
    waiting.extend(match looking {
        Some(looking) => looking.await.unwrap_or_default(),
        None => Vec::new(),
    });
    let ours = Arc::clone(&house);
    let handing_back = tokio::task::spawn_blocking(move || hand_back(&ours, waiting));
    while running.join_next().await.is_some() {}
    drop(handing_back.await);
}

/// How many of a lane are run beside each other, and how many are taken up ahead.
fn room(house: &House, lane: Lane) -> (usize, usize) {
    if lane == Lane::Sent {
        return (SENT_BESIDE, SENT_BESIDE);
    }
    // Stripe waits for its deliveries, and nobody for these: while many arrive, few are run.
    let beside = match house.arrivals.traffic() {
        Traffic::Crowd => BUSY_BESIDE,
        Traffic::Some => MODEST_BESIDE,
        Traffic::Quiet => INSIDE_BESIDE,
    };
    (beside, AT_HAND * beside)
}

/// What a look has found.
async fn found(looking: &mut Option<JoinHandle<Vec<Run>>>) -> Vec<Run> {
    match looking {
        Some(looking) => looking.await.unwrap_or_default(),
        None => Vec::new(),
    }
}

/// What was not begun is others' at once, and not when its lease ends.
fn hand_back(house: &House, waiting: VecDeque<Run>) {
    for run in waiting {
        let back =
            house.journal.wait(run, "the program stopped before it began", SignedDuration::ZERO);
        if let Err(error) = back {
            tracing::warn!("an execution is left until its lease ends: {error}");
        }
    }
}

/// Takes up at most so many that are due, in one commit.
async fn take_up(house: Arc<House>, lane: Lane, limit: usize) -> Vec<Run> {
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    match tokio::task::spawn_blocking(move || house.journal.take_up(lane, limit)).await {
        Ok(Ok(runs)) => runs,
        Ok(Err(error)) => {
            tracing::warn!("the worker could not take up work: {error}");
            Vec::new()
        }
        Err(error) => {
            tracing::error!("the worker stumbled: {error}");
            Vec::new()
        }
    }
}

/// Does what was taken up, and then what waits behind it.
fn chain(house: &Arc<House>, run: Run) {
    let mut next = Some(run);
    while let Some(run) = next.take() {
        let (id, key) = (run.execution().id.clone(), run.execution().ordering_key.clone());
        if let Err(error) = one(house, run) {
            tracing::warn!(execution = id.as_str(), "{error}");
        }
        let Some(behind) = behind(house, key.as_deref()) else { continue };
        let id = behind.id.clone();
        next = claim(house, behind).unwrap_or_else(|error| {
            tracing::warn!(execution = id.as_str(), "{error}");
            None
        });
    }
}

/// What waits behind one that has ended: done at once, so that a long queue behind one object is
/// not looked through for each of it.
fn behind(house: &House, key: Option<&str>) -> Option<Execution> {
    if house.is_stopping() {
        return None;
    }
    house.journal.next_in_order(key?).ok().flatten()
}

/// Does everything that is due now, one after the other, and tells how many executions that were:
/// for commands that run without a server.
///
/// # Errors
/// [`Error`] when the journal cannot be read; what happens to one execution is its own.
pub fn work(house: &Arc<House>) -> Result<usize, Error> {
    let mut runs = house.journal.take_up(Lane::Sent, BATCH)?;
    runs.extend(house.journal.take_up(Lane::Inside, BATCH)?);
    let count = runs.len();
    for run in runs {
        let id = run.execution().id.clone();
        if let Err(error) = one(house, run) {
            tracing::warn!(execution = id.as_str(), "{error}");
        }
    }
    Ok(count)
}

fn one(house: &Arc<House>, mut run: Run) -> Result<(), Error> {
    // It may have waited long behind slow ones.
    house.journal.hold_if_short(&mut run)?;
    crash_point!("claim_after");
    let world = house.world();
    if run.execution().kind == inbox::KIND && !has_processor(&world.catalog, run.execution()) {
        return Ok(pass_over(&house.journal, run)?);
    }
    if run.execution().kind == forms::KIND {
        return forms::resume(house, run);
    }
    let host = house.host(house.bare_scope());
    match run.execution().kind.as_str() {
        request_type::KIND | api_call::KIND => host.resume(run).map(drop),
        inbox::KIND => host.dispatch(run).map(drop),
        migrations::KIND => migrations::resume(house, run),
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
