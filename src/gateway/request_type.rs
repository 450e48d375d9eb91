//! The path of a request type: data → API call → gateway → mapper → record → outcome.
//!
//! Nothing is sent before the execution and the rendered bytes are committed (one commit). The
//! answer, every record that follows from it and the outcome commit together (the second). No
//! transaction is open while the gateway is called.

use crate::form::write::Writer;
use crate::gateway::call::{Call, Rendering};
use crate::gateway::error::Error;
use crate::gateway::mapper::Mapped;
use crate::gateway::outcome::{GatewayView, Outcome, Problem, State};
use crate::gateway::param;
use crate::gateway::records::RecordWriter;
use crate::gateway::reply::Answer;
use crate::gateway::resume::{Sending, operation};
use crate::gateway::transport::Transport;
use crate::journal::buffer::Buffer;
use crate::journal::error::Error as JournalError;
use crate::journal::intent::{Intent, StepAnswer, StepIntent, fingerprint};
use crate::journal::journal::Journal;
use crate::journal::phase::Phase;
use crate::journal::run::{Begun, Run};
use crate::template::host::Host;
use crate::template::render::{Locals, OutputMode, Templates};
use crate::template::request_context::RequestContext;
use serde_json::{Map, Value as Json, json};
use sluicegate_failpoint::failpoint;
use sluicegate_failpoint::injected_bug;
use sluicegate_liquid::value::Value;
use sluicegate_module::catalog::Catalog;
use sluicegate_module::request_type::RequestType;
use sluicegate_module::suggest;
use sluicegate_secret::InstanceKey;
use sluicegate_store::error::Error as StoreError;
use sluicegate_store::execution::{Execution, State as ExecutionState};

/// The kind of these executions.
pub const KIND: &str = "request_type";

/// What somebody wants done.
#[derive(Debug, Clone, Default)]
pub struct Submission {
    /// The request type's name.
    pub name: String,
    /// The gateway module, when two define the name.
    pub gateway: Option<String>,
    /// Names and values for the gateway.
    pub data: Map<String, Json>,
    /// Configuration: `callback`, messages and paths.
    pub config: Map<String, Json>,
    /// The caller's key; it may also stand in `data`.
    pub idempotency_key: Option<String>,
    /// Who asks, when signed in.
    pub user_id: Option<String>,
}

/// The rooms that a request type passes through, borrowed for one run.
pub struct Gateway<'a> {
    /// What is written.
    pub catalog: &'a Catalog,
    /// Its compiled templates.
    pub templates: &'a Templates,
    /// The only writer of executions and steps.
    pub journal: &'a Journal,
    /// The one outbound door.
    pub transport: &'a Transport,
    /// Seals credentials at rest.
    pub key: &'a InstanceKey,
    /// The request's context.
    pub request_context: &'a RequestContext,
    /// What the platform's tags call.
    pub host: &'a dyn Host,
    /// Lets record writes of a callback join the phase.
    pub buffer: &'a dyn Buffer,
}

impl Gateway<'_> {
    /// Runs a request type to its outcome.
    ///
    /// # Errors
    /// [`Error`] when no outcome can be told: an unknown name, a faulty module, a store that
    /// cannot be written. Nothing was sent then, or the execution is left for the worker.
    pub fn run(&self, submission: Submission) -> Result<Outcome, Error> {
        let request_type = self.find(&submission.name, submission.gateway.as_deref())?;
        let submission = take_idempotency_key(submission);
        let name = &request_type.name;
        let data = match self.check(&request_type, &submission) {
            Ok(data) => data,
            Err(problems) => return Ok(Outcome::refused(name, State::Invalid, problems)),
        };
        let key = submission.idempotency_key.clone();
        let (input, fingerprint) = execution_input(&request_type, data, submission);
        if let Some(known) = self.earlier(key.as_deref(), &fingerprint)? {
            return self.stored(known, name);
        }
        let id = self.journal.next_id();
        let call = self.render(&request_type, &input["data"], key.as_deref(), id.as_str())?;
        self.transport.check(&call)?;
        let intent = Intent {
            id: Some(id.clone()),
            kind: KIND.to_owned(),
            name: name.clone(),
            input: input.into(),
            idempotency_key: key.filter(|_| !injected_bug("callers_key_forgotten")),
            fingerprint,
            ordering_key: None,
        };
        let step =
            StepIntent::new("api_call", call.to_json(self.key)).identified_by(&call.identity());
        failpoint!("intent_before_commit");
        let pending = Outcome::pending(id.as_str(), name, false);
        match self.journal.begin(intent, Some(step)) {
            Ok(Begun::New(run)) => {
                failpoint!("intent_after_commit");
                let step = run.steps().first().expect("it was begun with a first step");
                let sending = Sending::new(call, step);
                let sent = self.send(run, &request_type, &sending);
                Ok(sent.unwrap_or_else(|error| pending_after(pending, &error)))
            }
            Ok(known) => self.stored(known, name),
            // If it is stored, it will be sent.
            Err(JournalError::Store(error @ StoreError::Unresolved(_))) => {
                Ok(pending_after(pending, &error))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The request type of that name.
    ///
    /// # Errors
    /// [`Error::UnknownRequestType`].
    pub fn find(&self, name: &str, gateway: Option<&str>) -> Result<RequestType, Error> {
        let all = self.catalog.request_types();
        all.iter()
            .find(|one| one.name == name && gateway.is_none_or(|g| g == one.gateway))
            .cloned()
            .ok_or_else(|| Error::UnknownRequestType {
                name: name.to_owned(),
                suggestion: suggest::nearest(name, all.iter().map(|t| t.name.as_str()))
                    .map(str::to_owned),
            })
    }

    fn check(
        &self,
        request_type: &RequestType,
        submission: &Submission,
    ) -> Result<Map<String, Json>, Vec<Problem>> {
        let api_call = self.catalog.api_call(&request_type.api_call);
        if api_call.is_some_and(|call| !call.enabled) {
            let message = format!("{} is switched off.", request_type.name);
            return Err(vec![Problem::new(message, "disabled", None)]);
        }
        match api_call.and_then(|call| call.params.as_ref()) {
            Some(params) => param::check(params, &submission.data),
            None => Ok(submission.data.clone()),
        }
    }

    /// An earlier execution with this key, looked up before rendering: a replay costs one read.
    fn earlier(&self, key: Option<&str>, fingerprint: &str) -> Result<Option<Begun>, Error> {
        match key {
            Some(_) if injected_bug("callers_key_forgotten") => Ok(None),
            Some(key) => Ok(self.journal.find(KIND, key, fingerprint)?),
            None => Ok(None),
        }
    }

    fn stored(&self, begun: Begun, name: &str) -> Result<Outcome, Error> {
        Ok(match begun {
            Begun::Finished(execution) => {
                Outcome { replayed: true, ..self.outcome_of(&execution)? }
            }
            Begun::InProgress(execution) => Outcome::pending(&execution.id.to_string(), name, true),
            Begun::Conflict(execution) => {
                let message =
                    "This idempotency key was used before with other data; nothing was sent.";
                let problem =
                    Problem::new(message, "idempotency_key_conflict", Some("idempotency_key"));
                Outcome {
                    execution: execution.id.to_string(),
                    ..Outcome::refused(name, State::Conflict, vec![problem])
                }
            }
            Begun::New(run) => Outcome::pending(&run.execution().id.to_string(), name, false),
        })
    }

    /// What became of an execution that ended.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn outcome_of(&self, execution: &Execution) -> Result<Outcome, Error> {
        let stored = execution.outcome.clone().map(serde_json::from_value::<Outcome>);
        if let Some(Ok(outcome)) = stored {
            return Ok(outcome);
        }
        let steps = self.journal.store().steps(&execution.id)?;
        let sent = steps.iter().any(|step| step.response.is_none());
        let why = execution.error.as_deref().unwrap_or("an operator gave it up");
        Ok(Outcome::given_up(&execution.id.to_string(), &execution.name, sent, why))
    }

    /// Renders the call; the template sees the caller's key as `data.idempotency_key`, and a POST
    /// whose template gives none is sent with one derived from the execution's `id`.
    fn render(
        &self,
        request_type: &RequestType,
        data: &Json,
        key: Option<&str>,
        id: &str,
    ) -> Result<Call, Error> {
        let name = &request_type.api_call;
        let api_call = self.catalog.api_call(name).ok_or_else(|| Error::Call {
            template: name.clone(),
            message: "the API call is gone".to_owned(),
        })?;
        let with = Rendering {
            templates: self.templates,
            request_context: self.request_context,
            host: self.host,
        };
        let mut data = data.clone();
        if let Some(key) = key {
            data["idempotency_key"] = json!(key);
            data["indempotency_key"] = json!(key);
        }
        let mut call = Call::render(api_call, &data, &with)?;
        call.key(name, &format!("sluicegate-{id}-0"))?;
        call.mark(&operation(id));
        Ok(call)
    }

    /// Maps an answer and commits it with everything that follows from it.
    ///
    /// # Errors
    /// As [`Gateway::run`].
    pub fn settle(
        &self,
        mut run: Run,
        request_type: &RequestType,
        seq: u32,
        answer: Answer,
    ) -> Result<Outcome, Error> {
        // A callback that sends something commits the answer before the end.
        if run.steps().iter().any(|step| step.seq == seq && step.response.is_none()) {
            let answered = StepAnswer { seq, response: answer.to_stored(self.key) };
            self.journal.answer(&mut run, answered);
        }
        let mut phase = self.journal.phase();
        let settled = || StepIntent::new("settled", json!({ "name": request_type.name }));
        let known = match run.next_kind() {
            Some(_) => self.journal.replayed(&mut run, &settled())?,
            None => None,
        };
        let mut outcome = match known {
            Some(known) => self.known_outcome(&known)?,
            None => self.conclude(&mut phase, run.execution(), request_type, &answer)?,
        };
        let input = &run.execution().input;
        let callback = input.pointer("/config/callback").and_then(Json::as_str).map(str::trim);
        if let Some(callback) = callback.filter(|name| !name.is_empty())
            && outcome.state == State::Completed
        {
            let callback = callback.to_owned();
            let locals = json!({ "data": input["data"], "config": input["config"],
                "gateway_response": answer.to_json(), "response": answer.to_json(),
                "record": outcome.record, "outcome": outcome });
            if run.next_kind().is_none() {
                let known = self.key.seal(OUTCOME_PLACE, &plain(&outcome).to_string());
                self.journal.note(&mut run, settled(), Json::from(known));
            }
            run = match self.run_callback(run, &mut phase, &callback, &locals, &mut outcome)? {
                Ok(run) => run,
                Err(pending) => return Ok(pending),
            };
        }
        let stored = plain(&outcome);
        failpoint!("settle_before_commit");
        self.journal.finish(run, None, phase, ExecutionState::Completed, stored)?;
        failpoint!("settle_after_commit");
        Ok(outcome)
    }

    /// What an answer means: the outcome, and the records that follow from it.
    fn conclude(
        &self,
        phase: &mut Phase,
        execution: &Execution,
        request_type: &RequestType,
        answer: &Answer,
    ) -> Result<Outcome, Error> {
        let mapped = self.map(request_type, execution, answer)?;
        let user_id = execution.input.get("user_id").and_then(Json::as_str);
        let writing =
            RecordWriter { writer: Writer { catalog: self.catalog, key: self.key, user_id } };
        let mut outcome = Outcome {
            execution: execution.id.to_string(),
            state: state(answer, &mapped),
            gateway: Some(view(answer, request_type)),
            errors: problems(answer, &mapped),
            ..Outcome::refused(&request_type.name, State::Completed, Vec::new())
        };
        if outcome.state == State::Completed {
            let (record, notes) = writing.record(phase, request_type, &mapped)?;
            outcome.record = record;
            outcome.errors.extend(notes);
        }
        writing.related(phase, &mapped.records)?;
        Ok(outcome)
    }

    fn known_outcome(&self, known: &Json) -> Result<Outcome, Error> {
        let open = known.as_str().and_then(|sealed| self.key.open(OUTCOME_PLACE, sealed));
        let outcome = open.and_then(|open| serde_json::from_str(open.expose()).ok());
        outcome.ok_or_else(|| Error::Call {
            template: "callback".to_owned(),
            message: "the recorded outcome cannot be opened with this instance's key".to_owned(),
        })
    }

    fn map(
        &self,
        request_type: &RequestType,
        execution: &Execution,
        answer: &Answer,
    ) -> Result<Mapped, Error> {
        let Some(mapper) = request_type.response_mapper.as_deref() else {
            return Ok(Mapped::default());
        };
        let Some(partial) = self.catalog.partial(mapper) else { return Ok(Mapped::default()) };
        let part = |name: &str| match execution.input.get(name) {
            Some(part) => Value::from(part),
            None => Value::hash(<_>::default()),
        };
        let locals = Locals::default()
            .with("gateway_response", answer.to_value())
            .with("data", part("data"))
            .with("config", part("config"))
            .with("request_type", request_type.name.as_str());
        let rendered = self.templates.render(
            &partial.source,
            self.request_context,
            locals,
            OutputMode::Raw,
            self.host,
        )?;
        Mapped::read(mapper, &rendered.output)
    }

    /// Runs `config.callback`. Its record writes join the phase; what it sends is a step of this
    /// run. If it fails, its writes since the last of these steps are dropped and the outcome says
    /// so: the money has moved, and that must be committed. While it waits for an answer, so does
    /// the outcome.
    fn run_callback(
        &self,
        run: Run,
        phase: &mut Phase,
        name: &str,
        locals: &Json,
        outcome: &mut Outcome,
    ) -> Result<Result<Run, Outcome>, Error> {
        let Some(partial) = self.catalog.partial(name) else {
            let message = format!("The callback {name} does not exist.");
            outcome.errors.push(Problem::new(message, "callback_failed", None));
            return Ok(Ok(run));
        };
        let mark = phase.mark();
        let mut result = Ok(());
        let (mut run, stopped) = self.buffer.within_run(run, phase, &mut || {
            let locals = locals.clone();
            result = self
                .templates
                .render(&partial.source, self.request_context, locals, OutputMode::Raw, self.host)
                .map(|_| ());
        });
        let failed = match stopped {
            Some(why @ JournalError::Waiting(_)) => {
                let pending = Outcome::pending(&outcome.execution, &run.execution().name, false);
                self.journal.stop(run, why)?;
                return Ok(Err(pending));
            }
            // Left to be taken up again: its steps are on disk.
            Some(why @ JournalError::Store(_)) => return Err(why.into()),
            Some(why) => Some(why.to_string()),
            None if run.next_kind().is_some() => Some("it ended before it had before".to_owned()),
            None => result.err().map(|error| error.to_string()),
        };
        if let Some(error) = failed {
            phase.rollback_to(mark);
            run.skip_recorded();
            tracing::error!(execution = outcome.execution, callback = name, "{error}");
            outcome.errors.push(Problem::new("The callback failed.", "callback_failed", None));
        }
        Ok(Ok(run))
    }
}

/// Where the outcome that a callback was given is sealed.
const OUTCOME_PLACE: &str = "steps/outcome";

fn plain(outcome: &Outcome) -> Json {
    serde_json::to_value(outcome).expect("an outcome is plain JSON")
}

/// Something went wrong after the intent was on disk: with the database, or with a template that
/// reads the answer. The money may have moved, so this is no failure: the worker goes on.
fn pending_after(mut pending: Outcome, error: &dyn std::fmt::Display) -> Outcome {
    tracing::error!(execution = pending.execution, "begun, and not ended here: {error}");
    let message = "It was begun and is being processed; ask again for its outcome.";
    pending.errors.push(Problem::new(message, "processing", None));
    pending
}

/// Everything needed to run it again, and what it is known by.
fn execution_input(
    request_type: &RequestType,
    data: Map<String, Json>,
    submission: Submission,
) -> (Json, String) {
    let mut input = Map::new();
    input.insert("gateway".to_owned(), Json::from(request_type.gateway.as_str()));
    input.insert("data".to_owned(), Json::Object(data));
    input.insert("config".to_owned(), Json::Object(submission.config));
    input.insert("user_id".to_owned(), Json::from(submission.user_id));
    let mut whole = Map::new();
    whole.insert("name".to_owned(), Json::from(request_type.name.as_str()));
    whole.insert("input".to_owned(), Json::Object(input));
    let mut whole = Json::Object(whole);
    let fingerprint = fingerprint(&whole);
    (whole["input"].take(), fingerprint)
}

/// The caller's key from where it stands, the classic spelling included, in both places where it
/// is looked for: the journal's and the template's.
fn take_idempotency_key(mut submission: Submission) -> Submission {
    let mut in_data = None;
    for name in ["indempotency_key", "idempotency_key"] {
        if let Some(Json::String(key)) = submission.data.shift_remove(name) {
            in_data = Some(key).filter(|key| !key.trim().is_empty()).or(in_data);
        }
    }
    let key = submission.idempotency_key.take().filter(|key| !key.trim().is_empty()).or(in_data);
    submission.idempotency_key = key;
    submission
}

fn state(answer: &Answer, mapped: &Mapped) -> State {
    match answer.status {
        402 => State::Declined,
        200..=299 if mapped.errors.is_empty() => State::Completed,
        _ => State::Failed,
    }
}

fn problems(answer: &Answer, mapped: &Mapped) -> Vec<Problem> {
    if !mapped.errors.is_empty() || (200..300).contains(&answer.status) {
        return mapped.errors.clone();
    }
    // A mapper without errors for a refusal (the classic one, LP-14) must not look like success.
    let message = answer
        .json()
        .and_then(|body| body.pointer("/error/message").and_then(Json::as_str).map(str::to_owned));
    let message =
        message.unwrap_or_else(|| format!("The gateway refused with status {}.", answer.status));
    vec![Problem { message, code: answer.error_code(), field: None }]
}

fn view(answer: &Answer, request_type: &RequestType) -> GatewayView {
    let reads = request_type.name.starts_with("get_") && (200..300).contains(&answer.status);
    GatewayView {
        status: answer.status,
        id: answer.object_id(),
        request_id: answer.request_id().map(str::to_owned),
        body: if reads { answer.json() } else { None },
    }
}
