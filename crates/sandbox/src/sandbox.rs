//! A running sandbox: starts the server and the webhook delivery, and stops them.

use super::config::Config;
use super::connection::{CuttableListener, Peer};
use super::delivery::Clients;
use super::error::Error;
use super::journal::Journal;
use super::origin::{Hosts, own_hosts_only};
use super::reply::response;
use super::shared::Shared;
use super::state::{SandboxState, Settings};
use super::world::Worlds;
use super::{
    browser, control, dashboard, delivery, due_work, identifier, oauth, onboarding, pages,
    protocol, stripe_cli,
};
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Method, Response};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
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
    /// [`Error::Listen`] when the address cannot be bound, [`Error::Data`] and [`Error::Damaged`]
    /// when the data file cannot be used.
    pub async fn start(config: Config) -> Result<Self, Error> {
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

/// The state from the data file, or a new one.
fn load(config: &Config) -> Result<SandboxState, Error> {
    let Some(path) = &config.data else { return Ok(new_state(config)) };
    let (mut state, was_stored) = Journal::open(path, || empty(config))?;
    // The configuration wins over stored settings.
    state.settings.settle_immediately = config.settle_immediately;
    state.settings.default_version.clone_from(&config.api_version);
    state.webhook_ports = config.webhook_ports.clone();
    state.objects_max = config.objects;
    if !was_stored {
        due_work::create_platform(&mut state);
    }
    Ok(state)
}

/// A new state in memory, with the platform's account.
pub fn new_state(config: &Config) -> SandboxState {
    let mut state = empty(config);
    due_work::create_platform(&mut state);
    state
}

fn empty(config: &Config) -> SandboxState {
    let settings = Settings {
        settle_immediately: config.settle_immediately,
        default_version: config.api_version.clone(),
        ..Settings::default()
    };
    let seed = config.seed.clone().unwrap_or_else(identifier::random_seed);
    let mut state = SandboxState::new(seed, settings);
    state.webhook_ports = config.webhook_ports.clone();
    state.objects_max = config.objects;
    state
}

/// The routes of one state.
pub fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(dashboard::page))
        .nest("/_sandbox", control::routes())
        .merge(browser::routes())
        .merge(oauth::authorize::routes())
        .merge(onboarding::routes())
        .merge(pages::routes())
        .merge(stripe_cli::socket::routes())
        .fallback(api)
        .with_state(shared)
}

/// The answer when a handler panics: an error object of Stripe with status 500.
fn panicked(_: Box<dyn Any + Send>) -> Response<Body> {
    let body = r#"{"error": {"type": "api_error", "message": "The sandbox is broken."}}"#;
    response(500, "application/json", body, &[])
}

async fn api(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
) -> Response<Body> {
    if request.method() == Method::OPTIONS {
        return protocol::preflight(request.uri().path());
    }
    protocol::handle(shared, peer, request).await
}
