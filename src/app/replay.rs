//! Deterministic replay of templates: side effects are recorded as steps and replayed on resume.
//!
//! A run may be resumed after a crash, by any process. Its templates are then rendered again and
//! must do the same: `now` is the execution's, random values are derived from it, and the results
//! of queries and calls are recorded with each commit of a phase.

use crate::app::gateway_lanes::Full;
use crate::app::host::RequestHost;
use crate::app::side_effect::SideEffect;
use crate::journal::error::Error as JournalError;
use crate::journal::intent::StepAnswer;
use crate::journal::phase::Phase;
use crate::journal::run::StepBegun;
use serde_json::{Value as Json, json};
use sluicegate_store::error::Error as StoreError;
use tokio::sync::OwnedSemaphorePermit;

/// The context that step results are sealed with: they may hold customers' data.
pub(super) const PLACE: &str = "steps/response";

/// Why a side effect was neither performed nor replayed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The run has to stop: the journal failed, the recorded step is a different one, or an answer
    /// is not known yet.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A dry run tried to send something, which is not allowed.
    #[error("a dry run sends nothing")]
    DryRun,
    /// A recorded result was sealed with another instance key and cannot be opened.
    #[error("a recorded step cannot be opened with this instance's key")]
    Sealed,
    /// Too many templates wait for the gateway. Nothing was begun.
    #[error(transparent)]
    Full(#[from] Full),
}

impl Error {
    /// The store's error, if that is the cause.
    pub fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Journal(error) => error.store_error(),
            _ => None,
        }
    }

    /// True when the run was stopped by the journal or its database.
    pub fn is_the_stores(&self) -> bool {
        matches!(self, Self::Journal(_) | Self::Full(_))
    }
}

/// The side effects of a request, which are steps if it is a run.
pub(super) struct Replay<'a> {
    host: &'a RequestHost,
}

impl<'a> Replay<'a> {
    pub(super) fn new(host: &'a RequestHost) -> Self {
        Self { host }
    }

    /// Performs an external side effect. In a run, it ends a phase: earlier writes are committed
    /// with the intent, and the answer with what follows.
    ///
    /// # Errors
    /// Any error of `send`, and [`Error`].
    pub(super) fn send_once<E: From<Error>>(
        &self,
        effect: &SideEffect<'_>,
        send: impl FnOnce() -> Result<Json, E>,
    ) -> Result<Json, E> {
        let scope = &self.host.scope;
        if scope.is_dry_run {
            return Err(Error::DryRun.into());
        }
        let _place = self.place()?;
        let Some(begun) = self.begin_step(effect)? else { return self.suspend(None, send) };
        let step = match begun {
            StepBegun::Answered(known) => return Ok(self.known(&known)?),
            StepBegun::Take(step) => step,
        };
        let answer = self.suspend(scope.swap_phase(None), send)?;
        if let Some(waiting) = effect.waits_for(&answer) {
            if let Some(mut run) = scope.run() {
                run.stopped = Some(waiting.clone());
            }
            return Err(Error::Journal(waiting).into());
        }
        if let Some(mut run) = scope.run() {
            let response = self.sealed(&answer, run.nested).into();
            self.host.journal().answer(&mut run.run, StepAnswer { seq: step.seq, response });
        }
        Ok(answer)
    }

    /// A place among the templates that wait for the gateway. Without one, a run stops and the
    /// worker resumes it.
    fn place(&self) -> Result<Option<OwnedSemaphorePermit>, Error> {
        let scope = &self.host.scope;
        self.host.runtime.gateway_lanes.enter(scope.template_lane()).map_err(|full| {
            let Some(mut run) = scope.run() else { return full.into() };
            let waiting = JournalError::Busy(full.to_string());
            run.stopped = Some(waiting.clone());
            waiting.into()
        })
    }

    /// Sends with the run suspended: the nested execution renders its own templates, which a replay
    /// does not repeat.
    fn suspend<E>(
        &self,
        phase: Option<Phase>,
        send: impl FnOnce() -> Result<Json, E>,
    ) -> Result<Json, E> {
        let scope = &self.host.scope;
        let run = scope.swap_run(None);
        let sent = send();
        scope.swap_run(run);
        if phase.is_some() {
            scope.swap_phase(phase);
        }
        sent
    }

    /// The step of a side effect; `None` outside a run and inside a transaction, whose phase cannot
    /// end early. There, only the key prevents a second send.
    fn begin_step(&self, effect: &SideEffect<'_>) -> Result<Option<StepBegun>, Error> {
        let scope = &self.host.scope;
        let Some(mut run) = scope.run() else { return Ok(None) };
        if let Some(error) = &run.stopped {
            return Err(error.clone().into());
        }
        if scope.is_in_transaction() {
            return Ok(None);
        }
        let journal = self.host.journal();
        let begun = match scope.phase() {
            Some(mut phase) => journal.begin_step(&mut run.run, &mut phase, effect.intent()),
            None => journal.begin_step(&mut run.run, &mut journal.phase(), effect.intent()),
        };
        if let Err(error) = &begun {
            run.stopped = Some(error.clone());
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
        if let Some(known) = self.recorded(effect)? {
            return Ok(known);
        }
        let result = work();
        // `work` may have recorded steps of its own, which precede this one.
        if let Some(known) = self.recorded(effect)? {
            return Ok(known);
        }
        self.record(effect, &result);
        Ok(result)
    }

    /// Records a result with the record writes of the current phase.
    pub(super) fn record(&self, effect: &SideEffect<'_>, result: &Json) {
        if let Some(mut run) = self.host.scope.run() {
            let sealed = self.sealed(result, run.nested);
            self.host.journal().note(&mut run.run, effect.intent(), sealed);
        }
    }

    /// The recorded result of an earlier side effect, if there is one.
    ///
    /// # Errors
    /// [`Error::Journal`] when the recorded step is a different one.
    pub(super) fn recorded(&self, effect: &SideEffect<'_>) -> Result<Option<Json>, Error> {
        let recorded = self.next_step(effect)?;
        recorded.map(|recorded| self.known(&recorded)).transpose()
    }

    fn next_step(&self, effect: &SideEffect<'_>) -> Result<Option<Json>, Error> {
        let Some(mut run) = self.host.scope.run() else { return Ok(None) };
        if let Some(error) = &run.stopped {
            return Err(error.clone().into());
        }
        // A step of another kind was recorded by something that this side effect does first.
        let is_border = run.run.next_kind().is_some_and(|kind| kind != effect.kind);
        if is_border {
            return Ok(None);
        }
        let known = self.host.journal().replayed(&mut run.run, &effect.intent());
        if let Err(error) = &known {
            run.stopped = Some(error.clone());
        }
        Ok(known?)
    }

    /// A result as a step stores it, with the number of nested keys used so far.
    fn sealed(&self, value: &Json, nested: u32) -> Json {
        let sealed = self.host.key().seal(PLACE, &value.to_string());
        json!({ "sealed": sealed, "nested": nested })
    }

    fn known(&self, recorded: &Json) -> Result<Json, Error> {
        let nested = recorded.get("nested").and_then(Json::as_u64);
        if let (Some(mut run), Some(nested)) = (self.host.scope.run(), nested) {
            run.nested = u32::try_from(nested).unwrap_or(u32::MAX);
        }
        let text = recorded.get("sealed").and_then(Json::as_str);
        let open = text.and_then(|text| self.host.key().open(PLACE, text));
        let value = open.and_then(|open| serde_json::from_str(open.expose()).ok());
        value.ok_or(Error::Sealed)
    }
}
