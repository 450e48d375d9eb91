//! Processes a stored event: the partial named after it, its records and the mark "done" in one commit.

use crate::journal::buffer::Buffer;
use crate::journal::entry::Journal;
use crate::journal::run::Run;
use crate::module::catalog::Catalog;
use crate::store::execution::State;
use crate::template::host::Host;
use crate::template::render::{OutputMode, Templates};
use crate::template::scene::Scene;
use crate::webhook::error::Error;
use crate::webhook::event::Event;
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
}
