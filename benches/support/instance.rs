//! An instance of this repository's files in this process, with its sandbox.

#[path = "../../tests/it/support/instance_files.rs"]
mod instance_files;

pub use instance_files::copy_instance;

use serde_json::json;
use sluicegate::app::operations::Operations;
use sluicegate::app::runtime::Runtime;
use sluicegate::app::{boot, indexes, worker};
use sluicegate::config::{Config, Flags};
use sluicegate::gateway::request_type_call::RequestTypeCall;
use sluicegate::web::router::router;
use sluicegate_sandbox::{Sandbox, WebhookPorts};
use sluicegate_secret::Secret;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime as TokioRuntime;
use tokio::sync::watch;

/// How long the events of one payment may take.
const EVENTS_WAIT: Duration = Duration::from_secs(20);

/// A served instance and its sandbox, both in this process, each on its own port.
pub struct Served {
    pub tokio_runtime: TokioRuntime,
    pub runtime: Arc<Runtime>,
    pub addr: SocketAddr,
    pub sandbox: Sandbox,
    /// Deleted with its database at the end, if it is temporary.
    pub folder: Option<TempDir>,
}

/// A folder on the build's disk, not in memory: syncing is part of the measurement.
pub fn folder() -> TempDir {
    let target = option_env!("CARGO_TARGET_TMPDIR").unwrap_or("target");
    tempfile::tempdir_in(target).expect("a folder")
}

/// Serves a copy of this repository's instance with a running worker, which accepts webhooks signed
/// with `secret`.
pub fn serve(secret: &str) -> Served {
    let folder = folder();
    copy_instance(folder.path());
    let served = serve_at(folder.path(), None, Some(secret));
    Served { folder: Some(folder), ..served }
}

/// Serves the instance at `root` over a database, its own file by default, with a running worker.
/// The sandbox delivers its events to it.
pub fn start(root: &Path, database: Option<String>) -> Served {
    let served = serve_at(root, database, None);
    boot::listen(&served.runtime, served.addr).expect("the sandbox delivers events");
    indexes::apply(&served.runtime);
    served
}

fn serve_at(root: &Path, database: Option<String>, secret: Option<&str>) -> Served {
    let tokio_runtime = TokioRuntime::new().expect("a tokio_runtime");
    let listener = tokio_runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let addr = listener.local_addr().expect("an address");
    let sandbox = sluicegate_sandbox::Config {
        webhook_ports: WebhookPorts::Only(vec![addr.port()]),
        ..sluicegate_sandbox::Config::demonstration()
    };
    let sandbox = tokio_runtime.block_on(Sandbox::start(sandbox)).expect("a sandbox");
    let flags = Flags {
        root: Some(root.to_owned()),
        stripe: Some(sandbox.url()),
        database,
        ..Flags::default()
    };
    let mut config = Config::new(flags).expect("settings");
    config.addr = addr;
    config.webhook_secrets = secret.into_iter().map(Secret::new).collect();
    let handle = tokio_runtime.handle().clone();
    let runtime = Runtime::build(config, Some(sandbox.url()), handle).expect("a runtime");
    let service = router(Arc::clone(&runtime)).into_make_service_with_connect_info::<SocketAddr>();
    tokio_runtime.spawn(async move { axum::serve(listener, service).await });
    // It runs until the process ends: nothing stops it.
    let (stop, stopped) = watch::channel(false);
    std::mem::forget(stop);
    tokio_runtime.spawn(worker::run(Arc::clone(&runtime), stopped));
    Served { tokio_runtime, runtime, addr, sandbox, folder: None }
}

/// Makes a payment and waits for its events. Returns its execution.
pub fn pay(served: &Served) -> String {
    let data = json!({ "amount": 2000, "currency": "usd", "source": "tok_visa",
        "description": "Two mugs", "metadata": { "order": "7" } });
    let submission = RequestTypeCall {
        name: "create_payment".to_owned(),
        data: data.as_object().cloned().unwrap_or_default(),
        ..RequestTypeCall::default()
    };
    let host = served.runtime.host(served.runtime.bare_scope());
    let outcome = sluicegate::executor::wait(Operations::new(&host).request_type(submission));
    let outcome = outcome.expect("an outcome");
    // The sandbox delivers a moment later.
    std::thread::sleep(Duration::from_secs(1));
    let until = Instant::now() + EVENTS_WAIT;
    while served.runtime.store.oldest_open().expect("read").is_some() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(50));
    }
    outcome.execution
}
