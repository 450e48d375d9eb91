//! Request types and their executions, for web, GraphQL and commands.

use crate::app::gateway_lanes::{Full, Lane};
use crate::app::gateway_runner::with_runner;
use crate::app::host::RequestHost;
use crate::app::replay::{self, Replay};
use crate::app::side_effect::SideEffect;
use crate::executor;
use crate::gateway::drive::Driver;
use crate::gateway::error::Error as GatewayError;
use crate::gateway::flow;
use crate::gateway::outcome::Outcome;
use crate::gateway::request_type_call::RequestTypeCall;
use crate::gateway::runner;
use crate::gateway::secret_params::SecretParams;
use crate::journal::run::Run;
use serde_json::{Value as Json, json};
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
    /// Too many wait for the gateway. Nothing was begun.
    #[error(transparent)]
    Full(#[from] Full),
}

impl Error {
    /// The store's error, if that is the cause.
    pub fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Gateway(error) => error.store_error(),
            Self::Store(error) => Some(error),
            Self::Replay(error) => error.store_error(),
            Self::Full(_) => None,
        }
    }

    /// True when only the database failed: the same request can be repeated.
    pub fn is_the_stores(&self) -> bool {
        match self {
            Self::Gateway(error) => error.is_the_stores(),
            Self::Store(_) => true,
            Self::Replay(error) => error.is_the_stores(),
            Self::Full(_) => true,
        }
    }
}

/// Request types, as one request or run calls them.
pub struct Operations<'a> {
    host: &'a RequestHost,
    lane: Lane,
}

impl<'a> Operations<'a> {
    /// The request types of a host, for a caller that waits on its own thread.
    pub fn new(host: &'a RequestHost) -> Self {
        Self { host, lane: host.scope.template_lane() }
    }

    /// The request types of a host, for a caller that awaits the outcome.
    pub fn at_door(host: &'a RequestHost) -> Self {
        let lane = if host.scope.shares_threads { Lane::Door } else { Lane::Own };
        Self { host, lane }
    }

    /// Runs a request type to its outcome. Inside an execution, its key is derived from that
    /// execution, so that a replay does not send again.
    ///
    /// No thread is needed while the gateway is waited for, except inside an execution.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn request_type(&self, mut call: RequestTypeCall) -> Result<Outcome, Error> {
        let scope = &self.host.scope;
        call.user_id = call.user_id.or_else(|| scope.user_id.clone());
        if call.idempotency_key.is_none() {
            call.idempotency_key = scope.nested_key();
        }
        let api_call = self.host.catalog().api_call_of(&call.name, call.gateway.as_deref());
        let secrets = SecretParams::of(api_call);
        if secrets.are_any() {
            scope.secret_passed(secrets.texts(&Json::Object(call.data.clone())));
        }
        if scope.run().is_none() && !scope.is_dry_run {
            return self.send(call, self.lane).await;
        }
        let name = call.name.clone();
        let data = secrets.digested(&Json::Object(call.data.clone()), self.host.key());
        let asked = json!([call.gateway, data, call.config]);
        let effect = SideEffect { kind: "request_type", name: &name, asked };
        let outcome = Replay::new(self.host).send_once(&effect, || {
            let outcome = executor::wait(self.send(call, Lane::Own))?;
            Ok::<_, Error>(serde_json::to_value(outcome).expect("an outcome is plain JSON"))
        })?;
        serde_json::from_value(outcome).map_err(|_| replay::Error::Sealed.into())
    }

    async fn send(&self, call: RequestTypeCall, lane: Lane) -> Result<Outcome, Error> {
        let _place = self.host.runtime.gateway_lanes.enter(lane)?;
        let host = self.host;
        let (journal, transport, key) = (host.journal(), &host.runtime.transport, host.key());
        let name = call.name.clone();
        let begin = || with_runner(host, |gateway| Ok(gateway.begin(call)?));
        let known = |begun| with_runner(host, |gateway| Ok(gateway.stored(begun, &name)?));
        let finish = |driven| with_runner(host, |gateway| Ok(gateway.finish(driven)?));
        flow::run(Driver { journal, transport, key }, begin, known, finish).await
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
