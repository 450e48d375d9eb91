//! `serve`: runs the server.

use crate::app::error::Error;
use crate::app::runtime::Runtime;
use crate::app::{boot, indexes, maintenance, migrations, reload, worker};
use crate::config::{Config, Environment};
use crate::web::router::{metrics_router, router};
use crate::web::server::{self, Limits};
use anyhow::{Context as _, Result};
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;

/// The maximum number of threads that block on templates, the database or Stripe.
const BLOCKING_THREADS: usize = 256;

/// The maximum number of connections of those who watch the process.
const METRICS_CONNECTIONS: usize = 64;

/// What stopping may take: together at most 25 seconds.
const REQUESTS_GRACE: Duration = Duration::from_secs(20);
const WORKER_GRACE: Duration = Duration::from_secs(4);
const THREADS_GRACE: Duration = Duration::from_secs(1);

/// Serves until it receives a stop signal, then finishes the running work.
///
/// # Errors
/// When the address is in use, the folder is not an instance, or the database cannot be opened.
pub fn run(config: Config) -> Result<ExitCode> {
    config.refuse_unsafe()?;
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
        .context("the runtime")?;
    runtime.block_on(serve(config))?;
    // A call that is still being sent is in the journal; the next start resumes it.
    runtime.shutdown_timeout(THREADS_GRACE);
    Ok(ExitCode::SUCCESS)
}

async fn serve(mut config: Config) -> Result<()> {
    let listener = bind(config.addr).await?;
    config.addr = listener.local_addr()?;
    let mut metrics_listener = None;
    if let Some(addr) = &mut config.metrics_addr {
        let listener = bind(*addr).await?;
        *addr = listener.local_addr()?;
        metrics_listener = Some(listener);
    }
    let (sandbox, stripe_url) = boot::sandbox(&config).await?;
    let handle = Handle::current();
    let is_development = config.environment == Environment::Development;
    let files = is_development.then(|| reload::Stamp::take(&config.root));
    let building = move || {
        let runtime = Runtime::build(config, stripe_url, handle)?;
        // Before anything is taken: what is damaged would be told wrongly, or lost.
        runtime.store.check()?;
        Ok::<_, Error>(runtime)
    };
    let runtime = tokio::task::spawn_blocking(building).await??;
    if sandbox.is_some() {
        // Before the first request, so that every event of the sandbox is delivered here.
        let ours = Arc::clone(&runtime);
        tokio::task::spawn_blocking(move || listen_to_sandbox(&ours)).await?;
    }
    if let Some(files) = files {
        reload::watch(Arc::clone(&runtime), files);
    }
    announce(&runtime, sandbox.is_some());
    let (stop, stopped) = watch::channel(false);
    let working = tokio::spawn(worker::run(Arc::clone(&runtime), stopped.clone()));
    let maintenance_task = tokio::spawn(maintenance::run(Arc::clone(&runtime), stopped.clone()));
    if let Some(listener) = metrics_listener {
        tokio::spawn(serve_metrics(listener, Arc::clone(&runtime), stopped));
    }
    let ours = Arc::clone(&runtime);
    tokio::task::spawn_blocking(move || prepare(&ours));
    let proxies = runtime.config.trusted_proxies.clone();
    let limits = Limits { grace: REQUESTS_GRACE, proxies, ..Limits::default() };
    let limits = limits.within_open_files();
    let stopping = async {
        shutdown_signal().await;
        let _ = stop.send(true);
    };
    server::serve(listener, router(Arc::clone(&runtime)), limits, stopping).await;
    let ending = async { tokio::join!(working, maintenance_task) };
    if tokio::time::timeout(WORKER_GRACE, ending).await.is_err() {
        tracing::warn!("the worker did not end in time; the next start resumes what it was doing");
    }
    if let Some(sandbox) = sandbox {
        sandbox.stop().await;
    }
    Ok(())
}

/// Serves the address for those who watch the process, until `stopped`.
async fn serve_metrics(
    listener: TcpListener,
    runtime: Arc<Runtime>,
    mut stopped: watch::Receiver<bool>,
) {
    let limits = Limits { connections: METRICS_CONNECTIONS, ..Limits::default() };
    let stopping = async {
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    server::serve(listener, metrics_router(runtime), limits, stopping).await;
}

async fn bind(addr: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(addr).await.with_context(|| format!("cannot listen at {addr}"))
}

fn listen_to_sandbox(runtime: &Arc<Runtime>) {
    if let Err(error) = boot::listen(runtime, runtime.config.addr) {
        tracing::warn!("the sandbox will deliver no events: {error}");
    }
}

/// Startup work that need not delay the first request: logs diagnostics, runs migrations.
fn prepare(runtime: &Arc<Runtime>) {
    for diagnostic in runtime.instance().diagnostics() {
        if diagnostic.is_error() {
            tracing::error!("{diagnostic}");
        } else {
            tracing::warn!("{diagnostic}");
        }
    }
    indexes::apply(runtime);
    if let Err(error) = migrations::run(runtime) {
        tracing::error!("a migration failed: {error}");
    }
}

/// Prints the addresses, for people and scripts. A closed pipe is not an error.
fn announce(runtime: &Runtime, sandbox: bool) {
    let config = &runtime.config;
    let (site, root) = (config.addr, config.root.display());
    let metrics = config.metrics_addr.map(|addr| format!("\n  metrics  http://{addr}/metrics"));
    let metrics = metrics.unwrap_or_default();
    let stripe = match &runtime.stripe_url {
        Some(url) if sandbox => format!("sandbox  {url}"),
        Some(url) => format!("stripe   {url}"),
        None => "stripe   https://api.stripe.com".to_owned(),
    };
    let _ = write!(
        std::io::stdout(),
        "Sluicegate {} serves {root}\n  site     http://{site}\n  console  \
         http://{site}/console{metrics}\n  {stripe}\n",
        env!("CARGO_PKG_VERSION"),
    );
}

/// Ends at the first signal to stop. A second one ends the process at once: what is in flight is in
/// the journal.
async fn shutdown_signal() {
    signaled().await;
    tracing::info!("stopping: finishing requests in flight");
    tokio::spawn(async {
        signaled().await;
        tracing::warn!("stopped at once by a second signal");
        std::process::exit(130);
    });
}

async fn signaled() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}
