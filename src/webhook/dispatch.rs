//! Processes a stored event: the partial named after it, its records and the mark "done" in one commit.

use crate::journal::begin::Journal;
use crate::journal::buffer::Buffer;
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
use sluicegate_store::execution::{Execution, ExecutionId, ExecutionQuery, State};

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
/// How often a processor is tried before its event is put aside for an operator.
const ATTEMPTS_MAX: u32 = 25;
/// How many of an object's latest events are looked through for a newer one.
const LATEST: u32 = 20;

/// What is asked of an event's execution while its run is elsewhere.
struct About {
    id: ExecutionId,
    kind: String,
    ordering_key: Option<String>,
    gateway: String,
}

impl About {
    fn of(execution: &Execution) -> Self {
        Self {
            id: execution.id.clone(),
            kind: execution.kind.clone(),
            ordering_key: execution.ordering_key.clone(),
            gateway: gateway(execution).to_owned(),
        }
    }
}

/// The gateway module that an event came for.
fn gateway(execution: &Execution) -> &str {
    execution.input.get("gateway").and_then(Json::as_str).unwrap_or("stripe")
}

/// Where a processor's record writes go while it is rendered.
type Within<'a> = dyn FnMut(&mut Phase, &mut dyn FnMut()) + 'a;

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
        let about = About::of(run.execution());
        let mut held = Some(run);
        let mut stopped = None;
        let processed = self.process(&about, event, &mut |phase, work| {
            let Some(run) = held.take() else { return };
            let (run, why) = self.buffer.within_run(run, phase, work);
            (held, stopped) = (Some(run), why);
        });
        let run = held.expect("it is given back");
        if let Some(why) = stopped {
            self.journal.stop(run, why)?;
            return Ok(false);
        }
        match processed {
            Ok(Processed { phase, outcome }) => {
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
            Err(error) => {
                self.journal.retry_or_give_up(run, &error.to_string(), ATTEMPTS_MAX)?;
                Err(error)
            }
        }
    }

    /// What an event would do, without committing it: `events replay --dry-run`.
    ///
    /// # Errors
    /// As [`Dispatch::run`].
    pub fn dry_run(&self, execution: &Execution) -> Result<Processed, Error> {
        let buffer = self.buffer;
        self.process(&About::of(execution), read(execution)?, &mut |phase, work| {
            buffer.within(phase, work)
        })
    }

    fn process(
        &self,
        about: &About,
        event: Event,
        within: &mut Within<'_>,
    ) -> Result<Processed, Error> {
        let name = processor(&about.gateway, &event.kind);
        let mut phase = self.journal.phase();
        let passed_over = |why: &str, phase| {
            let outcome = json!({ "processor": name, "processed": false, "reason": why });
            Ok(Processed { phase, outcome })
        };
        let Some(partial) = self.catalog.partial(&name) else {
            return passed_over(NO_PROCESSOR, phase);
        };
        if event.livemode != self.livemode {
            return passed_over("it is of the other mode, test or live, than this instance", phase);
        }
        let newer = self.newer(about, &event)?;
        if newer.as_deref() == Some(event.kind.as_str()) && !injected_bug("older_overwrites") {
            // What it says was said again, and newer, by one that is processed.
            return passed_over("a newer event of its type was processed before it", phase);
        }
        let properties = [
            ("event".to_owned(), event.json.into_json()),
            ("stale".to_owned(), Json::from(newer.is_some())),
        ];
        let mut locals = Locals::from(Json::Object(properties.into_iter().collect()));
        locals.share("event", "webhook_event");
        locals.share("event", "object");
        let mut locals = Some(locals);
        let mut result = Ok(());
        within(&mut phase, &mut || {
            let locals = locals.take().unwrap_or_default();
            result = self
                .templates
                .render(&partial.source, self.request_context, locals, OutputMode::Raw, self.host)
                .map(|_| ());
        });
        result?;
        let outcome = json!({ "processor": name, "processed": true });
        Ok(Processed { phase, outcome })
    }

    /// The type of a processed event about the same object that is newer than this one, of this
    /// one's own type if there is such: Stripe does not deliver in order (`stripe.md` 4.4).
    fn newer(&self, about: &About, event: &Event) -> Result<Option<String>, Error> {
        let (Some(key), Some(created)) = (&about.ordering_key, event.created()) else {
            return Ok(None);
        };
        let query = ExecutionQuery {
            states: vec![State::Completed],
            kind: Some(about.kind.clone()),
            ordering_key: Some(key.clone()),
            per_page: LATEST,
            ..ExecutionQuery::default()
        };
        let mut newer = None;
        for other in self.journal.store().executions(&query)?.results {
            let processed = other.outcome.as_ref().is_some_and(|o| o["processed"] == json!(true));
            let at = other.input.pointer("/event/created").and_then(Json::as_i64);
            if processed && other.id != about.id && at > Some(created) {
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
        let mut cause = store.execution_by_key("request_type", key)?;
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
