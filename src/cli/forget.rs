//! `forget`: removes the personal data of a customer and keeps the books.

use crate::app::forget::forget;
use crate::cli::arguments::Forget;
use crate::cli::offline::{StripeServer, with_runtime};
use crate::cli::output::Output;
use crate::config::Config;
use anyhow::Result;
use serde_json::json;
use std::process::ExitCode;

/// What the command cannot reach.
const NOT_COVERED: [&str; 5] = [
    "Stripe's own data: delete the customer and ask for a redaction at Stripe",
    "backups of the database, and logs that were written before",
    "bytes that the database has not overwritten yet: SQLite's write-ahead log and pages that were \
     freed before (VACUUM), PostgreSQL's dead rows (VACUUM) and its log",
    "records of tables without a property that is marked personal, and free text in other records",
    "events that Stripe sends about the customer from now on",
];

/// Runs the command.
///
/// # Errors
/// When the id cannot be one, an execution of the customer is open, or the database fails.
pub fn run(config: Config, what: &Forget, output: &Output) -> Result<ExitCode> {
    with_runtime(config, StripeServer::NotNeeded, |runtime| {
        let forgotten = forget(runtime, &what.customer, what.dry_run)?;
        let word = if what.dry_run { "would_forget" } else { "forgotten" };
        output.value(&json!({
            "customer": what.customer,
            word: { "records": forgotten.records, "executions": forgotten.executions },
            "not_covered": NOT_COVERED,
        }))
    })?;
    Ok(ExitCode::SUCCESS)
}
