//! Form submissions: each runs a request type or writes a record, and produces a reply.

use crate::app::error::Error;
use crate::app::host::RequestHost;
use crate::app::runtime::Runtime;
use crate::app::scope::Scope;
use crate::app::side_effect::SideEffect;
use crate::form::envelope::{Envelope, Refusal};
use crate::form::error::Error as FormError;
use crate::form::render::Refused;
use crate::form::submission::{self, FormResult, Reply, Submission, Validated};
use crate::form::write::Writer;
use crate::gateway::outcome::{Outcome, State};
use crate::gateway::request_type_call::RequestTypeCall;
use crate::journal::buffer::{Stopped, with_phase, with_run};
use crate::journal::error::Error as JournalError;
use crate::journal::intent::Intent;
use crate::journal::run::{Begun, Run};
use crate::template::request_context::RequestContext;
use serde_json::{Map, Value as Json, json};
use sluicegate_failpoint::failpoint;
use sluicegate_module::form::Form;
use sluicegate_store::execution::State::Completed;
use sluicegate_store::kind::ExecutionKind;
use sluicegate_store::record::{Record, RecordId};
use std::sync::Arc;

/// The execution kind of form submissions.
pub const KIND: &str = ExecutionKind::FormSubmission.name();
/// The context that a visitor's input is sealed with.
const PLACE: &str = "form_submission/input";

/// The result of a submission.
#[derive(Debug)]
pub enum Submitted {
    /// The submission was accepted; the visitor is redirected.
    Done {
        /// The redirect and the flash messages.
        reply: Reply,
        /// The outcome, for a request-type form.
        outcome: Option<Box<Outcome>>,
        /// The record's id, for a record form.
        record_id: Option<String>,
    },
    /// A record form failed validation; the page shows it again.
    Invalid {
        /// The form's name.
        form: String,
        /// The posted values and the error messages.
        refused: Refused,
    },
    /// The signed envelope was refused; nothing was sent.
    Refused(Refusal),
}

impl RequestHost {
    /// Handles a submission of the form `name`.
    ///
    /// # Errors
    /// [`Error::Form`] when the form or record does not exist, [`Error::Gateway`] when the request
    /// type cannot be run.
    pub fn submit(
        &self,
        name: &str,
        id: Option<&str>,
        params: &Map<String, Json>,
    ) -> Result<Submitted, Error> {
        let form =
            self.instance.catalog.form(name).ok_or_else(|| FormError::Unknown(name.to_owned()))?;
        if !form.request_allowed {
            return Err(FormError::NotAllowed(name.to_owned()).into());
        }
        if form.request_type.is_some() {
            return self.submit_request_type(form, params);
        }
        self.submit_record(form, id, params)
    }

    fn submit_request_type(
        &self,
        form: &Form,
        params: &Map<String, Json>,
    ) -> Result<Submitted, Error> {
        let key = &self.runtime.config.instance_key;
        let (envelope, data) = match submission::open(form, params, key, self.runtime.clock.now()) {
            Ok(opened) => opened,
            Err(refusal) => return Ok(Submitted::Refused(refusal)),
        };
        let outcome = self.request_type(RequestTypeCall {
            name: envelope.request_type.clone(),
            gateway: Some(envelope.gateway.clone()),
            data: data.clone(),
            config: envelope.config.clone(),
            idempotency_key: Some(envelope.idempotency_key.clone()),
            user_id: None,
        })?;
        let reply = self.reply(form, &variable(&envelope, &data, &outcome))?;
        Ok(Submitted::Done { reply, outcome: Some(Box::new(outcome)), record_id: None })
    }

    fn reply(&self, form: &Form, variable: &Json) -> Result<Reply, Error> {
        let request_context = self.request_context()?;
        let host = self.on(&request_context);
        let submission = Submission { form, renderer: host.renderer(), writer: self.writer() };
        Ok(submission.reply(variable)?)
    }

    fn submit_record(
        &self,
        form: &Form,
        id: Option<&str>,
        params: &Map<String, Json>,
    ) -> Result<Submitted, Error> {
        let posted = params.get("form").and_then(Json::as_object).cloned().unwrap_or_default();
        Ok(match self.run_form(form, id, &posted)? {
            FormResult::Refused(refused) => Submitted::Invalid { form: form.name.clone(), refused },
            FormResult::Written(record, reply) => {
                let record_id = record.map(|record| record.id.to_string());
                Submitted::Done { reply, outcome: None, record_id }
            }
        })
    }

    /// Writes a mutation's properties through the form that it names.
    ///
    /// # Errors
    /// [`Error::Form`] when the form or record does not exist.
    pub fn submit_values(
        &self,
        name: &str,
        id: Option<RecordId>,
        properties: Map<String, Json>,
    ) -> Result<FormResult, Error> {
        let form =
            self.instance.catalog.form(name).ok_or_else(|| FormError::Unknown(name.to_owned()))?;
        let posted = Map::from_iter([("properties".to_owned(), Json::Object(properties))]);
        self.run_form(form, id.map(|id| id.to_string()).as_deref(), &posted)
    }

    /// Runs a record form. Its record writes and those of its callbacks are committed together, in
    /// the scope's phase if there is one. A form with scripts is an execution of its own, because a
    /// script may send something: another process finishes it if this one dies.
    fn run_form(
        &self,
        form: &Form,
        id: Option<&str>,
        posted: &Map<String, Json>,
    ) -> Result<FormResult, Error> {
        let is_scripted = form.default_payload.is_some() || form.callback_actions.is_some();
        let is_inside = self.scripted_run().is_some() || self.scope.is_dry_run;
        if is_scripted && !is_inside && !self.is_buffered() {
            let begun = self.runtime.journal.begin(self.form_intent(form, id, posted), None)?;
            let Begun::New(run) = begun else { return Err(FormError::NotFound.into()) };
            let execution = run.execution().id.to_string();
            return self.run_scripted(run, form, id, posted).map_err(|error| match error {
                Error::Store(_) | Error::Journal(JournalError::Store(_)) => {
                    Error::Unfinished { execution, why: error.to_string() }
                }
                other => other,
            });
        }
        let request_context = self.request_context()?;
        if self.scripted_run().is_some() {
            return self.fill_inside(form, id, posted, &request_context);
        }
        let host = self.on(&request_context);
        let fill = || self.fill(form, id, posted, &request_context);
        let (filled, phase) = with_phase(&host, self.runtime.journal.phase(), fill);
        let filled = filled?;
        if let (FormResult::Written(..), Some(phase)) = (&filled, phase) {
            self.write(|outer| {
                outer.join(phase);
                Ok::<_, JournalError>(())
            })?;
        }
        Ok(filled)
    }

    /// Runs a form submitted by a run's templates: its writes join theirs, unless it is refused.
    fn fill_inside(
        &self,
        form: &Form,
        id: Option<&str>,
        posted: &Map<String, Json>,
        request_context: &RequestContext,
    ) -> Result<FormResult, Error> {
        let mark = self.in_phase(|phase| phase.mark());
        let ended = self.fill(form, id, posted, request_context);
        if !matches!(ended, Ok(FormResult::Written(..)))
            && let Some(mark) = mark
        {
            self.in_phase(|phase| phase.rollback_to(mark));
        }
        ended
    }

    /// Runs a form with scripts as an execution.
    fn run_scripted(
        &self,
        run: Run,
        form: &Form,
        id: Option<&str>,
        posted: &Map<String, Json>,
    ) -> Result<FormResult, Error> {
        let request_context = self.request_context()?;
        let host = self.on(&request_context);
        let journal = &self.runtime.journal;
        let ran = with_run(&host, journal, run, journal.phase(), || {
            self.fill(form, id, posted, &request_context)
        });
        let (run, phase, filled) = match ran.or_stop(journal)? {
            Ok(ran) => ran,
            Err(Stopped { execution, why: why @ JournalError::Waiting(_) }) => {
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
            // Left to be resumed: the store failed, not the form.
            Err(Error::Store(_) | Error::Journal(JournalError::Store(_))) => return filled,
            Err(error) => {
                journal.fail(run, &error.to_string(), None)?;
                return filled;
            }
        };
        journal.finish(run, None, phase, Completed, outcome)?;
        filled
    }

    /// Runs the form from default payload to reply; record writes go to the scope's phase.
    fn fill(
        &self,
        form: &Form,
        id: Option<&str>,
        posted: &Map<String, Json>,
        request_context: &RequestContext,
    ) -> Result<FormResult, Error> {
        let host = self.on(request_context);
        let submission = Submission { form, renderer: host.renderer(), writer: self.writer() };
        let declared = submission.values(posted)?;
        let effect =
            SideEffect { kind: "form_record", name: &form.name, asked: json!([id, declared]) };
        let written = match self.replayed(&effect)? {
            Some(known) => self.written_before(&known)?,
            None => {
                let mut own = self.runtime.journal.phase();
                let record = match submission.record(&mut own, declared.clone(), id)? {
                    Validated::Refused(refused) => return Ok(FormResult::Refused(refused)),
                    Validated::Written(record) => record,
                };
                // The form's conditions may have replayed steps that precede the recorded result.
                match self.replayed(&effect)? {
                    Some(known) => self.written_before(&known)?,
                    None => {
                        self.join(own);
                        self.record(&effect, &json!({ "id": record.as_ref().map(|r| r.id) }));
                        record
                    }
                }
            }
        };
        let reply = submission.after(&declared, written.as_ref())?;
        let seen = submission.variable(&declared, written.as_ref());
        self.schedule(form, &seen, &declared)?;
        Ok(FormResult::Written(written, reply))
    }

    /// The record that this run wrote before it was resumed.
    fn written_before(&self, known: &Json) -> Result<Option<Record>, Error> {
        match known.get("id").and_then(Json::as_i64) {
            Some(id) => Ok(self.runtime.store.record(id)?),
            None => Ok(None),
        }
    }

    /// Everything needed to run the form again. The visitor's input is sealed; headers, with their
    /// cookies, are left out.
    fn form_intent(&self, form: &Form, id: Option<&str>, posted: &Map<String, Json>) -> Intent {
        let mut context = self.scope.context.clone();
        context.insert("headers".to_owned(), json!({}));
        context.shift_remove("authenticity_token");
        let said = json!({ "posted": posted, "context": context });
        let sealed = self.runtime.config.instance_key.seal(PLACE, &said.to_string());
        let input = json!({ "id": id, "user_id": self.scope.user_id, "sealed": sealed });
        Intent::new(KIND, &form.name, input)
    }

    /// A writer of records on behalf of the current user.
    pub(super) fn writer(&self) -> Writer<'_> {
        Writer {
            catalog: &self.instance.catalog,
            key: &self.runtime.config.instance_key,
            user_id: self.scope.user_id.as_deref(),
        }
    }
}

/// Resumes a form whose process died.
///
/// # Errors
/// [`Error::Journal`], [`Error::Store`]; an error of the form itself ends its execution.
pub fn resume(runtime: &Arc<Runtime>, run: Run) -> Result<(), Error> {
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
    let id = input.get("id").and_then(Json::as_str);
    runtime.host(scope).run_scripted(run, form, id, &part("posted")).map(drop)
}

/// The `form` variable for the redirect and flash templates of a request-type form.
fn variable(envelope: &Envelope, data: &Map<String, Json>, outcome: &Outcome) -> Json {
    let failed = !matches!(outcome.state, State::Completed | State::Pending);
    let errors = if failed { json!(outcome.errors) } else { Json::Null };
    json!({
        "request_type": envelope.request_type,
        "state": outcome.state.name(),
        "current_path": envelope.current_path,
        "id": outcome.record.as_ref().map(|record| record.id.clone()),
        "properties": {
            "gateway": envelope.gateway,
            "request_type": envelope.request_type,
            "config": envelope.config,
            "data": data,
            "request_errors": errors,
            "response": outcome.record,
        },
    })
}
