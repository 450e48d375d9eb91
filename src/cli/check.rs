//! `check`: lists every diagnostic of every module with its location.

use crate::app::instance::Instance;
use crate::cli::output::Output;
use crate::config::Config;
use anyhow::Result;
use serde_json::json;
use std::process::ExitCode;

/// Prints the diagnostics. Fails on errors, not on warnings.
///
/// # Errors
/// Never.
pub fn run(config: &Config, output: &Output) -> Result<ExitCode> {
    let instance = Instance::load(&config.root, 0, &|name| config.module_variable(name));
    let diagnostics = instance.diagnostics();
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    if output.json {
        output.value(&json!({ "errors": errors, "faults": diagnostics }));
    } else {
        for diagnostic in &diagnostics {
            println!("{diagnostic}\n");
        }
        println!("{errors} errors, {} warnings", diagnostics.len() - errors);
    }
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
