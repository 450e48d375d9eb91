//! Periodic maintenance: lists events that Stripe could not deliver, and purges old data.

use crate::app::retention;
use crate::app::runtime::Runtime;
use crate::webhook::inbox;
use crate::webhook::listing::Listing;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use sluicegate_store::error::Error;
use sluicegate_store::execution::{ExecutionQuery, State};
use sluicegate_store::query::RecordQuery;
use sluicegate_store::state::Constant;
use sluicegate_store::write::Write;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long processed events are kept: 35 days.
const EVENTS_KEPT: SignedDuration = SignedDuration::from_hours(35 * 24);
/// The number of executions purged in one commit.
const PURGE_BATCH: u32 = 500;
/// The maximum number of such commits in a row.
const PURGE_BATCHES_MAX: u32 = 200;
/// The interval between purges.
const PURGE_INTERVAL: Duration = Duration::from_secs(3600);
/// The name and seal context of Stripe's time up to which events were listed. Templates cannot see
/// this constant.
const LISTED: &str = "sluicegate/events_listed";

/// Lists undelivered events at startup and on a timer, until `stop` is set.
pub async fn run(runtime: Arc<Runtime>, mut stop: watch::Receiver<bool>) {
    let every = Duration::from_secs(runtime.config.events_every);
    let mut forgotten = None;
    while !*stop.borrow() {
        let forget = forgotten.is_none_or(|at: std::time::Instant| at.elapsed() >= PURGE_INTERVAL);
        if forget {
            forgotten = Some(std::time::Instant::now());
        }
        let ours = Arc::clone(&runtime);
        let done = tokio::task::spawn_blocking(move || {
            if !every.is_zero() {
                list_events(&ours)?;
            }
            if forget { purge_old(&ours) } else { Ok(()) }
        });
        match done.await {
            Ok(Ok(())) => runtime.database_log.works("maintenance"),
            Ok(Err(error)) => runtime.database_log.failed("maintenance", &error),
            Err(error) => tracing::error!("maintenance panicked: {error}"),
        }
        tokio::select! {
            () = tokio::time::sleep(if every.is_zero() { PURGE_INTERVAL } else { every }) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Lists the events of the platform and of every connected account since the last listing, and
/// stores the new ones. Returns how many were new.
///
/// # Errors
/// [`Error`] when the database fails. A failed listing is logged and repeated the next time.
pub fn list_events(runtime: &Arc<Runtime>) -> Result<usize, Error> {
    let mut filled = 0;
    let mut accounts = vec![None];
    accounts.extend(connected(runtime)?.into_iter().map(Some));
    for account in accounts {
        let name = account.as_deref().unwrap_or("-");
        let now = runtime.clock.now();
        let mark = listed_until(runtime, name)?;
        let inbox = runtime.inbox();
        let listing = Listing {
            transport: &runtime.transport,
            inbox: &inbox,
            key: &runtime.config.secret_key,
            account: account.as_deref(),
            deliveries: &runtime.deliveries,
        };
        match listing.fill(runtime.transport.gateway().module(), mark, now) {
            Ok(found) => {
                filled += found.count;
                if let Some(until) = found.listed_until {
                    store_listed_until(runtime, name, until)?;
                }
            }
            Err(error) => tracing::warn!(account = name, "events could not be listed: {error}"),
        }
    }
    if filled > 0 {
        tracing::info!("{filled} events that were not delivered are stored");
        runtime.wake.notify_one();
    }
    Ok(filled)
}

/// Purges processed events after 35 days, old executions as the settings say, and expired sessions.
///
/// # Errors
/// The store's.
pub fn purge_old(runtime: &Runtime) -> Result<(), Error> {
    let now = runtime.clock.now();
    let kind = inbox::KIND.to_owned();
    let before = now - EVENTS_KEPT;
    // Bounded: the remainder is purged the next time.
    for _ in 0..PURGE_BATCHES_MAX {
        let query = ExecutionQuery {
            states: vec![State::Completed],
            kind: Some(kind.clone()),
            created_to: Some(before),
            per_page: 1,
            count_up_to: 0,
            ..ExecutionQuery::default()
        };
        let oldest = runtime.store.executions(&query)?;
        if oldest.results.iter().all(|one| one.finished_at.is_none_or(|at| at >= before)) {
            break;
        }
        let forget = Write::ExecutionsPurge { kind: kind.clone(), before, limit: PURGE_BATCH };
        runtime.store.commit(vec![forget])?;
    }
    if let Some(kept) = runtime.config.execution_retention {
        retention::prune(runtime, now - kept, PURGE_BATCHES_MAX)?;
    }
    runtime.store.commit(vec![Write::SessionsExpire { before: now }])?;
    Ok(())
}

fn connected(runtime: &Runtime) -> Result<Vec<String>, Error> {
    let accounts = RecordQuery::table(runtime.transport.gateway().accounts_table());
    let accounts = runtime.store.records_all(&accounts)?;
    let ids = accounts.iter().filter_map(|one| one.properties.get("gateway_id"));
    Ok(ids.filter_map(Json::as_str).map(str::to_owned).collect())
}

fn listed_until(runtime: &Runtime, account: &str) -> Result<Option<Timestamp>, Error> {
    let name = format!("{LISTED}:{account}");
    let stored = runtime.store.constants()?.into_iter().find(|constant| constant.name == name);
    let text = stored.and_then(|stored| runtime.config.instance_key.open(LISTED, &stored.sealed));
    Ok(text.and_then(|text| text.expose().parse().ok()))
}

fn store_listed_until(runtime: &Runtime, account: &str, timestamp: Timestamp) -> Result<(), Error> {
    let constant = Constant {
        name: format!("{LISTED}:{account}"),
        sealed: runtime.config.instance_key.seal(LISTED, &timestamp.to_string()),
        updated_at: runtime.clock.now(),
    };
    runtime.store.commit(vec![Write::ConstantSet(constant)])?;
    Ok(())
}
