//! Retention: old executions are reduced to what their idempotency keys need, or deleted.
//!
//! A key is promised for ever: the same key never does an operation twice. So an execution with a
//! key keeps its row, with the digest of the request and a bare outcome; one without is deleted.

use crate::app::runtime::Runtime;
use crate::gateway::outcome::{Outcome, State as OutcomeState};
use crate::journal::finish::REDUCED_AT;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize as _;
use serde_json::{Value as Json, json};
use sluicegate_store::error::Error;
use sluicegate_store::execution::{Execution, State};
use sluicegate_store::kind::ExecutionKind;
use sluicegate_store::write::Write;

/// Stripe lists and delivers events for 30 days: an event that was deleted before would be
/// processed again.
const EVENTS_KEPT: SignedDuration = SignedDuration::from_hours(35 * 24);
/// The number of executions reduced in one commit. Other commits wait for it.
const BATCH: u32 = 100;
/// The kinds that are reduced. The executions of migrations say which have run, and stay.
const KINDS: [ExecutionKind; 5] = [
    ExecutionKind::RequestType,
    ExecutionKind::ApiCall,
    ExecutionKind::FormSubmission,
    ExecutionKind::BackgroundJob,
    ExecutionKind::WebhookEvent,
];

/// The number of executions of a kind that are, or would be, reduced or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pruned {
    /// The kind.
    pub kind: &'static str,
    /// The number.
    pub count: u64,
}

/// Reduces or deletes executions that finished before, in commits of some hundred, at most
/// `batches_max` for each kind. An execution that an operator has to decide about stays.
///
/// # Errors
/// The store's. What was done until then stays done.
pub fn prune(runtime: &Runtime, before: Timestamp, batches_max: u32) -> Result<Vec<Pruned>, Error> {
    let mut all = Vec::new();
    for kind in KINDS {
        let before = limit(runtime, kind, before);
        let mut count = 0;
        for _ in 0..batches_max {
            let old = runtime.store.finished_before(kind.name(), before, BATCH)?;
            let at = runtime.clock.now();
            count += u64::try_from(old.len()).unwrap_or(u64::MAX);
            let is_last = old.len() < BATCH as usize;
            let writes: Vec<Write> = old.iter().map(|one| shorten(one, kind, at)).collect();
            if !writes.is_empty() {
                runtime.store.commit(writes)?;
            }
            if is_last {
                break;
            }
        }
        all.push(Pruned { kind: kind.name(), count });
    }
    Ok(all)
}

/// What [`prune`] would do.
///
/// # Errors
/// The store's.
pub fn count(runtime: &Runtime, before: Timestamp) -> Result<Vec<Pruned>, Error> {
    let count = |kind: ExecutionKind| {
        let before = limit(runtime, kind, before);
        let count = runtime.store.count_finished_before(kind.name(), before)?;
        Ok(Pruned { kind: kind.name(), count })
    };
    KINDS.into_iter().map(count).collect()
}

/// Events are kept while they can arrive again, whatever the setting.
fn limit(runtime: &Runtime, kind: ExecutionKind, before: Timestamp) -> Timestamp {
    match kind {
        ExecutionKind::WebhookEvent => before.min(runtime.clock.now() - EVENTS_KEPT),
        _ => before,
    }
}

fn shorten(execution: &Execution, kind: ExecutionKind, at: Timestamp) -> Write {
    let id = execution.id.clone();
    if execution.idempotency_key.is_none() || kind == ExecutionKind::WebhookEvent {
        return Write::ExecutionDelete { id, at };
    }
    let gateway = execution.input.get("gateway").cloned().unwrap_or_default();
    let input = json!({ "gateway": gateway, REDUCED_AT: at.to_string() });
    Write::ExecutionReduce { id, input, outcome: Some(bare_outcome(execution, false)), at }
}

/// The outcome that a repeated key still gets: ids, state and codes. `is_doubtful` is true when a
/// call was sent whose answer is not known.
pub fn bare_outcome(execution: &Execution, is_doubtful: bool) -> Json {
    let stored = execution.outcome.clone().unwrap_or_default();
    match Outcome::deserialize(&*stored) {
        Ok(outcome) => json!(outcome.bare()),
        Err(_) if execution.kind == ExecutionKind::RequestType.name() => {
            let (id, name) = (execution.id.as_str(), execution.name.as_str());
            let why = "it was discarded, and its details are no longer kept";
            let is_failed = execution.state == State::Discarded && !is_doubtful;
            let state = if is_failed { OutcomeState::Failed } else { OutcomeState::Pending };
            json!(Outcome::discarded(id, name, state, why))
        }
        Err(_) => {
            let kept = ["state", "done", "processed", "processor", "id"];
            let kept =
                kept.iter().filter_map(|name| Some(((*name).to_owned(), stored.get(*name)?)));
            Json::Object(kept.map(|(name, value)| (name, value.clone())).collect())
        }
    }
}
