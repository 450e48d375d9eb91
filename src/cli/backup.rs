//! `backup`: a copy of the database while `serve` runs.

use crate::cli::output::Output;
use crate::config::Config;
use anyhow::{Result, bail};
use serde_json::json;
use sluicegate_store::sqlite::backup;
use std::path::Path;
use std::process::ExitCode;

/// Copies the database of the instance to a new file. The instance key beside it is not copied:
/// without it sealed values in the copy cannot be opened, so keep it, elsewhere.
///
/// # Errors
/// When the file is there already, the database is PostgreSQL, or the disk fails.
pub fn run(config: &Config, to: &Path, output: &Output) -> Result<ExitCode> {
    let Some(from) = config.database.strip_prefix("sqlite:") else {
        bail!("only SQLite is copied by this command; for PostgreSQL use pg_dump");
    };
    backup::copy(Path::new(from), to)?;
    let bytes = std::fs::metadata(to)?.len();
    output.value(&json!({ "file": to, "bytes": bytes }));
    Ok(ExitCode::SUCCESS)
}
