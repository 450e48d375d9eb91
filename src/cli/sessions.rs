//! `sessions`: ends the sessions of a user.

use crate::cli::arguments::Sessions;
use crate::cli::offline::{StripeServer, with_runtime};
use crate::cli::output::Output;
use crate::config::Config;
use anyhow::Result;
use serde_json::json;
use sluicegate_store::write::Write;
use std::process::ExitCode;

/// Runs the subcommand.
///
/// # Errors
/// When the database cannot be written.
pub fn run(config: Config, what: &Sessions, output: &Output) -> Result<ExitCode> {
    let Sessions::End { user } = what;
    with_runtime(config, StripeServer::NotNeeded, |runtime| {
        runtime.store.commit(vec![Write::SessionsEnd { user_id: user.clone() }])?;
        output.value(&json!({ "user": user, "sessions": "ended" }))
    })?;
    Ok(ExitCode::SUCCESS)
}
