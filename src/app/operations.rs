//! Request types and their executions, for web, GraphQL and commands.

use crate::app::gateway_runner::with_runner;
use crate::app::host::RequestHost;
use crate::app::replay::{self, Replay};
use crate::app::side_effect::SideEffect;
use crate::gateway::error::Error as GatewayError;
use crate::gateway::outcome::Outcome;
use crate::gateway::request_type_call::RequestTypeCall;
use crate::gateway::runner;
use crate::journal::run::Run;
use serde_json::json;
use sluicegate_store::error::Error as StoreError;
use sluicegate_store::execution::{Execution, ExecutionId, State};

/// Why a request type has no outcome.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The gateway could not run it.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// Constants or the execution could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The run that calls it has to stop.
    #[error(transparent)]
    Replay(#[from] replay::Error),
}

impl Error {
    /// True when only the database failed: the same request can be repeated.
    pub fn is_the_stores(&self) -> bool {
        match self {
            Self::Gateway(error) => error.is_the_stores(),
            Self::Store(_) => true,
            Self::Replay(error) => error.is_the_stores(),
        }
    }
}

/// Request types, as one request or run calls them.
pub struct Operations<'a> {
    host: &'a RequestHost,
}

impl<'a> Operations<'a> {
    /// The request types of a host.
    pub fn new(host: &'a RequestHost) -> Self {
        Self { host }
    }

    /// Runs a request type to its outcome. Inside an execution, its key is derived from that
    /// execution, so that a replay does not send again.
    ///
    /// # Errors
    /// [`Error`].
    pub fn request_type(&self, mut call: RequestTypeCall) -> Result<Outcome, Error> {
        let scope = &self.host.scope;
        call.user_id = call.user_id.or_else(|| scope.user_id.clone());
        if call.idempotency_key.is_none() {
            call.idempotency_key = scope.nested_key();
        }
        if scope.run().is_none() && !scope.is_dry_run {
            return self.send(call);
        }
        let name = call.name.clone();
        let asked = json!([call.gateway, call.data, call.config]);
        let effect = SideEffect { kind: "request_type", name: &name, asked };
        let outcome = Replay::new(self.host).send_once(&effect, || {
            let outcome = self.send(call)?;
            Ok::<_, Error>(serde_json::to_value(outcome).expect("an outcome is plain JSON"))
        })?;
        serde_json::from_value(outcome).map_err(|_| replay::Error::Sealed.into())
    }

    fn send(&self, call: RequestTypeCall) -> Result<Outcome, Error> {
        with_runner(self.host, |gateway| Ok(gateway.run(call)?))
    }

    /// Resumes a request type whose answer is not known.
    ///
    /// # Errors
    /// [`Error::Gateway`], [`Error::Store`].
    pub fn resume(&self, run: Run) -> Result<Outcome, Error> {
        with_runner(self.host, |gateway| Ok(gateway.resume(run)?))
    }

    /// An execution with its outcome; `None` when the id does not exist.
    ///
    /// # Errors
    /// [`Error::Gateway`], [`Error::Store`].
    pub fn outcome(&self, id: &ExecutionId) -> Result<Option<(Execution, Option<Outcome>)>, Error> {
        let Some(execution) = self.host.runtime.store.execution(id)? else { return Ok(None) };
        let outcome = match execution.state {
            _ if execution.kind != runner::KIND => None,
            State::Completed | State::Discarded => Some(with_runner(self.host, |gateway| {
                Ok::<_, Error>(gateway.outcome_of(&execution)?)
            })?),
            _ => Some(Outcome::pending(execution.id.as_str(), &execution.name)),
        };
        Ok(Some((execution, outcome)))
    }
}
