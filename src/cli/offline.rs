//! A house for one command: the running server's sandbox when there is one, else one of its own.

use crate::app::boot;
use crate::app::house::House;
use crate::config::{Config, Stripe};
use anyhow::{Context as _, Result};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};

/// Runs `work` with a house; `with_stripe` starts or finds what stands in Stripe's place.
///
/// # Errors
/// What building the house or `work` says.
pub fn with_house<T>(
    config: Config,
    with_stripe: bool,
    work: impl FnOnce(&Arc<House>) -> Result<T>,
) -> Result<T> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (sandbox, url) = match &config.stripe {
        Stripe::Sandbox if !with_stripe => (None, Some(format!("http://{}", config.sandbox_addr))),
        // A server that runs has the sandbox open, with the same keys and the same money.
        Stripe::Sandbox if answers(&config) => {
            (None, Some(format!("http://{}", config.sandbox_addr)))
        }
        _ => runtime.block_on(boot::sandbox(&config)).context("Stripe's place")?,
    };
    let result = build(config, url, runtime.handle().clone()).and_then(|house| work(&house));
    if let Some(sandbox) = sandbox {
        runtime.block_on(sandbox.stop());
    }
    finish(runtime);
    result
}

fn build(config: Config, url: Option<String>, runtime: Handle) -> Result<Arc<House>> {
    Ok(House::build(config, url, runtime)?)
}

fn answers(config: &Config) -> bool {
    TcpStream::connect_timeout(&config.sandbox_addr, Duration::from_millis(200)).is_ok()
}

fn finish(runtime: Runtime) {
    runtime.shutdown_timeout(Duration::from_secs(1));
}
