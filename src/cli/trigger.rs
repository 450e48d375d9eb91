//! `trigger`: causes an event in the Stripe sandbox, by the requests that cause it at Stripe.

use crate::cli::arguments::Trigger;
use crate::cli::output::Output;
use crate::config::Config;
use anyhow::{Result, bail};
use std::process::ExitCode;

/// The key that the requests are sent with; the sandbox takes every test key.
const KEY: &str = "sk_test_sluicegate_trigger";

/// Triggers an event, or lists all that can be triggered.
///
/// # Errors
/// When there is no sandbox, or it refuses a request.
pub fn run(config: &Config, what: &Trigger, output: &Output) -> Result<ExitCode> {
    let Some(event) = what.event.as_deref().filter(|_| !what.list) else {
        let all: Vec<String> = sluicegate_sandbox::triggers().map(str::to_owned).collect();
        output.list("event", &all)?;
        return Ok(ExitCode::SUCCESS);
    };
    if config.is_live() {
        bail!("`trigger` is for the sandbox, and this instance has a live key of Stripe.");
    }
    let url = format!("http://{}", config.sandbox_addr);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let sent = runtime.block_on(sluicegate_sandbox::trigger(&url, KEY, event, &what.overrides))?;
    output.list("sent", &sent)?;
    Ok(ExitCode::SUCCESS)
}
