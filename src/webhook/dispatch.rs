//! Processes a stored event: runs the partial named after its type, and commits its records
//! together with the execution's completion.

use crate::gateway::contract::Gateway as _;
use crate::gateway::stripe::Stripe;
use crate::journal::backoff;
use crate::journal::begin::Journal;
use crate::journal::buffer::{Buffer, with_phase, with_run};
use crate::journal::phase::Phase;
use crate::journal::run::Run;
use crate::template::render::Locals;
use crate::template::renderer::Renderer;
use crate::webhook::error::Error;
use crate::webhook::event::{Event, processor, seconds};
use crate::webhook::newest::{self, Newest};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sluicegate_failpoint::failpoint;
use sluicegate_failpoint::injected_bug;
use sluicegate_module::catalog::Catalog;
use sluicegate_module::source::Source;
use sluicegate_store::execution::{Execution, ExecutionId, ExecutionQuery, State};
use sluicegate_store::kind::ExecutionKind;
use std::collections::HashMap;

/// Why most events are skipped.
const NO_PROCESSOR: &str = "no module has a processor for it";

/// What a processor runs with.
pub struct Dispatch<'a> {
    /// The definitions of the modules.
    pub catalog: &'a Catalog,
    /// The modules' templates, with the event's context and host.
    pub renderer: Renderer<'a>,
    /// Commits the records together with the completion.
    pub journal: &'a Journal,
    /// Lets the processor's record writes join the phase.
    pub buffer: &'a dyn Buffer,
    /// The mode of the instance's key; events of the other mode are kept but not processed.
    pub livemode: bool,
    /// What is known of the events before this one.
    pub newest: &'a Newest,
}

/// The maximum number of attempts before an event is discarded for an operator.
const ATTEMPTS_MAX: u32 = 25;
/// How far Stripe's clock may be from ours, in seconds.
const CLOCKS_DIFFER_SECS: i64 = 3_600;

/// The gateway module that received the event.
fn gateway(execution: &Execution) -> &str {
    execution.input.get("gateway").and_then(Json::as_str).unwrap_or(Stripe.module())
}

/// A processor, ready to be rendered.
struct Rendering<'a> {
    name: String,
    source: &'a Source,
    locals: Locals,
}

/// How an event is handled.
enum Prepared<'a> {
    /// Render its processor.
    Render(Rendering<'a>),
    /// Skip it; the outcome has the reason.
    Skip(Json),
}

/// The result of processing an event, before it is committed.
pub struct Processed {
    /// The record writes.
    pub phase: Phase,
    /// The outcome of the event's execution.
    pub outcome: Json,
}

impl Dispatch<'_> {
    /// Processes one event. Returns false if it was skipped, for example because no module has a
    /// partial for its type, or must wait.
    ///
    /// # Errors
    /// [`Error::Template`] when the processor failed: nothing was written. The worker retries it,
    /// and discards it with the reason after its last attempt. [`Error::Journal`] when the result
    /// could not be committed.
    pub fn run(&self, run: Run) -> Result<bool, Error> {
        let event = read(run.execution())?;
        if self.is_ahead(&event)? {
            let since = self.journal.now().duration_since(run.execution().created_at);
            let wait = backoff::poll(since);
            self.journal.wait(run, "the request that caused it has not ended yet", wait)?;
            return Ok(false);
        }
        let (kind, created) = (event.kind.clone(), event.created());
        let prepared = match self.prepare(run.execution(), event) {
            Ok(Prepared::Render(prepared)) => prepared,
            Ok(Prepared::Skip(outcome)) => {
                return self.finish(run, self.journal.phase(), outcome);
            }
            Err(error) => return self.retry(run, error),
        };
        let ran = with_run(self.buffer, self.journal, run, self.journal.phase(), || {
            self.render(prepared)
        });
        let Ok((run, phase, processed)) = ran.or_stop(self.journal)? else { return Ok(false) };
        match processed {
            Ok(outcome) => {
                let processed = self.finish(run, phase, outcome)?;
                self.newest.processed(&kind, created);
                Ok(processed)
            }
            Err(error) => self.retry(run, error),
        }
    }

    fn retry(&self, run: Run, error: Error) -> Result<bool, Error> {
        self.journal.retry_or_discard(run, &error.to_string(), ATTEMPTS_MAX)?;
        Err(error)
    }

    /// Commits the records of an event together with its completion.
    fn finish(&self, run: Run, phase: Phase, outcome: Json) -> Result<bool, Error> {
        let processed = outcome["processed"] == json!(true);
        failpoint!("event_after_effects");
        if injected_bug("mark_before_effects") {
            let empty = self.journal.phase();
            self.journal.finish(run, None, empty, State::Completed, outcome)?;
            failpoint!("event_after_commit");
            self.journal.write(phase)?;
            return Ok(processed);
        }
        self.journal.finish(run, None, phase, State::Completed, outcome)?;
        failpoint!("event_after_commit");
        Ok(processed)
    }

    /// The result of processing an event, without committing it: `events replay --dry-run`.
    ///
    /// # Errors
    /// As [`Dispatch::run`].
    pub fn dry_run(&self, execution: &Execution) -> Result<Processed, Error> {
        let prepared = match self.prepare(execution, read(execution)?)? {
            Prepared::Render(prepared) => prepared,
            Prepared::Skip(outcome) => {
                return Ok(Processed { phase: self.journal.phase(), outcome });
            }
        };
        let phase = self.journal.phase();
        let (outcome, phase) = with_phase(self.buffer, phase, || self.render(prepared));
        let phase = phase.unwrap_or_else(|| self.journal.phase());
        Ok(Processed { phase, outcome: outcome? })
    }

    /// Finds the processor of an event and its variables, unless the event is to be skipped.
    fn prepare(&self, execution: &Execution, event: Event) -> Result<Prepared<'_>, Error> {
        let name = processor(gateway(execution), &event.kind);
        let skip = |why: &str| {
            let outcome = json!({ "processor": name, "processed": false, "reason": why });
            Ok(Prepared::Skip(outcome))
        };
        let Some(partial) = self.catalog.partial(&name) else {
            return skip(NO_PROCESSOR);
        };
        if event.livemode != self.livemode {
            return skip("livemode does not match this instance");
        }
        let newer = self.newer(execution, &event)?;
        if newer.as_deref() == Some(event.kind.as_str()) && !injected_bug("older_overwrites") {
            // A processed event of the same type already had newer data.
            return skip("a newer event of its type was processed before it");
        }
        let properties = [
            ("event".to_owned(), event.json.into_json()),
            ("stale".to_owned(), Json::from(newer.is_some())),
        ];
        let mut locals = Locals::from(Json::Object(properties.into_iter().collect()));
        locals.share("event", "webhook_event");
        locals.share("event", "object");
        Ok(Prepared::Render(Rendering { name, source: &partial.source, locals }))
    }

    /// Renders a processor and returns the outcome.
    fn render(&self, with: Rendering<'_>) -> Result<Json, Error> {
        self.renderer.raw(with.source, with.locals)?;
        Ok(json!({ "processor": with.name, "processed": true }))
    }

    /// The type of a processed, newer event about the same object; its own type if there is one.
    /// Stripe does not deliver in order.
    fn newer(&self, execution: &Execution, event: &Event) -> Result<Option<String>, Error> {
        let (Some(key), Some(created)) = (&execution.ordering_key, event.created()) else {
            return Ok(None);
        };
        if let Some(known) = self.newest.newer(&event.kind, created) {
            return Ok(known);
        }
        // What is read is enough for the next events too, if they are not much older.
        let from = created.saturating_sub(CLOCKS_DIFFER_SECS);
        let query = ExecutionQuery {
            states: vec![State::Completed],
            kind: Some(execution.kind.clone()),
            ordering_key: Some(key.clone()),
            // What happened later also arrived later.
            created_from: Timestamp::from_second(from.saturating_sub(CLOCKS_DIFFER_SECS)).ok(),
            ..ExecutionQuery::default()
        };
        let (mut read, mut is_same_kind) = (HashMap::new(), false);
        self.journal.store().executions_each(&query, &mut |other| {
            let outcome = other.outcome.as_ref();
            let processed = outcome.is_some_and(|o| o["processed"] == json!(true));
            let at = other.input.pointer("/event/created").and_then(seconds);
            if let Some(at) = at.filter(|_| processed && other.id != execution.id) {
                is_same_kind = at > created && other.name == event.kind;
                let newest = read.entry(other.name).or_insert(at);
                *newest = at.max(*newest);
            }
            !is_same_kind
        })?;
        let newer = newest::newer(&read, &event.kind, created);
        if !is_same_kind {
            self.newest.learn(from, read);
        }
        Ok(newer)
    }

    /// True when the event arrived before the answer to our request that caused it was committed.
    /// Stripe names the request by its idempotency key: a caller's own, or one derived from an
    /// execution's id.
    fn is_ahead(&self, event: &Event) -> Result<bool, Error> {
        let key = event.json.pointer("/request/idempotency_key").and_then(Json::as_str);
        let Some(key) = key else { return Ok(false) };
        let store = self.journal.store();
        let mut cause = store.execution_by_key(ExecutionKind::RequestType.name(), key)?;
        if cause.is_none() {
            let derived = key.strip_prefix("sluicegate-").and_then(|rest| rest.split('-').next());
            cause = match derived {
                Some(id) => store.execution(&ExecutionId::from(id))?,
                None => None,
            };
        }
        Ok(cause.is_some_and(|cause| !cause.state.is_final()))
    }
}

fn read(execution: &Execution) -> Result<Event, Error> {
    let json = execution.input.get("event").cloned().unwrap_or(Json::Null);
    Ok(Event::from_json(json)?)
}

/// True when a module has a processor for this event. If not, nothing needs to be set up.
pub fn has_processor(catalog: &Catalog, execution: &Execution) -> bool {
    catalog.partial(&processor(gateway(execution), &execution.name)).is_some()
}

/// Completes an event that no module processes.
///
/// # Errors
/// [`Error::Journal`].
pub fn complete_unprocessed(journal: &Journal, run: Run) -> Result<(), Error> {
    let name = processor(gateway(run.execution()), &run.execution().name);
    let outcome = json!({ "processor": name, "processed": false, "reason": NO_PROCESSOR });
    journal.finish(run, None, journal.phase(), State::Completed, outcome)?;
    Ok(())
}
