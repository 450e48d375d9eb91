//! Runs a record form: validation, the write, callbacks and reply.
//!
//! Its record writes and those of its callbacks are committed together. A form with scripts is an
//! execution of its own, because a script may send something: another process finishes it if this
//! one dies.

use crate::app::host::RequestHost;
use crate::app::job_queue::JobQueue;
use crate::app::replay::{self, Replay};
use crate::app::runtime::Runtime;
use crate::app::scope::Scope;
use crate::app::side_effect::SideEffect;
use crate::app::template_host::TemplateHost;
use crate::form::card_numbers;
use crate::form::error::Error as FormError;
use crate::form::submission::{FormRequest, FormResult, Submission, Validated};
use crate::journal::buffer::{Stopped, with_phase, with_run};
use crate::journal::error::Error as JournalError;
use crate::journal::intent::Intent;
use crate::journal::run::{Begun, Run};
use serde::Deserialize as _;
use serde_json::{Value as Json, json};
use sluicegate_failpoint::failpoint;
use sluicegate_module::form::{Form, Resource};
use sluicegate_store::error::Error as StoreError;
use sluicegate_store::execution::State::Completed;
use sluicegate_store::kind::ExecutionKind;
use sluicegate_store::record::Record;
use std::sync::Arc;

/// The execution kind of form submissions.
pub const KIND: &str = ExecutionKind::FormSubmission.name();
/// The context that a visitor's input is sealed with.
pub(super) const PLACE: &str = "form_submission/input";

/// Why a record form has no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The form or record does not exist, or one of the form's templates failed.
    #[error(transparent)]
    Form(#[from] FormError),
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Constants or the record could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The form's own step could not be replayed.
    #[error(transparent)]
    Replay(#[from] replay::Error),
    /// The submission was accepted but has not finished; the worker continues it.
    #[error("the submission was taken and is being processed as {execution}: {why}")]
    Unfinished {
        /// The execution that continues it.
        execution: String,
        /// Why it has not finished.
        why: String,
    },
}

impl Error {
    /// True when only the database failed: the same submission can be repeated.
    pub fn is_the_stores(&self) -> bool {
        match self {
            Self::Form(error) => error.is_the_stores(),
            Self::Journal(_) | Self::Store(_) => true,
            Self::Replay(error) => error.is_the_stores(),
            Self::Unfinished { .. } => false,
        }
    }

    /// The store's error, if that is the cause.
    pub fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Form(error) => error.store_error(),
            Self::Journal(error) => error.store_error(),
            Self::Store(error) => Some(error),
            Self::Replay(error) => error.store_error(),
            Self::Unfinished { .. } => None,
        }
    }

    /// True when the run is left to be resumed: the store failed, not the form. What the form wrote
    /// may be refused, which a later attempt does not change.
    fn leaves_the_run(&self) -> bool {
        match (self, self.store_error()) {
            (Self::Form(_), Some(error)) => !error.is_about_the_writes(),
            (_, Some(error)) => !matches!(error, StoreError::Refused(_)),
            (_, None) => false,
        }
    }
}

/// One submission of a record form.
pub(super) struct RecordForm<'a> {
    pub(super) host: &'a RequestHost,
    pub(super) form: &'a Form,
    pub(super) request: &'a FormRequest,
}

impl RecordForm<'_> {
    /// Runs the form, in the scope's phase if there is one.
    pub(super) fn run(&self) -> Result<FormResult, Error> {
        let scope = &self.host.scope;
        let is_scripted =
            self.form.default_payload.is_some() || self.form.callback_actions.is_some();
        self.check_resource()?;
        if let Some(refused) = card_numbers::refusal(self.form, self.request) {
            return Ok(FormResult::Refused(refused));
        }
        let is_inside = scope.run().is_some() || scope.is_dry_run;
        if is_scripted && !is_inside && scope.phase().is_none() {
            return self.begin();
        }
        if scope.run().is_some() {
            return self.fill_inside();
        }
        let request_context = self.host.request_context()?;
        let inside = TemplateHost::new(self.host, &request_context);
        let fill = || self.fill(&inside);
        let (filled, phase) = with_phase(&inside, self.host.journal().phase(), fill);
        let filled = filled?;
        if let (FormResult::Written(..), Some(phase)) = (&filled, phase) {
            self.host.write(|outer| {
                outer.join(phase);
                Ok::<_, JournalError>(())
            })?;
        }
        Ok(filled)
    }

    /// Runs a form submitted by a run's templates: its writes join theirs, unless it is refused.
    fn fill_inside(&self) -> Result<FormResult, Error> {
        let request_context = self.host.request_context()?;
        let scope = &self.host.scope;
        let mark = scope.phase().map(|phase| phase.mark());
        let ended = self.fill(&TemplateHost::new(self.host, &request_context));
        if !matches!(ended, Ok(FormResult::Written(..)))
            && let Some(mark) = mark
            && let Some(mut phase) = scope.phase()
        {
            phase.rollback_to(mark);
        }
        ended
    }

    /// Refuses a form that would do nothing and report success.
    fn check_resource(&self) -> Result<(), FormError> {
        let resource = match &self.form.resource {
            Resource::None => return Ok(()),
            Resource::Table(name) if self.host.catalog().table(name).is_some() => return Ok(()),
            Resource::Table(name) => name.as_str(),
            Resource::User => "User",
            Resource::Session => "Session",
        };
        let (form, resource) = (self.form.name.clone(), resource.to_owned());
        Err(FormError::NoResource { form, resource })
    }

    /// Begins an execution for a form with scripts, and runs it.
    fn begin(&self) -> Result<FormResult, Error> {
        let begun = self.host.journal().begin(self.intent(), None)?;
        let Begun::New(run) = begun else { return Err(FormError::NotFound.into()) };
        let execution = run.execution().id.to_string();
        self.run_scripted(run).map_err(|error| match error {
            error if error.leaves_the_run() => {
                Error::Unfinished { execution, why: error.to_string() }
            }
            other => other,
        })
    }

    /// Everything needed to run the form again. The visitor's input is sealed; headers, with their
    /// cookies, are left out.
    fn intent(&self) -> Intent {
        let scope = &self.host.scope;
        let mut context = scope.context.clone();
        context.insert("headers".to_owned(), json!({}));
        context.shift_remove("authenticity_token");
        let said = json!({ "request": self.request, "context": context });
        let sealed = self.host.key().seal(PLACE, &said.to_string());
        let id = &self.request.id;
        let input = json!({ "id": id, "user_id": scope.user_id, "sealed": sealed });
        Intent::new(KIND, &self.form.name, input)
    }

    /// Runs a form with scripts as an execution.
    fn run_scripted(&self, run: Run) -> Result<FormResult, Error> {
        let request_context = self.host.request_context()?;
        let inside = TemplateHost::new(self.host, &request_context);
        let journal = self.host.journal();
        let ran = with_run(&inside, journal, run, journal.phase(), || self.fill(&inside));
        let (run, phase, filled) = match ran.or_stop(journal)? {
            Ok(ran) => ran,
            Err(Stopped {
                execution,
                why: why @ (JournalError::Waiting(_) | JournalError::Busy(_)),
            }) => {
                return Err(Error::Unfinished { execution, why: why.to_string() });
            }
            Err(stopped) => return Err(stopped.why.into()),
        };
        failpoint!("form_before_end");
        let (phase, outcome) = match &filled {
            Ok(FormResult::Written(record, _)) => {
                let id = record.as_ref().map(|record| record.id.to_string());
                (phase, json!({ "state": "written", "id": id }))
            }
            Ok(FormResult::Refused(refused)) => {
                (journal.phase(), json!({ "state": "refused", "errors": refused.errors }))
            }
            Err(error) if error.leaves_the_run() => return filled,
            Err(error) => {
                journal.fail(run, &error.to_string(), None)?;
                return filled;
            }
        };
        journal.finish(run, None, phase, Completed, outcome)?;
        filled
    }

    /// Runs the form from default payload to reply; record writes go to the scope's phase.
    fn fill(&self, inside: &TemplateHost<'_>) -> Result<FormResult, Error> {
        self.check_resource()?;
        let (form, renderer) = (self.form, inside.renderer());
        let writer = self.host.writer(&self.request.author);
        let submission = Submission { form, request: self.request, renderer, writer };
        let declared = submission.values()?;
        let mut asked = json!([self.request.id, declared]);
        if let (true, Some(asked)) = (self.request.deletes, asked.as_array_mut()) {
            asked.push(json!("delete"));
        }
        let effect = SideEffect { kind: "form_record", name: &form.name, asked };
        let written = match self.write_once(&effect, &submission, &declared)? {
            Validated::Refused(refused) => return Ok(FormResult::Refused(refused)),
            Validated::Written(record) => record,
        };
        let reply = submission.after(&declared, written.as_ref())?;
        let seen = submission.variable(&declared, written.as_ref());
        JobQueue::new(self.host).enqueue_form(form, &seen, &declared)?;
        Ok(FormResult::Written(written, reply))
    }

    /// Validates and writes the record, or reads the one that this run wrote before it was resumed.
    fn write_once(
        &self,
        effect: &SideEffect<'_>,
        submission: &Submission<'_>,
        declared: &Json,
    ) -> Result<Validated, Error> {
        let replay = Replay::new(self.host);
        if let Some(known) = replay.recorded(effect)? {
            return Ok(Validated::Written(self.written_before(&known)?));
        }
        let mut own = self.host.journal().phase();
        let record = match submission.record(&mut own, declared.clone())? {
            refused @ Validated::Refused(_) => return Ok(refused),
            Validated::Written(record) => record,
        };
        // The form's conditions may have replayed steps that precede the recorded result.
        if let Some(known) = replay.recorded(effect)? {
            return Ok(Validated::Written(self.written_before(&known)?));
        }
        if let Some(mut phase) = self.host.scope.phase() {
            phase.join(own);
        }
        replay.record(effect, &json!({ "id": record.as_ref().map(|record| record.id) }));
        Ok(Validated::Written(record))
    }

    fn written_before(&self, known: &Json) -> Result<Option<Record>, Error> {
        match known.get("id").and_then(Json::as_i64) {
            Some(id) => Ok(self.host.runtime.store.record(id)?),
            None => Ok(None),
        }
    }
}

/// Resumes a form whose process died.
///
/// # Errors
/// [`Error::Journal`], [`Error::Store`]; an error of the form itself ends its execution.
pub(super) fn resume(runtime: &Arc<Runtime>, run: Run) -> Result<(), Error> {
    let input = run.execution().input.clone().into_json();
    let name = run.execution().name.clone();
    let instance = runtime.instance();
    let sealed = input.get("sealed").and_then(Json::as_str);
    let said = sealed.and_then(|sealed| runtime.config.instance_key.open(PLACE, sealed));
    let said = said.and_then(|said| serde_json::from_str::<Json>(said.expose()).ok());
    let (Some(form), Some(said)) = (instance.catalog.form(&name), said) else {
        let reason =
            "its form does not exist any more, or it was submitted under another instance key";
        runtime.journal.fail(run, reason, None)?;
        return Ok(());
    };
    let part = |name: &str| said.get(name).and_then(Json::as_object).cloned().unwrap_or_default();
    let mut scope = Scope::new(part("context"));
    scope.user_id = input.get("user_id").and_then(Json::as_str).map(str::to_owned);
    let host = runtime.host(scope);
    let request = said.get("request").map(FormRequest::deserialize);
    // Before it said more, an input held what was posted.
    let request = request.and_then(Result::ok).unwrap_or_else(|| FormRequest {
        id: input.get("id").and_then(Json::as_str).map(str::to_owned),
        posted: part("posted"),
        ..FormRequest::default()
    });
    RecordForm { host: &host, form, request: &request }.run_scripted(run).map(drop)
}
