//! `sandbox`: runs only the Stripe sandbox.

use crate::app::boot;
use crate::cli::arguments::Sandbox;
use crate::cli::output::Output;
use crate::config::Config;
use anyhow::Result;
use std::process::ExitCode;

/// Serves the sandbox until Ctrl-C.
///
/// # Errors
/// When the address is in use.
pub fn run(config: &Config, which: &Sandbox, output: &Output) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ports = which.allow_webhook_port.clone();
    runtime.block_on(async {
        let running = boot::start(config, config.sandbox_addr, ports).await?;
        output.line(&format!("The Stripe sandbox serves http://{}", running.addr()))?;
        tokio::signal::ctrl_c().await?;
        running.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}
