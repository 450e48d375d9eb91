//! Settles an answer: maps it, writes its records, runs the callback, and commits all of it with
//! the outcome.

use crate::form::write::{Author, Writer};
use crate::gateway::contract::Described;
use crate::gateway::drive::{Answered, Driver};
use crate::gateway::error::Error;
use crate::gateway::mapper::Mapped;
use crate::gateway::outcome::{GatewayView, Outcome, Problem, State};
use crate::gateway::records::RecordWriter;
use crate::gateway::reply::Answer;
use crate::gateway::runner::Runner;
use crate::gateway::secret_params::{SecretTexts, shown};
use crate::journal::buffer::{Ran, with_run};
use crate::journal::error::Error as JournalError;
use crate::journal::intent::{StepAnswer, StepIntent};
use crate::journal::phase::Phase;
use crate::journal::run::Run;
use crate::template::render::Locals;
use serde_json::{Value as Json, json};
use sluicegate_failpoint::failpoint;
use sluicegate_liquid::value::Value;
use sluicegate_module::api_call::Effect;
use sluicegate_module::request_type::RequestType;
use sluicegate_store::document::Document;
use sluicegate_store::error::Error as StoreError;
use sluicegate_store::execution::{Execution, ExecutionId, State as ExecutionState, Step};
use std::borrow::Cow;

/// The context that a recorded outcome is sealed with.
const OUTCOME_PLACE: &str = "steps/outcome";

/// The result of a callback.
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once")]
enum CallbackResult {
    /// It finished or failed; the outcome records a failure. Its record writes are in the phase.
    Done(Run, Phase),
    /// A call that it sent has no answer yet, so the outcome is pending.
    Waiting(Outcome),
}

/// What an answer led to.
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once")]
pub enum Settled {
    /// Nothing is left to commit.
    Ended(Outcome),
    /// The second commit is left.
    Mapped(Box<MappedAnswer>),
}

/// A mapped answer, before its second commit.
pub struct MappedAnswer {
    run: Run,
    phase: Phase,
    /// The answer as the run records it.
    recorded: StepAnswer,
    outcome: Outcome,
}

impl Driver<'_> {
    /// The second commit: an answer with everything that follows from it.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub async fn end(&self, settled: Settled) -> Result<Outcome, Error> {
        let MappedAnswer { run, phase, recorded, outcome } = match settled {
            Settled::Ended(outcome) => return Ok(outcome),
            Settled::Mapped(mapped) => *mapped,
        };
        let id = run.execution().id.clone();
        let stored = written(&outcome);
        failpoint!("settle_before_commit");
        let ended =
            self.journal.finish_awaited(run, phase, ExecutionState::Completed, stored).await;
        match ended {
            Ok(_) => {
                failpoint!("settle_after_commit");
                Ok(outcome)
            }
            Err(JournalError::Store(refused @ StoreError::Refused(_))) => {
                self.settle_without_records(&id, recorded, outcome, refused)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Settles an answer whose records the database will never take, such as a text that is too
    /// long for its index: money may have moved, so the outcome is kept and says so.
    fn settle_without_records(
        &self,
        id: &ExecutionId,
        answer: StepAnswer,
        mut outcome: Outcome,
        refused: StoreError,
    ) -> Result<Outcome, Error> {
        tracing::error!(execution = id.as_str(), "its records are not stored: {refused}");
        let Some(mut run) = self.journal.reclaim(id)? else {
            return Err(JournalError::Store(refused).into());
        };
        let is_open = |step: &Step| step.seq == answer.seq && step.response.is_none();
        if run.steps().iter().any(is_open) {
            self.journal.answer(&mut run, answer);
        }
        // What a callback sent stays sent.
        run.skip_recorded();
        outcome.record = None;
        let message = format!("The record could not be stored: {refused}");
        outcome.errors.push(Problem::new(message, "not_stored", None));
        let stored = written(&outcome);
        let phase = self.journal.phase();
        self.journal.finish(run, None, phase, ExecutionState::Completed, stored)?;
        Ok(outcome)
    }
}

impl Runner<'_> {
    /// Maps an answer, up to the second commit.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub(super) fn settle(&self, answered: Answered) -> Result<Settled, Error> {
        let Answered { mut run, request_type, seq, answer } = answered;
        // A callback that makes a call commits the answer before the end.
        let secrets = SecretTexts::of_stored(run.execution().input.get("data"), self.key);
        let response = self.stored_answer(&answer, &secrets);
        let recorded = StepAnswer { seq, response };
        if run.steps().iter().any(|step| step.seq == seq && step.response.is_none()) {
            self.journal.answer(&mut run, recorded.clone());
        }
        let id = run.execution().id.clone();
        let mut phase = self.journal.phase();
        let mut outcome = self.outcome(&mut run, &mut phase, &request_type, (&answer, &secrets))?;
        match self.call_back(run, phase, &request_type, (&answer, &secrets), &mut outcome) {
            Ok(CallbackResult::Waiting(pending)) => Ok(Settled::Ended(pending)),
            Ok(CallbackResult::Done(run, phase)) => {
                Ok(Settled::Mapped(Box::new(MappedAnswer { run, phase, recorded, outcome })))
            }
            Err(Error::Journal(JournalError::Store(refused @ StoreError::Refused(_)))) => {
                let ended = self.driver().settle_without_records(&id, recorded, outcome, refused);
                ended.map(Settled::Ended)
            }
            Err(error) => Err(error),
        }
    }

    /// Runs the callback, if there is one.
    fn call_back(
        &self,
        mut run: Run,
        phase: Phase,
        request_type: &RequestType,
        seen: (&Answer, &SecretTexts),
        outcome: &mut Outcome,
    ) -> Result<CallbackResult, Error> {
        let callback = run.execution().input.pointer("/config/callback").and_then(Json::as_str);
        let callback = callback.map(str::trim);
        let callback = callback.filter(|name| !name.is_empty()).map(str::to_owned);
        if let Some(callback) = callback
            && outcome.state == State::Completed
        {
            let locals = callback_locals(run.execution(), seen, outcome);
            self.record_outcome(&mut run, request_type, outcome);
            return self.run_callback(run, phase, &callback, (&locals, outcome));
        }
        Ok(CallbackResult::Done(run, phase))
    }

    fn stored_answer(&self, answer: &Answer, secrets: &SecretTexts) -> Document {
        let holds_secret = |body: &str| !secrets.is_empty() || self.gateway().holds_secret(body);
        answer.to_stored(self.key, holds_secret)
    }

    /// The outcome that an earlier attempt recorded before its callback, or a new one with the
    /// records that the answer leads to.
    fn outcome(
        &self,
        run: &mut Run,
        phase: &mut Phase,
        request_type: &RequestType,
        (answer, secrets): (&Answer, &SecretTexts),
    ) -> Result<Outcome, Error> {
        if run.next_kind().is_some()
            && let Some(recorded) = self.journal.replayed(run, &settled(request_type))?
        {
            return self.recorded_outcome(&recorded);
        }
        let execution = run.execution();
        let seen = without_echoes(answer, secrets);
        let mut mapped = self.map(request_type, execution, &seen)?;
        let user_id = execution.input.get("user_id").and_then(Json::as_str);
        let (catalog, key) = (self.catalog, self.key);
        let writer = Writer { catalog, key, user_id, author: &Author::Host };
        let writer = RecordWriter { writer };
        let described = self.gateway().describe(answer);
        let mut outcome = Outcome {
            execution: execution.id.to_string(),
            state: state(answer, &described, &mapped),
            errors: problems(answer, &described, &mapped),
            gateway: Some(self.view(answer, described, request_type)),
            ..Outcome::refused(&request_type.name, State::Completed, Vec::new())
        };
        if outcome.state == State::Completed {
            let (record, notes) = writer.record(phase, request_type, &mut mapped)?;
            outcome.record = record;
            outcome.errors.extend(notes);
        }
        let problems = writer.related(phase, &mapped.records)?;
        outcome.errors.extend(problems);
        secrets.mask_outcome(&mut outcome);
        Ok(outcome)
    }

    /// Records the outcome before a callback runs, so that a replayed callback sees the same one.
    fn record_outcome(&self, run: &mut Run, request_type: &RequestType, outcome: &Outcome) {
        if run.next_kind().is_none() {
            let sealed = self.key.seal(
                OUTCOME_PLACE,
                &serde_json::to_string(outcome).expect("an outcome is plain JSON"),
            );
            self.journal.note(run, settled(request_type), Json::from(sealed));
        }
    }

    fn recorded_outcome(&self, recorded: &Json) -> Result<Outcome, Error> {
        let open = recorded.as_str().and_then(|sealed| self.key.open(OUTCOME_PLACE, sealed));
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
            Some(part) if name == "data" => Value::from(&shown(part)),
            Some(part) => Value::from(part),
            None => Value::hash(<_>::default()),
        };
        let locals = Locals::default()
            .with("gateway_response", answer.to_value())
            .with("data", part("data"))
            .with("config", part("config"))
            .with("request_type", request_type.name.as_str());
        let output = self.renderer.raw(&partial.source, locals)?;
        Mapped::read(mapper, &output)
    }

    /// Runs `config.callback`. Its record writes join the phase; its calls are steps of this run.
    /// If it fails, its writes since the last of these steps are dropped and the outcome reports
    /// it: the money has moved, and that must be committed.
    fn run_callback(
        &self,
        run: Run,
        phase: Phase,
        name: &str,
        (locals, outcome): (&Json, &mut Outcome),
    ) -> Result<CallbackResult, Error> {
        let Some(partial) = self.catalog.partial(name) else {
            let message = format!("The callback {name} does not exist.");
            outcome.errors.push(Problem::new(message, "callback_failed", None));
            return Ok(CallbackResult::Done(run, phase));
        };
        let mark = phase.mark();
        let ran = with_run(self.buffer, self.journal, run, phase, || {
            self.renderer.raw(&partial.source, locals.clone())
        });
        let Ran { mut run, mut phase, result, stopped } = ran;
        let failed = match stopped {
            Some(why @ (JournalError::Waiting(_) | JournalError::Busy(_))) => {
                let pending = Outcome::pending(&outcome.execution, &run.execution().name);
                self.journal.stop(run, why)?;
                return Ok(CallbackResult::Waiting(pending));
            }
            // The record before it, or what it wrote itself.
            Some(why @ JournalError::Store(StoreError::Refused(_))) => {
                outcome.errors.push(callback_failed());
                return Err(why.into());
            }
            // Resumed later: its steps are on disk.
            Some(why @ JournalError::Store(_)) => return Err(why.into()),
            Some(why) => Some(why.to_string()),
            None if run.next_kind().is_some() => {
                Some("the callback finished without replaying its recorded steps".to_owned())
            }
            None => result.err().map(|error| error.to_string()),
        };
        if let Some(error) = failed {
            phase.rollback_to(mark);
            run.skip_recorded();
            tracing::error!(execution = outcome.execution, callback = name, "{error}");
            outcome.errors.push(callback_failed());
        }
        Ok(CallbackResult::Done(run, phase))
    }

    /// The outcome's view of the answer; it includes the body only for a request type that reads.
    fn view(
        &self,
        answer: &Answer,
        described: Described,
        request_type: &RequestType,
    ) -> GatewayView {
        let effect = self.catalog.api_call(&request_type.api_call).map(|call| call.effect());
        let reads = effect == Some(Effect::Read) && (200..300).contains(&answer.status);
        GatewayView {
            status: answer.status,
            id: described.id,
            request_id: described.request_id,
            body: if reads { answer.json() } else { None },
        }
    }
}

fn state(answer: &Answer, described: &Described, mapped: &Mapped) -> State {
    match answer.status {
        _ if described.is_decline => State::Declined,
        200..=299 if mapped.errors.is_empty() => State::Completed,
        _ => State::Failed,
    }
}

fn problems(answer: &Answer, described: &Described, mapped: &Mapped) -> Vec<Problem> {
    if !mapped.errors.is_empty() || (200..300).contains(&answer.status) {
        return mapped.errors.clone();
    }
    // A mapper that returns no errors for a refusal, as the classic one does, must not look
    // like success.
    let message = described.message.clone();
    let message =
        message.unwrap_or_else(|| format!("The gateway refused with status {}.", answer.status));
    vec![Problem { message, code: described.code.clone(), field: None }]
}

fn callback_failed() -> Problem {
    Problem::new("The callback failed.", "callback_failed", None)
}

/// The step that records an outcome.
fn settled(request_type: &RequestType) -> StepIntent {
    StepIntent::new("settled", json!({ "name": request_type.name }))
}

fn callback_locals(
    execution: &Execution,
    (answer, secrets): (&Answer, &SecretTexts),
    outcome: &Outcome,
) -> Json {
    let input = &execution.input;
    let answer = without_echoes(answer, secrets);
    json!({ "data": shown(&input["data"]), "config": input["config"],
        "gateway_response": answer.to_json(), "response": answer.to_json(),
        "record": outcome.record, "outcome": outcome })
}

/// The answer as templates see it.
fn without_echoes<'a>(answer: &'a Answer, secrets: &SecretTexts) -> Cow<'a, Answer> {
    match secrets.is_empty() {
        true => Cow::Borrowed(answer),
        false => Cow::Owned(secrets.without_echoes(answer)),
    }
}

/// An outcome as it is stored.
fn written(outcome: &Outcome) -> Document {
    Document::of(outcome).expect("an outcome is plain JSON")
}
