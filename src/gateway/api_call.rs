//! API calls that templates send directly (`api_call_send`): as durable as a request type, but
//! without a mapper and a record.

use crate::executor;
use crate::gateway::contract::Attempt;
use crate::gateway::drive::InFlight;
use crate::gateway::error::Error;
use crate::gateway::reply::{Answer, Reply};
use crate::gateway::runner::{API_CALL_KIND, Runner, bare_request_type, operation};
use crate::gateway::secret_params::SecretParams;
use crate::journal::intent::{Intent, fingerprint};
use crate::journal::run::Begun;
use serde_json::{Value as Json, json};
use sluicegate_secret::card_number;
use sluicegate_store::execution::ExecutionId;

/// The result of an API call.
#[derive(Debug, Clone, PartialEq)]
pub enum ApiCallResult {
    /// The gateway's answer: `{status, headers, body}` for templates.
    Answered(Answer),
    /// The answer is not known yet, with the reason. The worker resolves an execution; a read has
    /// none and is not retried.
    Pending(String, Option<ExecutionId>),
}

impl Runner<'_> {
    /// Sends an API call. A call that may change something at the gateway is an execution of its
    /// own: its intent and bytes are committed first, and a replay of the sender finds it by `key`.
    /// A read is sent without an execution.
    ///
    /// # Errors
    /// [`Error`] when nothing was sent, or when `key` was used for other data: the sender is
    /// non-deterministic.
    pub fn api_call(
        &self,
        name: &str,
        data: &Json,
        key: Option<&str>,
    ) -> Result<ApiCallResult, Error> {
        let refused =
            |message: &str| Error::Call { template: name.to_owned(), message: message.to_owned() };
        if card_number::is_in_json(data) {
            return Err(Error::CardNumber(name.to_owned()));
        }
        let api_call = self.catalog.api_call(name);
        let secrets = SecretParams::of(api_call);
        let digested = secrets.digested(data, self.key);
        let print = fingerprint(&json!({ "name": name, "input": { "data": digested } }));
        if let Some(key) = key
            && let Some(known) = self.journal.find(API_CALL_KIND, key, &print)?
        {
            return self.known(known, name);
        }
        let api_call = api_call.ok_or_else(|| refused("there is no such API call"))?;
        if !api_call.enabled {
            return Err(refused("it is switched off"));
        }
        let id = self.journal.next_id();
        let operation = operation(&id, API_CALL_KIND, name, key);
        let call = self.prepare(api_call, data, &id, &operation)?;
        if call.method == "GET" {
            let mut before_retry = || Ok(());
            let sending = self.transport.send(Attempt::first(&call), &mut before_retry);
            return Ok(match executor::wait(sending)? {
                Reply::Answer(answer) => ApiCallResult::Answered(answer),
                Reply::Unknown(reason)
                | Reply::KeyReplaysError(reason)
                | Reply::KeyMismatch(reason) => ApiCallResult::Pending(reason, None),
            });
        }
        let intent = Intent {
            id: Some(id),
            idempotency_key: key.map(str::to_owned),
            fingerprint: print,
            ..Intent::new(API_CALL_KIND, name, json!({ "data": secrets.sealed(data, self.key) }))
        };
        match self.journal.begin(intent, Some(call.step(self.key)))? {
            Begun::New(run) => {
                let id = run.execution().id.clone();
                self.send_begun(InFlight::first(run, bare_request_type(name), call))?;
                self.answer_of(&id)
            }
            known => self.known(known, name),
        }
    }

    fn known(&self, begun: Begun, name: &str) -> Result<ApiCallResult, Error> {
        match begun {
            Begun::Finished(execution) => self.answer_of(&execution.id),
            Begun::Conflict(execution) => Err(Error::Call {
                template: name.to_owned(),
                message: format!(
                    "run again, its sender asks for something else than in {}",
                    execution.id
                ),
            }),
            Begun::InProgress(execution) => Ok(ApiCallResult::Pending(
                format!("{} has not ended", execution.id),
                Some(execution.id),
            )),
            Begun::New(run) => {
                let id = run.execution().id.clone();
                Ok(ApiCallResult::Pending(format!("{id} has not ended"), Some(id)))
            }
        }
    }

    fn answer_of(&self, id: &ExecutionId) -> Result<ApiCallResult, Error> {
        let steps = self.journal.store().steps(id)?;
        let answer =
            steps.last().and_then(|step| Answer::from_stored(step.response.as_ref()?, self.key));
        Ok(match answer {
            Some(answer) => ApiCallResult::Answered(answer),
            None => {
                ApiCallResult::Pending(format!("the answer of {id} is not known"), Some(id.clone()))
            }
        })
    }
}
