//! A running sandbox: starts the server and the webhook delivery, and stops them.

use super::config::Config;
use super::connection::{CuttableListener, Peer};
use super::delivery::Clients;
use super::error::Error;
use super::new_state::load;
use super::origin::{Hosts, own_hosts_only};
use super::reply::response;
use super::resource::reaction;
use super::routes::router;
use super::shared::Shared;
use super::world::Worlds;
use super::{delivery, endpoint, tx, version};
use axum::body::Body;
use axum::http::Response;
use axum::middleware::from_fn_with_state;
use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower_http::catch_panic::CatchPanicLayer;

/// How long a stop waits for requests in flight.
const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// A running sandbox; it ends when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<std::io::Result<()>>,
    delivery: JoinHandle<()>,
}

impl Sandbox {
    /// Starts a sandbox on the current runtime; it accepts connections when this returns.
    ///
    /// # Errors
    /// [`Error::Version`] when Stripe has no such version, [`Error::Listen`] when the address
    /// cannot be bound, [`Error::Data`] and [`Error::Damaged`] when the data file cannot be used.
    pub async fn start(config: Config) -> Result<Self, Error> {
        tx::link(endpoint::route, reaction::after_event);
        if !version::is_known(&config.api_version) {
            return Err(Error::Version(config.api_version));
        }
        let address = config.addr;
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|source| Error::Listen { address, source })?;
        let addr = listener.local_addr().map_err(|source| Error::Listen { address, source })?;
        let hosts = Hosts::new(addr, &config.hosts);
        let mut state = load(&config)?;
        state.base_url = base_url(addr);
        state.api_url = format!("http://{addr}");
        let shared = Arc::new(Shared::new(state, config.webhook_backoff.clone()));
        let clients = Clients::new()?;
        let delivery = tokio::spawn(delivery::run(shared.clone(), clients.clone()));
        let worlds = Worlds::new(router(shared), config, addr, clients);
        let router = worlds.router().layer(from_fn_with_state(Arc::new(hosts), own_hosts_only));
        let router = router.layer(CatchPanicLayer::custom(panicked));
        let (stop, stopped) = oneshot::channel::<()>();
        let service = router.into_make_service_with_connect_info::<Peer>();
        let serving =
            axum::serve(CuttableListener(listener), service).with_graceful_shutdown(async {
                let _ = stopped.await;
            });
        let server = tokio::spawn(serving.into_future());
        Ok(Self { addr, stop: Some(stop), server, delivery })
    }

    /// The address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The base URL of its API: `http://127.0.0.1:12111`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Answers the requests in flight, then stops.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if tokio::time::timeout(STOP_TIMEOUT, &mut self.server).await.is_err() {
            self.server.abort();
        }
        self.delivery.abort();
        let _ = (&mut self.delivery).await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
        self.delivery.abort();
    }
}

/// Where a browser of this machine finds the pages.
fn base_url(addr: SocketAddr) -> String {
    match addr.ip().is_unspecified() {
        true => format!("http://localhost:{}", addr.port()),
        false => format!("http://{addr}"),
    }
}

/// The answer when a handler panics: an error object of Stripe with status 500.
fn panicked(_: Box<dyn Any + Send>) -> Response<Body> {
    let body = r#"{"error": {"type": "api_error", "message": "The sandbox is broken."}}"#;
    response(500, "application/json", body, &[])
}
