//! Request types, events and executions, for web, GraphQL and commands.

use crate::app::error::Error;
use crate::app::host::RequestHost;
use crate::app::side_effect::SideEffect;
use crate::gateway::outcome::Outcome;
use crate::gateway::request_type_call::RequestTypeCall;
use crate::gateway::runner::{self, Runner};
use crate::journal::run::Run;
use crate::webhook::dispatch::{Dispatch, Processed};
use serde_json::json;
use sluicegate_store::execution::{Execution, ExecutionId, State};

impl RequestHost {
    /// Runs a request type to its outcome. Inside an execution, its key is derived from that
    /// execution, so that a replay does not send again.
    ///
    /// # Errors
    /// [`Error::Gateway`].
    pub fn request_type(&self, mut request_type_call: RequestTypeCall) -> Result<Outcome, Error> {
        request_type_call.user_id =
            request_type_call.user_id.or_else(|| self.scope.user_id.clone());
        if request_type_call.idempotency_key.is_none() {
            request_type_call.idempotency_key = self.nested_key();
        }
        if self.scripted_run().is_none() && !self.scope.is_dry_run {
            return self.with_gateway(|gateway| Ok(gateway.run(request_type_call)?));
        }
        let name = request_type_call.name.clone();
        let asked =
            json!([request_type_call.gateway, request_type_call.data, request_type_call.config]);
        let effect = SideEffect { kind: "request_type", name: &name, asked };
        let outcome = self.side_effect(&effect, || {
            let outcome = self.with_gateway(|gateway| Ok(gateway.run(request_type_call)?))?;
            Ok(serde_json::to_value(outcome).expect("an outcome is plain JSON"))
        })?;
        serde_json::from_value(outcome).map_err(|_| Error::Sealed)
    }

    /// Resumes a request type whose answer is not known.
    ///
    /// # Errors
    /// [`Error::Gateway`].
    pub fn resume(&self, run: Run) -> Result<Outcome, Error> {
        self.with_gateway(|gateway| Ok(gateway.resume(run)?))
    }

    pub(super) fn with_gateway<T>(
        &self,
        work: impl FnOnce(Runner<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let request_context = self.request_context()?;
        let host = self.on(&request_context);
        work(Runner {
            catalog: &self.instance.catalog,
            renderer: host.renderer(),
            journal: &self.runtime.journal,
            transport: &self.runtime.transport,
            key: &self.runtime.config.instance_key,
            buffer: &host,
        })
    }

    /// Processes one stored event.
    ///
    /// # Errors
    /// [`Error::Webhook`].
    pub fn dispatch(&self, run: Run) -> Result<bool, Error> {
        self.with_dispatch(|dispatch| Ok(dispatch.run(run)?))
    }

    /// The result of processing an event, without writing it.
    ///
    /// # Errors
    /// [`Error::Webhook`].
    pub fn dry_run(&self, event: &Execution) -> Result<Processed, Error> {
        self.with_dispatch(|dispatch| Ok(dispatch.dry_run(event)?))
    }

    fn with_dispatch<T>(
        &self,
        work: impl FnOnce(Dispatch<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let request_context = self.request_context()?;
        let host = self.on(&request_context);
        work(Dispatch {
            catalog: &self.instance.catalog,
            renderer: host.renderer(),
            journal: &self.runtime.journal,
            buffer: &host,
            livemode: self.runtime.config.is_live(),
        })
    }

    /// An execution with its outcome; `None` when the id does not exist.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn outcome(&self, id: &ExecutionId) -> Result<Option<(Execution, Option<Outcome>)>, Error> {
        let Some(execution) = self.runtime.store.execution(id)? else { return Ok(None) };
        let outcome = match execution.state {
            _ if execution.kind != runner::KIND => None,
            State::Completed | State::Discarded => {
                Some(self.with_gateway(|gateway| Ok(gateway.outcome_of(&execution)?))?)
            }
            _ => Some(Outcome::pending(&execution.id.to_string(), &execution.name)),
        };
        Ok(Some((execution, outcome)))
    }
}
