//! Startup: starts the sandbox if there is no key, and registers the webhook endpoint with it.

use crate::app::error::Error;
use crate::app::instance::Instance;
use crate::app::operations::{self, Operations};
use crate::app::runtime::Runtime;
use crate::config::{Config, Stripe};
use crate::executor;
use crate::gateway::request_type_call::RequestTypeCall;
use serde_json::{Map, Value as Json, json};
use sluicegate_sandbox::{Sandbox, WebhookPorts};
use std::net::SocketAddr;
use std::sync::Arc;

/// Starts the embedded sandbox if the settings ask for it. Returns it with the URL that replaces
/// Stripe's.
///
/// # Errors
/// [`Error::NoInstance`] if the root is not an instance, before anything is written there;
/// [`Error::Sandbox`] when neither its port nor a free one is available.
pub async fn sandbox(config: &Config) -> Result<(Option<Sandbox>, Option<String>), Error> {
    Instance::require(&config.root)?;
    match &config.stripe {
        Stripe::Live => Ok((None, None)),
        Stripe::Url(url) => Ok((None, Some(url.clone()))),
        Stripe::Sandbox => {
            let demo = sluicegate_sandbox::Config::demonstration();
            let running = start(config, config.sandbox_addr, demo).await?;
            let url = format!("http://{}", running.addr());
            Ok((Some(running), Some(url)))
        }
    }
}

/// Starts the sandbox at `addr`, with the settings of `sandbox`. It sends webhooks to this host's
/// port, too.
///
/// # Errors
/// [`Error::Sandbox`].
pub async fn start(
    config: &Config,
    addr: SocketAddr,
    mut sandbox: sluicegate_sandbox::Config,
) -> Result<Sandbox, Error> {
    if let WebhookPorts::Only(ports) = &mut sandbox.webhook_ports {
        ports.push(config.addr.port());
    }
    let data = Some(config.root.join("data/sandbox.json"));
    Ok(Sandbox::start(sluicegate_sandbox::Config { addr, data, ..sandbox }).await?)
}

/// Registers this instance's webhook endpoints at the sandbox: one for the platform's own events
/// and one for those of connected accounts. Their secrets are stored as records, as for live
/// endpoints. Repeating the call finds the existing endpoints.
///
/// # Errors
/// [`operations::Error`] when the request type cannot be run.
pub fn listen(runtime: &Arc<Runtime>, address: SocketAddr) -> Result<(), operations::Error> {
    let request_type = runtime.transport.gateway().webhook_endpoint_request_type();
    let instance = runtime.instance();
    if !instance.catalog.request_types().iter().any(|one| one.name == request_type) {
        return Ok(());
    }
    for connect in [false, true] {
        let url = format!("http://{address}/webhooks/listen");
        let mut data = Map::new();
        data.insert("url".to_owned(), json!(url));
        data.insert("enabled_events".to_owned(), json!(["*"]));
        if connect {
            data.insert("connect".to_owned(), Json::Bool(true));
        }
        let instance = runtime.stripe_url.as_deref().unwrap_or_default();
        let key = format!("sluicegate-endpoint-{instance}-{url}-{connect}");
        let submission = RequestTypeCall {
            name: request_type.to_owned(),
            data,
            idempotency_key: Some(key),
            ..RequestTypeCall::default()
        };
        let host = runtime.host(runtime.bare_scope());
        let outcome = executor::wait(Operations::new(&host).request_type(submission))?;
        if !outcome.errors.is_empty() {
            tracing::warn!("the sandbox will deliver no events: {}", outcome.message());
        }
    }
    Ok(())
}
