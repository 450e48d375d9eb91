//! How a sandbox is configured when it starts.

use super::state::Settings;
use super::webhook_ports::WebhookPorts;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The configuration of a [`Sandbox`](super::Sandbox).
#[derive(Debug, Clone)]
pub struct Config {
    /// The address to listen on; port 0 takes a free one.
    pub addr: SocketAddr,
    /// The file that stores the state; without one the state is in memory only.
    pub data: Option<PathBuf>,
    /// The API version of requests without a `Stripe-Version` header.
    pub api_version: String,
    /// Pauses between the attempts to deliver a webhook; after the last one the delivery fails.
    pub webhook_backoff: Vec<Duration>,
    /// The ports of this machine that webhook endpoints may have; none by default.
    pub webhook_ports: WebhookPorts,
    /// Names by which the sandbox may be asked, beside `localhost` and its address.
    pub hosts: Vec<String>,
    /// Makes money available at once instead of two days later.
    pub settle_immediately: bool,
    /// Refuses transfers to accounts without the capability, as Stripe does.
    pub enforce_capabilities: bool,
    /// Isolated states beside the default one, at most; see the README.
    pub worlds: usize,
    /// Objects of each state, at most: beyond, new ones are refused until a reset.
    pub objects: usize,
    /// Derives all ids from this string, so that a run can be repeated.
    pub seed: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: None,
            api_version: Settings::default().default_version,
            webhook_backoff: [1, 5, 15].map(Duration::from_secs).to_vec(),
            webhook_ports: WebhookPorts::Only(Vec::new()),
            hosts: Vec::new(),
            settle_immediately: false,
            enforce_capabilities: true,
            worlds: 64,
            objects: 1_000_000,
            seed: None,
        }
    }
}

impl Config {
    /// A sandbox for a demonstration: money is available at once, capabilities are not asked for,
    /// and requests without a version, and the events, have that of 2020.
    pub fn demonstration() -> Self {
        Self {
            api_version: "2020-03-02".into(),
            settle_immediately: true,
            enforce_capabilities: false,
            ..Self::default()
        }
    }
}
