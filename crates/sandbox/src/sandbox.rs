//! The sandbox server: its options, its start, its stop.

use super::connection::{CuttableListener, Peer};
use super::error::Error;
use super::journal::Journal;
use super::reply::response;
use super::shared::Shared;
use super::state::{SandboxState, Settings};
use super::{browser, control, dashboard, delivery, due_work, identifier, protocol};
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Method, Response};
use axum::routing::get;
use std::any::Any;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower_http::catch_panic::CatchPanicLayer;

/// How long a stop waits for requests under way.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// How a sandbox is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it listens; port 0 takes a free one.
    pub addr: SocketAddr,
    /// The file its state is kept in; none keeps it in memory only.
    pub data: Option<PathBuf>,
    /// API version of requests that name none.
    pub default_version: String,
    /// Pauses between attempts at a webhook; one attempt more than there are pauses.
    pub webhook_backoff: Vec<Duration>,
    /// Makes money available at once instead of two days later.
    pub settle_immediately: bool,
    /// Derives all ids from this, so that a run can be repeated.
    pub seed: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            addr: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: None,
            default_version: Settings::default().default_version,
            webhook_backoff: [1, 5, 15].map(Duration::from_secs).to_vec(),
            settle_immediately: false,
            seed: None,
        }
    }
}

/// A sandbox that runs.
#[derive(Debug)]
pub struct Running {
    addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<std::io::Result<()>>,
    delivery: JoinHandle<()>,
}

/// Starts a sandbox; it serves when this returns.
pub async fn start(options: Options) -> Result<Running, Error> {
    let address = options.addr;
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|source| Error::Listen { address, source })?;
    let addr = listener.local_addr().map_err(|source| Error::Listen { address, source })?;
    let shared = Arc::new(Shared::new(state(&options)?, options.webhook_backoff.clone()));
    let client = delivery::client()?;
    let delivery = tokio::spawn(delivery::run(shared.clone(), client));
    let (stop, stopped) = oneshot::channel::<()>();
    let service = router(shared).into_make_service_with_connect_info::<Peer>();
    let serving = axum::serve(CuttableListener(listener), service).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    let server = tokio::spawn(serving.into_future());
    Ok(Running { addr, stop: Some(stop), server, delivery })
}

fn state(options: &Options) -> Result<SandboxState, Error> {
    let settings = Settings {
        settle_immediately: options.settle_immediately,
        default_version: options.default_version.clone(),
        ..Settings::default()
    };
    let seed = options.seed.clone().unwrap_or_else(identifier::random_seed);
    let fresh = || SandboxState::new(seed, settings.clone());
    let (mut state, known) = match &options.data {
        Some(path) => Journal::open(path, fresh)?,
        None => (fresh(), false),
    };
    // What the operator asks for now counts more than what was kept.
    state.settings.settle_immediately = options.settle_immediately;
    state.settings.default_version = options.default_version.clone();
    if !known {
        due_work::found(&mut state);
    }
    Ok(state)
}

fn router(shared: Arc<Shared>) -> Router {
    let house: Router = Router::new()
        .route("/", get(dashboard::page))
        .nest("/_sandbox", control::routes())
        .merge(browser::routes())
        .fallback(api)
        .with_state(shared);
    house.layer(CatchPanicLayer::custom(broken))
}

/// The answer when the sandbox itself fails: Stripe's form, and a 500, which settles nothing.
fn broken(_: Box<dyn Any + Send>) -> Response<Body> {
    let body = r#"{"error": {"type": "api_error", "message": "The sandbox is broken."}}"#;
    response(500, "application/json", body, &[])
}

async fn api(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
) -> Response<Body> {
    if request.method() == Method::OPTIONS {
        return protocol::preflight();
    }
    protocol::handle(shared, peer, request).await
}

impl Running {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its address as clients write it.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Answers what is under way, then stops.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if tokio::time::timeout(STOP_PATIENCE, &mut self.server).await.is_err() {
            self.server.abort();
        }
        self.delivery.abort();
        let _ = (&mut self.delivery).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Without a graceful stop, at least nothing is left running.
        self.server.abort();
        self.delivery.abort();
    }
}
