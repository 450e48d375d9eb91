//! The parts that run a request type, and lookups of earlier executions.

use crate::gateway::contract::Gateway;
use crate::gateway::error::Error;
use crate::gateway::outcome::{Outcome, Problem, State};
use crate::gateway::transport::Transport;
use crate::journal::begin::Journal;
use crate::journal::buffer::Buffer;
use crate::journal::run::Begun;
use crate::template::renderer::Renderer;
use serde::Deserialize as _;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use sluicegate_module::catalog::Catalog;
use sluicegate_module::request_type::RequestType;
use sluicegate_module::suggest;
use sluicegate_secret::InstanceKey;
use sluicegate_store::execution::{Execution, ExecutionId};
use sluicegate_store::kind::ExecutionKind;

/// The execution kind of bare API calls.
pub const API_CALL_KIND: &str = ExecutionKind::ApiCall.name();
/// The execution kind of request types.
pub const KIND: &str = ExecutionKind::RequestType.name();

/// Everything that one run of a request type needs, borrowed.
pub struct Runner<'a> {
    /// The definitions of the modules.
    pub catalog: &'a Catalog,
    /// The modules' templates, with the request's context and host.
    pub renderer: Renderer<'a>,
    /// The only writer of executions and steps.
    pub journal: &'a Journal,
    /// The only sender of outbound calls.
    pub transport: &'a Transport,
    /// Seals credentials at rest.
    pub key: &'a InstanceKey,
    /// Lets a callback's record writes join the phase.
    pub buffer: &'a dyn Buffer,
}

impl Runner<'_> {
    /// The request type with this name, and of this gateway if one is passed.
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

    /// The request type that an execution runs, or the bare API call.
    ///
    /// # Errors
    /// [`Error::UnknownRequestType`] when its module does not exist any more.
    pub fn request_type_of(&self, execution: &Execution) -> Result<RequestType, Error> {
        if execution.kind == API_CALL_KIND {
            return Ok(bare_request_type(&execution.name));
        }
        let gateway = execution.input.get("gateway").and_then(Json::as_str);
        self.find(&execution.name, gateway)
    }

    /// The outcome for a key that was used before.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn stored(&self, begun: Begun, name: &str) -> Result<Outcome, Error> {
        Ok(match begun {
            Begun::Finished(execution) => {
                Outcome { replayed: true, ..self.outcome_of(&execution)? }
            }
            Begun::InProgress(execution) => {
                Outcome { replayed: true, ..Outcome::pending(execution.id.as_str(), name) }
            }
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
            Begun::New(run) => Outcome::pending(run.execution().id.as_str(), name),
        })
    }

    /// The outcome of a finished execution.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn outcome_of(&self, execution: &Execution) -> Result<Outcome, Error> {
        let stored = execution.outcome.as_deref().map(Outcome::deserialize);
        if let Some(Ok(outcome)) = stored {
            return Ok(outcome);
        }
        let steps = self.journal.store().steps(&execution.id)?;
        let is_sent = steps.iter().any(|step| step.response.is_none());
        let state = if is_sent { State::Pending } else { State::Failed };
        let why = execution.error.as_deref().unwrap_or("an operator discarded it");
        Ok(Outcome::discarded(&execution.id.to_string(), &execution.name, state, why))
    }

    /// The gateway that is called.
    pub(super) fn gateway(&self) -> &dyn Gateway {
        self.transport.gateway()
    }
}

/// Reports an error after the intent is on disk, of the database or of a template that reads the
/// answer. Money may have moved, so this is not a failure: the worker continues.
pub fn pending_after(mut pending: Outcome, error: &dyn std::fmt::Display) -> Outcome {
    tracing::error!(execution = pending.execution, "begun and not finished here: {error}");
    let message = "It has started and is being processed; query its outcome later.";
    pending.errors.push(Problem::new(message, "processing", None));
    pending
}

/// The mark of the object that an execution creates at the gateway. It is derived from the caller's
/// key where there is one, so that a host restored from an older backup sends the same bytes for
/// the same request, which the gateway then answers from its memory.
pub(super) fn operation(
    execution: &ExecutionId,
    kind: &str,
    name: &str,
    key: Option<&str>,
) -> String {
    match key {
        Some(key) => {
            let digest = Sha256::digest(json!([kind, name, key]).to_string());
            hex::encode(&digest[..16])
        }
        None => format!("{execution}-0"),
    }
}

/// An API call as a request type without a mapper, a template or a form.
pub(super) fn bare_request_type(name: &str) -> RequestType {
    RequestType {
        name: name.to_owned(),
        gateway: String::new(),
        api_call: name.to_owned(),
        response_mapper: None,
        template: None,
        form: None,
    }
}
