//! `migrate`: runs pending migrations.

use crate::app::migrations;
use crate::cli::offline::{StripeServer, with_runtime};
use crate::cli::output::Output;
use crate::config::Config;
use anyhow::Result;
use std::process::ExitCode;

/// Runs the migrations and lists their names.
///
/// # Errors
/// The first migration that fails.
pub fn run(config: Config, output: &Output) -> Result<ExitCode> {
    let done = with_runtime(config, StripeServer::Needed, |runtime| Ok(migrations::run(runtime)?))?;
    output.list("migrated", &done)?;
    Ok(ExitCode::SUCCESS)
}
