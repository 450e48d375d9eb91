//! Runs a request type: begin → drive → settle, each in a file of its own; `resume` enters at drive.

use crate::gateway::begin::Started;
use crate::gateway::contract::Gateway;
use crate::gateway::drive::{Driven, InFlight, Next};
use crate::gateway::error::Error;
use crate::gateway::outcome::{Outcome, Problem, State};
use crate::gateway::submission::Submission;
use crate::gateway::transport::Transport;
use crate::journal::begin::Journal;
use crate::journal::buffer::Buffer;
use crate::journal::run::{Begun, Run};
use crate::template::host::Host;
use crate::template::render::Templates;
use crate::template::request_context::RequestContext;
use serde_json::Value as Json;
use sluicegate_module::catalog::Catalog;
use sluicegate_module::request_type::RequestType;
use sluicegate_module::suggest;
use sluicegate_secret::InstanceKey;
use sluicegate_store::execution::Execution;

/// The kind of these executions.
pub const KIND: &str = "request_type";

/// What a request type passes through, borrowed for one run.
pub struct Runner<'a> {
    /// What is written in modules.
    pub catalog: &'a Catalog,
    /// Its compiled templates.
    pub templates: &'a Templates,
    /// The only writer of executions and steps.
    pub journal: &'a Journal,
    /// The one outbound door.
    pub transport: &'a Transport,
    /// Seals credentials at rest.
    pub key: &'a InstanceKey,
    /// `context` of the request.
    pub request_context: &'a RequestContext,
    /// What the platform's tags call.
    pub host: &'a dyn Host,
    /// Lets record writes of a callback join the phase.
    pub buffer: &'a dyn Buffer,
}

impl Runner<'_> {
    /// Runs a request type to its outcome.
    ///
    /// # Errors
    /// [`Error`] when there is no outcome to tell: an unknown name, a faulty module, a store that
    /// cannot be written. Nothing was sent then, or the execution is left to the worker.
    pub fn run(&self, submission: Submission) -> Result<Outcome, Error> {
        match self.begin(submission)? {
            Started::Ended(outcome) => Ok(outcome),
            Started::InFlight(flight) => {
                let execution = flight.run.execution();
                let pending = Outcome::pending(execution.id.as_str(), &execution.name, false);
                let ended = self.finish(*flight, Next::Send);
                Ok(ended.unwrap_or_else(|error| pending_after(pending, &error)))
            }
        }
    }

    /// Continues an execution whose answer is not known.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub fn resume(&self, run: Run) -> Result<Outcome, Error> {
        let (flight, next) = self.recover(run)?;
        self.finish(flight, next)
    }

    pub(super) fn finish(&self, flight: InFlight, next: Next) -> Result<Outcome, Error> {
        match self.drive(flight, next)? {
            Driven::Answered(flight, answer) => self.settle(*flight, &answer),
            Driven::Pending(outcome) => Ok(outcome),
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

    /// What the journal knows of a key that was used before, as an outcome.
    pub(super) fn stored(&self, begun: Begun, name: &str) -> Result<Outcome, Error> {
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

    /// The outcome of an execution that has ended.
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
        let why = execution.error.as_deref().unwrap_or("an operator discarded it");
        Ok(Outcome::given_up(&execution.id.to_string(), &execution.name, sent, why))
    }

    /// The facts about the gateway that is called.
    pub(super) fn gateway(&self) -> &dyn Gateway {
        self.transport.gateway()
    }
}

/// Something went wrong after the intent was on disk: with the database, or with a template that
/// reads the answer. The money may have moved, so this is not a failure: the worker continues.
pub(super) fn pending_after(mut pending: Outcome, error: &dyn std::fmt::Display) -> Outcome {
    tracing::error!(execution = pending.execution, "begun and not finished here: {error}");
    let message = "It was begun and is being processed; ask again for its outcome.";
    pending.errors.push(Problem::new(message, "processing", None));
    pending
}

/// A part of an execution's input, such as `/config/callback`, when it is a string.
pub(super) fn input_str<'a>(execution: &'a Execution, pointer: &str) -> Option<&'a str> {
    execution.input.pointer(pointer).and_then(Json::as_str)
}
