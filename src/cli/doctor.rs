//! `doctor`: every setting with its source, and everything that `serve` would trip over.

use crate::app::instance::Instance;
use crate::cli::config;
use crate::cli::output::{Output, counted};
use crate::config::{Config, Database, Flags, Inspection, inspect};
use anyhow::Result;
use serde_json::json;
use sluicegate_store::schema_status::SchemaStatus;
use sluicegate_store::{postgres, sqlite};
use std::process::ExitCode;

/// Prints the report. Fails on errors, not on warnings. Changes nothing.
///
/// # Errors
/// When the output cannot be written.
pub fn run(flags: &Flags, output: &Output) -> Result<ExitCode> {
    let Inspection { settings, errors, mut warnings, config } = inspect(flags);
    let mut errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    match Instance::require(&config.root) {
        Ok(()) => {
            errors.extend(modules(&config));
            match database(&config.database) {
                Ok(note) => warnings.extend(note),
                Err(error) => errors.push(format!("the database: {error}")),
            }
        }
        Err(error) => errors.push(error.to_string()),
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
fn database(database: &Database) -> Result<Option<String>, sluicegate_store::error::Error> {
    let status = match database {
        Database::Sqlite(path) => sqlite::probe::probe(path)?,
        Database::Postgres(url) => postgres::probe::probe(url)?,
    };
    Ok(match status {
        SchemaStatus::Current => None,
        SchemaStatus::Missing => Some("the database is empty; the first start makes it".to_owned()),
        SchemaStatus::Behind { done, known } => Some(format!(
            "the database is at schema step {done} of {known}; a start applies the rest: make a \
             backup first"
        )),
    })
}
