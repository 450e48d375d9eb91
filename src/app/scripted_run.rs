//! Deterministic replay of templates: side effects are recorded as steps and replayed on resume.
//!
//! A run may be resumed after a crash, by any process. Its templates are then rendered again and
//! must do the same: `now` is the execution's, random values are derived from it, and the results
//! of queries and calls are recorded with each commit of a phase.

use crate::app::error::Error;
use crate::app::host::RequestHost;
use crate::app::side_effect::SideEffect;
use crate::journal::intent::StepAnswer;
use crate::journal::phase::Phase;
use crate::journal::run::StepBegun;
use crate::journal::scripted_run::ScriptedRun;
use serde_json::{Value as Json, json};
use std::sync::{MutexGuard, PoisonError};

/// The context that step results are sealed with: they may hold customers' data.
const PLACE: &str = "steps/response";

impl RequestHost {
    pub(super) fn scripted_run(&self) -> MutexGuard<'_, Option<ScriptedRun>> {
        self.scope.scripted_run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The idempotency key of the run's next nested execution; `None` outside a run.
    pub(super) fn nested_key(&self) -> Option<String> {
        self.scripted_run().as_mut().map(ScriptedRun::nested_key)
    }

    /// Performs an external side effect. In a run, it ends a phase: earlier writes are committed
    /// with the intent, and the answer with what follows.
    ///
    /// # Errors
    /// Any error of `send`; [`Error::Journal`] when the run has to stop.
    pub(super) fn side_effect(
        &self,
        effect: &SideEffect<'_>,
        send: impl FnOnce() -> Result<Json, Error>,
    ) -> Result<Json, Error> {
        if self.scope.is_dry_run {
            return Err(Error::DryRun);
        }
        let Some(begun) = self.begin_step(effect)? else { return self.suspend(None, send) };
        let step = match begun {
            StepBegun::Answered(known) => return self.known(&known),
            StepBegun::Take(step) => step,
        };
        let phase = self.scope.phase.lock().unwrap_or_else(PoisonError::into_inner).take();
        let answer = self.suspend(phase, send)?;
        if let Some(waiting) = effect.waits_for(&answer) {
            if let Some(scripted_run) = self.scripted_run().as_mut() {
                scripted_run.stopped = Some(waiting.clone());
            }
            return Err(waiting.into());
        }
        if let Some(scripted_run) = self.scripted_run().as_mut() {
            let response = self.sealed(&answer, scripted_run.nested);
            let answer = StepAnswer { seq: step.seq, response };
            self.runtime.journal.answer(&mut scripted_run.run, answer);
        }
        Ok(answer)
    }

    /// Sends with the run suspended: the nested execution renders its own templates, which a replay
    /// does not repeat.
    fn suspend(
        &self,
        phase: Option<Phase>,
        send: impl FnOnce() -> Result<Json, Error>,
    ) -> Result<Json, Error> {
        let run = self.scripted_run().take();
        let sent = send();
        *self.scripted_run() = run;
        if phase.is_some() {
            *self.scope.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
        }
        sent
    }

    /// The step of a side effect; `None` outside a run and inside a transaction, whose phase cannot
    /// end early. There, only the key prevents a second send.
    fn begin_step(&self, effect: &SideEffect<'_>) -> Result<Option<StepBegun>, Error> {
        let mut scripted_run = self.scripted_run();
        let Some(scripted_run) = scripted_run.as_mut() else { return Ok(None) };
        if let Some(error) = &scripted_run.stopped {
            return Err(error.clone().into());
        }
        if !self.scope.transactions.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            return Ok(None);
        }
        let journal = &self.runtime.journal;
        let mut phase = self.scope.phase.lock().unwrap_or_else(PoisonError::into_inner);
        let mut none = journal.phase();
        let phase = phase.as_mut().unwrap_or(&mut none);
        let begun = journal.begin_step(&mut scripted_run.run, phase, effect.intent());
        if let Err(error) = &begun {
            scripted_run.stopped = Some(error.clone());
        }
        Ok(Some(begun?))
    }

    /// Runs a query or mutation inside a phase. A replay returns the recorded result and does not
    /// run it again, because its writes are on disk.
    pub(super) fn run_once(
        &self,
        effect: &SideEffect<'_>,
        work: impl FnOnce() -> Json,
    ) -> Result<Json, Error> {
        if let Some(known) = self.replayed(effect)? {
            return Ok(known);
        }
        let result = work();
        // `work` may have recorded steps of its own, which precede this one.
        if let Some(known) = self.replayed(effect)? {
            return Ok(known);
        }
        self.record(effect, &result);
        Ok(result)
    }

    /// Records a result with the record writes of the current phase.
    pub(super) fn record(&self, effect: &SideEffect<'_>, result: &Json) {
        if let Some(scripted_run) = self.scripted_run().as_mut() {
            let sealed = self.sealed(result, scripted_run.nested);
            self.runtime.journal.note(&mut scripted_run.run, effect.intent(), sealed);
        }
    }

    /// The recorded result of an earlier side effect, if there is one.
    ///
    /// # Errors
    /// [`Error::Journal`] when the recorded step is a different one.
    pub(super) fn replayed(&self, effect: &SideEffect<'_>) -> Result<Option<Json>, Error> {
        let recorded = self.recorded(effect)?;
        recorded.map(|recorded| self.known(&recorded)).transpose()
    }

    fn recorded(&self, effect: &SideEffect<'_>) -> Result<Option<Json>, Error> {
        let mut scripted_run = self.scripted_run();
        let Some(scripted_run) = scripted_run.as_mut() else { return Ok(None) };
        if let Some(error) = &scripted_run.stopped {
            return Err(error.clone().into());
        }
        // A step of another kind was recorded by something that this side effect does first.
        let is_border = scripted_run.run.next_kind().is_some_and(|kind| kind != effect.kind);
        if is_border {
            return Ok(None);
        }
        let known = self.runtime.journal.replayed(&mut scripted_run.run, &effect.intent());
        if let Err(error) = &known {
            scripted_run.stopped = Some(error.clone());
        }
        Ok(known?)
    }

    /// A result as a step stores it, with the number of nested keys used so far.
    fn sealed(&self, value: &Json, nested: u32) -> Json {
        let sealed = self.runtime.config.instance_key.seal(PLACE, &value.to_string());
        json!({ "sealed": sealed, "nested": nested })
    }

    fn known(&self, recorded: &Json) -> Result<Json, Error> {
        let nested = recorded.get("nested").and_then(Json::as_u64);
        if let (Some(scripted_run), Some(nested)) = (self.scripted_run().as_mut(), nested) {
            scripted_run.nested = u32::try_from(nested).unwrap_or(u32::MAX);
        }
        let key = &self.runtime.config.instance_key;
        let text = recorded.get("sealed").and_then(Json::as_str);
        let open = text.and_then(|text| key.open(PLACE, text));
        let value = open.and_then(|open| serde_json::from_str(open.expose()).ok());
        value.ok_or(Error::Sealed)
    }
}
