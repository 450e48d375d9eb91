//! `render`: a template with data, or one JSON line after another.

use crate::cli::arguments::Render;
use anyhow::Result;
use std::process::ExitCode;

/// STUB until the engine is here.
///
/// # Errors
/// Always.
pub fn run(_render: &Render) -> Result<ExitCode> {
    anyhow::bail!("the engine is not here yet")
}
