//! `sandbox`: runs only the Stripe sandbox.

use crate::app::boot;
use crate::cli::arguments::Sandbox;
use crate::cli::output::Output;
use crate::config::Config;
use anyhow::Result;
use sluicegate_sandbox::WebhookPorts;
use std::process::ExitCode;

/// Serves the sandbox until Ctrl-C.
///
/// # Errors
/// When the address is in use.
pub fn run(config: &Config, which: &Sandbox, output: &Output) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let sandbox = sluicegate_sandbox::Config {
        webhook_ports: WebhookPorts::Only(which.allow_webhook_port.clone()),
        settle_immediately: which.settle_immediately,
        enforce_capabilities: !which.ignore_capabilities,
        ..sluicegate_sandbox::Config::default()
    };
    let version = sandbox.api_version.clone();
    runtime.block_on(async {
        let running = boot::start(config, config.sandbox_addr, sandbox).await?;
        let addr = running.addr();
        output.line(&format!("The Stripe sandbox serves http://{addr}, API {version}"))?;
        tokio::signal::ctrl_c().await?;
        running.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}
