//! `doctor`: every setting with its source, and everything that `serve` would trip over.

use crate::app::instance::Instance;
use crate::cli::config;
use crate::cli::output::{Output, counted};
use crate::config::{Config, Flags, Inspection, inspect, is_instance};
use anyhow::Result;
use serde_json::json;
use sluicegate_store::condition::Condition;
use sluicegate_store::{postgres, sqlite};
use std::path::Path;
use std::process::ExitCode;

/// Prints the report. Fails on errors, not on warnings. Changes nothing.
///
/// # Errors
/// When the output cannot be written.
pub fn run(flags: &Flags, output: &Output) -> Result<ExitCode> {
    let Inspection { settings, errors, mut warnings, config } = inspect(flags);
    let mut errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    if is_instance(&config.root) {
        errors.extend(modules(&config));
        match database(&config.database) {
            Ok(note) => warnings.extend(note),
            Err(error) => errors.push(format!("the database: {error}")),
        }
    } else {
        let root = config.root.display();
        errors
            .push(format!("--root: {root} is not an instance: it has neither views/ nor modules/"));
    }
    if output.json {
        let settings = config::settings_json(&settings);
        let report = json!({ "settings": settings, "errors": errors, "warnings": warnings });
        output.value(&report)?;
    } else {
        config::print(&settings, output)?;
        output.line("")?;
        for (kind, all) in [("error", &errors), ("warning", &warnings)] {
            all.iter().try_for_each(|one| output.line(&format!("{kind}: {one}")))?;
        }
        let (errors, warnings) = (errors.len(), warnings.len());
        output.line(&format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")))?;
    }
    Ok(if errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One line when modules have errors: `check` shows them.
fn modules(config: &Config) -> Option<String> {
    let instance = Instance::load(&config.root, 0, &|name| config.module_variable(name));
    let errors = instance.diagnostics().iter().filter(|one| one.is_error()).count();
    let said = counted(errors, "error");
    (errors > 0).then(|| format!("the modules have {said}; `sluicegate check` shows where"))
}

/// A note about what opening the database would do.
fn database(url: &str) -> Result<Option<String>, sluicegate_store::error::Error> {
    let condition = match url.strip_prefix("sqlite:") {
        Some(path) => sqlite::probe::probe(Path::new(path))?,
        None => postgres::probe::probe(url)?,
    };
    Ok(match condition {
        Condition::Current => None,
        Condition::Missing => Some("the database is empty; the first start makes it".to_owned()),
        Condition::Behind { done, known } => Some(format!(
            "the database is at schema step {done} of {known}; a start applies the rest: make a \
             backup first"
        )),
    })
}
