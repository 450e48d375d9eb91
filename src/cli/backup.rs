//! `backup`: a copy of the database while `serve` runs.

use crate::cli::output::Output;
use crate::config::Config;
use anyhow::{Result, bail};
use serde_json::json;
use sluicegate_store::sqlite::backup;
use std::path::Path;
use std::process::ExitCode;

/// Copies the instance's database to a new file. The instance key is not copied. Keep a copy of it
/// elsewhere: without it, sealed values in the backup cannot be opened.
///
/// # Errors
/// When the file already exists, the database is PostgreSQL, or the disk fails.
pub fn run(config: &Config, to: &Path, output: &Output) -> Result<ExitCode> {
    let Some(from) = config.database.strip_prefix("sqlite:") else {
        bail!("only SQLite is copied by this command; for PostgreSQL use pg_dump");
    };
    backup::copy(Path::new(from), to)?;
    let bytes = std::fs::metadata(to)?.len();
    output.value(&json!({ "file": to, "bytes": bytes }));
    Ok(ExitCode::SUCCESS)
}
