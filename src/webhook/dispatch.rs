//! Processes a stored event: the partial named after it, its records and the mark "done" in one commit.

use crate::journal::buffer::Buffer;
use crate::journal::entry::Journal;
use crate::journal::run::Run;
use crate::module::catalog::Catalog;
use crate::store::execution::{ExecutionId, State};
use crate::template::host::Host;
use crate::template::render::{OutputMode, Templates};
use crate::template::scene::Scene;
use crate::webhook::error::Error;
use crate::webhook::event::Event;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

/// What a processor runs in.
pub struct Dispatch<'a> {
    /// What is written.
    pub catalog: &'a Catalog,
    /// Its compiled templates.
    pub templates: &'a Templates,
    /// Commits effects and mark together.
    pub journal: &'a Journal,
    /// The context of the event.
    pub scene: &'a Scene,
    /// What the platform's tags call; its record writes join the phase.
    pub host: &'a dyn Host,
    /// Lets its record writes join the phase.
    pub buffer: &'a dyn Buffer,
}

impl Dispatch<'_> {
    /// Processes one event. Without a partial of its name nothing is done, and that is fine.
    ///
    /// # Errors
    /// [`Error::Template`] when the processor failed: nothing of it was written, the worker tries
    /// again. [`Error::Journal`] when the mark could not be committed.
    pub fn run(&self, run: Run) -> Result<bool, Error> {
        let input = run.execution().input.clone();
        let gateway = input.get("gateway").and_then(Json::as_str).unwrap_or("stripe");
        let json = input.get("event").cloned().unwrap_or(Json::Null);
        let event = Event::read(json.to_string().as_bytes())?;
        if self.is_ahead(&event)? {
            let wait = Some(SignedDuration::from_millis(400));
            self.journal.retryable(run, "the request that caused it has not ended yet", wait)?;
            return Ok(false);
        }
        let name = event.processor(gateway);
        let mut phase = self.journal.phase();
        let processed = match self.catalog.partial(&name) {
            None => false,
            Some(partial) => {
                let locals = json!({ "event": json, "webhook_event": json, "object": json });
                let mut result = Ok(());
                self.buffer.within(&mut phase, &mut || {
                    let locals = locals.clone();
                    result = self
                        .templates
                        .render(&partial.source, self.scene, locals, OutputMode::Raw, self.host)
                        .map(|_| ());
                });
                if let Err(error) = result {
                    self.journal.retryable(run, &error.to_string(), None)?;
                    return Err(error.into());
                }
                true
            }
        };
        let outcome = json!({ "processor": name, "processed": processed });
        self.journal.finish(run, None, phase, State::Completed, outcome)?;
        Ok(processed)
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
