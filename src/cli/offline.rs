//! A runtime for one command, with the running server's sandbox if there is one, else its own.

use crate::app::boot;
use crate::app::runtime::Runtime;
use crate::config::{Config, Stripe};
use anyhow::{Context as _, Result};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Handle};

/// Whether a command calls Stripe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StripeServer {
    /// Find or start the configured server.
    Needed,
    /// Only the database is used.
    NotNeeded,
}

/// Runs `work` with a runtime.
///
/// # Errors
/// Any error of building the runtime or of `work`.
pub fn with_runtime<T>(
    config: Config,
    stripe: StripeServer,
    work: impl FnOnce(&Arc<Runtime>) -> Result<T>,
) -> Result<T> {
    if stripe == StripeServer::Needed {
        config.refuse_unsafe()?;
    }
    let threads = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (sandbox, url) = match &config.stripe {
        Stripe::Sandbox if stripe == StripeServer::NotNeeded => {
            (None, Some(format!("http://{}", config.sandbox_addr)))
        }
        // A running server has the sandbox open; use it, because it holds the same keys and data.
        Stripe::Sandbox if answers(&config) => {
            (None, Some(format!("http://{}", config.sandbox_addr)))
        }
        _ => threads.block_on(boot::sandbox(&config)).context("cannot start the sandbox")?,
    };
    let result = build(config, url, threads.handle().clone()).and_then(|runtime| work(&runtime));
    if let Some(sandbox) = sandbox {
        threads.block_on(sandbox.stop());
    }
    threads.shutdown_timeout(Duration::from_secs(1));
    result
}

fn build(config: Config, url: Option<String>, runtime: Handle) -> Result<Arc<Runtime>> {
    Ok(Runtime::build(config, url, runtime)?)
}

fn answers(config: &Config) -> bool {
    TcpStream::connect_timeout(&config.sandbox_addr, Duration::from_millis(200)).is_ok()
}
