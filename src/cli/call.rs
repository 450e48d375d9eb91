//! `call`: runs one request type from the command line.

use crate::app::operations::Operations;
use crate::cli::arguments::Call;
use crate::cli::offline::{StripeServer, with_runtime};
use crate::cli::output::Output;
use crate::config::Config;
use crate::executor;
use crate::gateway::outcome::State;
use crate::gateway::request_type_call::RequestTypeCall;
use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value as Json, json};
use std::process::ExitCode;

/// Runs the request type and prints its outcome. Exit codes: 0 completed, 3 pending, 2 otherwise.
///
/// # Errors
/// When the data is not a JSON object, or the request type cannot be run.
pub fn run(config: Config, call: &Call, output: &Output) -> Result<ExitCode> {
    let submission = RequestTypeCall {
        name: call.name.clone(),
        data: object("--data", &call.data)?,
        config: object("--config", &call.config)?,
        idempotency_key: call.idempotency_key.clone(),
        ..RequestTypeCall::default()
    };
    let outcome = with_runtime(config, StripeServer::Needed, |runtime| {
        let host = runtime.host(runtime.bare_scope());
        Ok(executor::wait(Operations::new(&host).request_type(submission))?)
    })?;
    output.value(&json!(outcome))?;
    Ok(match outcome.state {
        State::Completed => ExitCode::SUCCESS,
        // A separate code for scripts: the call has not failed.
        State::Pending => ExitCode::from(3),
        _ => ExitCode::from(2),
    })
}

fn object(flag: &str, text: &str) -> Result<Map<String, Json>> {
    match serde_json::from_str(text).with_context(|| format!("{flag} is not JSON"))? {
        Json::Object(map) => Ok(map),
        _ => bail!("{flag} is not a JSON object"),
    }
}
