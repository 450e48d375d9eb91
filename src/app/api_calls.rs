//! API calls that are not request types: sent by templates and as notifications of forms, with
//! their callbacks.

use crate::app::gateway_runner::with_runner;
use crate::app::host::RequestHost;
use crate::app::replay::{self, Replay};
use crate::app::side_effect::SideEffect;
use crate::app::template_host::TemplateHost;
use crate::gateway::api_call::ApiCallResult;
use crate::gateway::error::Error as GatewayError;
use crate::gateway::secret_params::SecretParams;
use crate::template::error::Error as TemplateError;
use serde_json::{Value as Json, json};
use sluicegate_module::api_call::ApiCall;
use sluicegate_store::error::Error as StoreError;

/// Why an API call has no answer, or its callback failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The gateway could not send it.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// Constants could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The run that sends it has to stop.
    #[error(transparent)]
    Replay(#[from] replay::Error),
    /// The callback or the condition failed.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Its answer is not known.
    #[error("{0}")]
    Pending(String),
    /// A notification was not sent, or its answer is not known.
    #[error("{call}: {why}")]
    Notification {
        /// The API call's name.
        call: String,
        /// The reason.
        why: Box<Error>,
    },
}

/// The API calls of one request or run.
pub(super) struct ApiCalls<'a> {
    host: &'a RequestHost,
}

impl<'a> ApiCalls<'a> {
    pub(super) fn new(host: &'a RequestHost) -> Self {
        Self { host }
    }

    /// Sends an API call. Returns `{status, headers, body}`.
    ///
    /// # Errors
    /// The reason for the absence of an answer.
    pub(super) fn send(&self, name: &str, data: &Json) -> Result<Json, Error> {
        let key = self.host.scope.nested_key();
        let secrets = SecretParams::of(self.host.catalog().api_call(name));
        self.host.scope.secret_passed(secrets.texts(data));
        let asked = secrets.digested(data, self.host.key());
        let effect = SideEffect { kind: "api_call_send", name, asked };
        let mut sent = Replay::new(self.host).send_once(&effect, || {
            let sent = with_runner(self.host, |gateway| {
                Ok::<_, Error>(gateway.api_call(name, data, key.as_deref())?)
            });
            Ok::<_, Error>(match sent? {
                ApiCallResult::Answered(answer) => json!({ "answer": answer.to_json() }),
                ApiCallResult::Pending(reason, None) => json!({ "pending": reason }),
                ApiCallResult::Pending(reason, Some(id)) => {
                    json!({ "pending": reason, "state": "pending", "execution": id.as_str() })
                }
            })
        })?;
        match sent["pending"].as_str() {
            Some(reason) => Err(Error::Pending(reason.to_owned())),
            None => Ok(sent["answer"].take()),
        }
    }

    /// Runs the callback of an answered API call, if it has one.
    ///
    /// # Errors
    /// [`Error::Template`], [`Error::Store`].
    pub(super) fn run_callback(
        &self,
        name: &str,
        data: &Json,
        response: &Json,
    ) -> Result<(), Error> {
        let Some(call) = self.host.catalog().api_call(name) else { return Ok(()) };
        let Some(callback) = &call.callback else { return Ok(()) };
        let request_context = self.host.request_context()?;
        let data = SecretParams::of(Some(call)).masked(data);
        let locals = json!({ "data": data, "form": data, "response": response });
        TemplateHost::new(self.host, &request_context).renderer().raw(callback, locals)?;
        Ok(())
    }

    /// Sends an API call notification of a form if its condition holds, then runs its callback.
    ///
    /// # Errors
    /// [`Error::Template`], or [`Error::Notification`] if it was not sent.
    pub(super) fn notify(
        &self,
        call: &ApiCall,
        seen: &Json,
        inside: &TemplateHost<'_>,
    ) -> Result<(), Error> {
        let form = seen.get("form").cloned().unwrap_or_default();
        if let Some(condition) = &call.trigger_condition {
            let locals = json!({ "data": form, "form": form });
            let holds = inside.renderer().raw(condition, locals)?;
            if holds.trim() != "true" {
                return Ok(());
            }
        }
        let refused = |why| Error::Notification { call: call.name.clone(), why: Box::new(why) };
        let response = self.send(&call.name, &form).map_err(refused)?;
        self.run_callback(&call.name, &form, &response)
    }
}
