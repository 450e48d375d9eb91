//! `backup`: a copy of the database while `serve` runs.

use crate::cli::output::Output;
use crate::config::{Config, Database};
use anyhow::{Result, bail};
use serde_json::json;
use sluicegate_store::sqlite::backup;
use std::path::Path;
use std::process::ExitCode;

/// Copies the instance's database to a new file. The instance key is not copied. Keep a copy of it
/// elsewhere: without it, sealed values in the backup cannot be opened.
///
/// # Errors
/// When the file already exists or its folder does not, the database is PostgreSQL, or the disk
/// fails.
pub fn run(config: &Config, to: &Path, output: &Output) -> Result<ExitCode> {
    let Database::Sqlite(from) = &config.database else {
        bail!("only SQLite is copied by this command; for PostgreSQL use pg_dump");
    };
    if to.exists() {
        bail!("{} already exists; nothing was written", to.display());
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        bail!("there is no folder {}; make it, or name another file", folder.display());
    }
    if !from.is_file() {
        bail!("there is no database at {}", from.display());
    }
    backup::copy(from, to)?;
    let bytes = std::fs::metadata(to)?.len();
    output.value(&json!({ "file": to, "bytes": bytes }))?;
    Ok(ExitCode::SUCCESS)
}
