//! `config print` and `serve --print-config`: the effective settings, secrets masked.

use crate::cli::output::Output;
use crate::config::{EffectiveSetting, Flags, inspect};
use anyhow::Result;
use serde_json::{Value as Json, json};
use std::process::ExitCode;

/// Prints the settings. Writes nothing else, and opens nothing.
///
/// # Errors
/// The first setting that `serve` would refuse.
pub fn run(flags: &Flags, output: &Output) -> Result<ExitCode> {
    let inspection = inspect(flags);
    if let Some(error) = inspection.errors.into_iter().next() {
        return Err(error.into());
    }
    print(&inspection.settings, output)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints a table of settings, or a JSON list.
///
/// # Errors
/// When the output cannot be written.
pub fn print(settings: &[EffectiveSetting], output: &Output) -> Result<()> {
    let rows: Vec<_> = settings
        .iter()
        .map(|one| vec![one.variable.to_owned(), one.value.clone(), one.source.name().to_owned()])
        .collect();
    output.table(&settings_json(settings), &["SETTING", "VALUE", "SOURCE"], &rows)
}

/// The settings for programs.
pub fn settings_json(settings: &[EffectiveSetting]) -> Json {
    let all = settings.iter().map(|one| {
        json!({ "variable": one.variable, "flag": one.flag, "value": one.value,
            "source": one.source.name() })
    });
    all.collect()
}
