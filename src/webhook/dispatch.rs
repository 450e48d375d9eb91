//! Processes a stored event: the partial named after it, its records and the mark "done" in one
//! commit.

use crate::journal::begin::Journal;
use crate::journal::buffer::{Buffer, with_phase, with_run};
use crate::journal::phase::Phase;
use crate::journal::run::Run;
use crate::template::host::Host;
use crate::template::render::{Locals, OutputMode, Templates};
use crate::template::request_context::RequestContext;
use crate::webhook::error::Error;
use crate::webhook::event::{Event, processor};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use sluicegate_failpoint::failpoint;
use sluicegate_failpoint::injected_bug;
use sluicegate_module::catalog::Catalog;
use sluicegate_module::source::Source;
use sluicegate_store::execution::{Execution, ExecutionId, ExecutionQuery, State};
use sluicegate_store::kind::ExecutionKind;

/// Why most events are passed over.
const NO_PROCESSOR: &str = "no module has a processor for it";

/// What a processor runs in.
pub struct Dispatch<'a> {
    /// What is written.
    pub catalog: &'a Catalog,
    /// Its compiled templates.
    pub templates: &'a Templates,
    /// Commits effects and mark together.
    pub journal: &'a Journal,
    /// The context of the event.
    pub request_context: &'a RequestContext,
    /// What the platform's tags call; its record writes join the phase.
    pub host: &'a dyn Host,
    /// Lets its record writes join the phase.
    pub buffer: &'a dyn Buffer,
    /// The mode of the instance's key: events of the other mode are kept and not processed.
    pub livemode: bool,
}

/// How soon, and how late, an event that came too early is looked at again.
const WAIT_MIN: SignedDuration = SignedDuration::from_millis(200);
const WAIT_MAX: SignedDuration = SignedDuration::from_secs(5);
/// How often a processor is tried before its event is suspended for an operator.
const ATTEMPTS_MAX: u32 = 25;
/// How many of an object's latest events are looked through for a newer one.
const LATEST: u32 = 20;

/// The gateway module that an event came for.
fn gateway(execution: &Execution) -> &str {
    execution.input.get("gateway").and_then(Json::as_str).unwrap_or("stripe")
}

/// A processor that is about to be rendered.
struct Rendering<'a> {
    name: String,
    source: &'a Source,
    locals: Locals,
}

/// What is done about an event.
enum Prepared<'a> {
    /// Its processor is rendered.
    Render(Rendering<'a>),
    /// Nothing; the outcome says why.
    PassedOver(Json),
}

/// What processing an event came to, before it is committed.
pub struct Processed {
    /// The records it writes.
    pub phase: Phase,
    /// What the event's execution keeps as its outcome.
    pub outcome: Json,
}

impl Dispatch<'_> {
    /// Processes one event. Without a partial of its name nothing is done, and that is fine.
    ///
    /// # Errors
    /// [`Error::Template`] when the processor failed: nothing of it was written; the worker tries
    /// again, and puts it aside with the reason when that does not help. [`Error::Journal`] when
    /// the mark could not be committed.
    pub fn run(&self, run: Run) -> Result<bool, Error> {
        let event = read(run.execution())?;
        if self.is_ahead(&event)? {
            let since = self.journal.now().duration_since(run.execution().created_at);
            let wait = (since / 4).clamp(WAIT_MIN, WAIT_MAX);
            self.journal.wait(run, "the request that caused it has not ended yet", wait)?;
            return Ok(false);
        }
        let prepared = match self.prepare(run.execution(), event) {
            Ok(Prepared::Render(prepared)) => prepared,
            Ok(Prepared::PassedOver(outcome)) => {
                return self.finish(run, self.journal.phase(), outcome);
            }
            Err(error) => return self.retry(run, error),
        };
        let ran = with_run(self.buffer, self.journal, run, self.journal.phase(), || {
            self.render(prepared)
        });
        let Ok((run, phase, processed)) = ran.or_stop(self.journal)? else { return Ok(false) };
        match processed {
            Ok(outcome) => self.finish(run, phase, outcome),
            Err(error) => self.retry(run, error),
        }
    }

    fn retry(&self, run: Run, error: Error) -> Result<bool, Error> {
        self.journal.retry_or_give_up(run, &error.to_string(), ATTEMPTS_MAX)?;
        Err(error)
    }

    /// Commits the records of an event with the mark that it is processed.
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

    /// What an event would do, without committing it: `events replay --dry-run`.
    ///
    /// # Errors
    /// As [`Dispatch::run`].
    pub fn dry_run(&self, execution: &Execution) -> Result<Processed, Error> {
        let prepared = match self.prepare(execution, read(execution)?)? {
            Prepared::Render(prepared) => prepared,
            Prepared::PassedOver(outcome) => {
                return Ok(Processed { phase: self.journal.phase(), outcome });
            }
        };
        let phase = self.journal.phase();
        let (outcome, phase) = with_phase(self.buffer, phase, || self.render(prepared));
        let phase = phase.unwrap_or_else(|| self.journal.phase());
        Ok(Processed { phase, outcome: outcome? })
    }

    /// Finds the processor of an event, and what it is rendered with, unless the event is to be
    /// passed over.
    fn prepare(&self, execution: &Execution, event: Event) -> Result<Prepared<'_>, Error> {
        let name = processor(gateway(execution), &event.kind);
        let passed_over = |why: &str| {
            let outcome = json!({ "processor": name, "processed": false, "reason": why });
            Ok(Prepared::PassedOver(outcome))
        };
        let Some(partial) = self.catalog.partial(&name) else {
            return passed_over(NO_PROCESSOR);
        };
        if event.livemode != self.livemode {
            return passed_over("livemode does not match this instance");
        }
        let newer = self.newer(execution, &event)?;
        if newer.as_deref() == Some(event.kind.as_str()) && !injected_bug("older_overwrites") {
            // What it says was said again, and newer, by one that is processed.
            return passed_over("a newer event of its type was processed before it");
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

    /// Renders a processor; the outcome says that it did.
    fn render(&self, with: Rendering<'_>) -> Result<Json, Error> {
        let (context, host) = (self.request_context, self.host);
        self.templates.render(with.source, context, with.locals, OutputMode::Raw, host)?;
        Ok(json!({ "processor": with.name, "processed": true }))
    }

    /// The type of a processed event about the same object that is newer than this one, of this
    /// one's own type if there is such: Stripe does not deliver in order.
    fn newer(&self, execution: &Execution, event: &Event) -> Result<Option<String>, Error> {
        let (Some(key), Some(created)) = (&execution.ordering_key, event.created()) else {
            return Ok(None);
        };
        let query = ExecutionQuery {
            states: vec![State::Completed],
            kind: Some(execution.kind.clone()),
            ordering_key: Some(key.clone()),
            per_page: LATEST,
            ..ExecutionQuery::default()
        };
        let mut newer = None;
        for other in self.journal.store().executions(&query)?.results {
            let processed = other.outcome.as_ref().is_some_and(|o| o["processed"] == json!(true));
            let at = other.input.pointer("/event/created").and_then(Json::as_i64);
            if processed && other.id != execution.id && at > Some(created) {
                if other.name == event.kind {
                    return Ok(Some(other.name));
                }
                newer = Some(other.name);
            }
        }
        Ok(newer)
    }

    /// True when the event has overtaken the answer it follows from: a request of ours caused it,
    /// and the records of that request are not committed yet. Stripe tells which request it was by
    /// its idempotency key: a caller's own, or one derived from an execution's id.
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

/// True when a module has a processor for this event: without one there is nothing to set up.
pub fn has_processor(catalog: &Catalog, execution: &Execution) -> bool {
    catalog.partial(&processor(gateway(execution), &execution.name)).is_some()
}

/// Ends an event that nobody processes.
///
/// # Errors
/// [`Error::Journal`].
pub fn pass_over(journal: &Journal, run: Run) -> Result<(), Error> {
    let name = processor(gateway(run.execution()), &run.execution().name);
    let outcome = json!({ "processor": name, "processed": false, "reason": NO_PROCESSOR });
    journal.finish(run, None, journal.phase(), State::Completed, outcome)?;
    Ok(())
}
