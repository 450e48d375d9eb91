//! `check`: lists every diagnostic of every module with its location.

use crate::app::instance::Instance;
use crate::cli::output::{Output, counted};
use crate::config::Config;
use anyhow::Result;
use serde_json::json;
use std::process::ExitCode;

/// Prints the diagnostics. Fails on errors, not on warnings.
///
/// # Errors
/// When the folder is not an instance.
pub fn run(config: &Config, output: &Output) -> Result<ExitCode> {
    Instance::require(&config.root)?;
    let instance = Instance::load(&config.root, 0, &|name| config.module_variable(name));
    let diagnostics = instance.diagnostics();
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let warnings = diagnostics.len() - errors;
    if output.json {
        let report = json!({ "errors": errors, "warnings": warnings, "faults": diagnostics });
        output.value(&report)?;
    } else {
        diagnostics.iter().try_for_each(|one| output.line(&format!("{one}\n")))?;
        output.line(&format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")))?;
    }
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
