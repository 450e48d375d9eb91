//! Shared by the benchmarks: an instance in this process, its sandbox, and many concurrent callers.

// Each benchmark uses only a part of this.
#![allow(dead_code)]

use sluicegate::app::runtime::Runtime;
use sluicegate::app::worker;
use sluicegate::config::{Config, Flags};
use sluicegate::web::router::router;
use sluicegate_sandbox::Sandbox;
use sluicegate_secret::Secret;
use sluicegate_store::contract::WriterStats;
use std::fs;
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime as TokioRuntime;
use tokio::sync::watch;

/// The allocator of servers (the feature `jemalloc`).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The files that make up this repository's instance.
const PARTS: [&str; 6] =
    ["views", "modules", "assets", "graphql", "notifications", "template-values.json"];

/// A served instance and its sandbox, both in this process, each on its own port.
pub struct Served {
    pub tokio_runtime: TokioRuntime,
    pub runtime: Arc<Runtime>,
    pub addr: SocketAddr,
    pub sandbox: Sandbox,
    /// Deleted with its database at the end.
    pub folder: TempDir,
}

/// A folder on the build's disk, not in memory: syncing is part of the measurement.
pub fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder")
}

/// Serves a copy of this repository's instance with a running worker, which accepts webhooks signed
/// with `secret`.
pub fn serve(secret: &str) -> Served {
    let tokio_runtime = TokioRuntime::new().expect("a tokio_runtime");
    let folder = folder();
    copy_instance(folder.path());
    let sandbox = sluicegate_sandbox::Config {
        settle_immediately: true,
        ..sluicegate_sandbox::Config::default()
    };
    let sandbox = tokio_runtime.block_on(Sandbox::start(sandbox)).expect("a sandbox");
    let flags = Flags {
        root: Some(folder.path().to_owned()),
        stripe: Some(sandbox.url()),
        ..Flags::default()
    };
    let mut config = Config::new(flags).expect("settings");
    config.webhook_secrets = vec![Secret::new(secret)];
    let handle = tokio_runtime.handle().clone();
    let runtime = Runtime::build(config, Some(sandbox.url()), handle).expect("a runtime");
    let listener = tokio_runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
    let addr = listener.local_addr().expect("an address");
    let service = router(Arc::clone(&runtime)).into_make_service_with_connect_info::<SocketAddr>();
    tokio_runtime.spawn(async move { axum::serve(listener, service).await });
    // It runs until the process ends: nothing stops it.
    let (stop, stopped) = watch::channel(false);
    std::mem::forget(stop);
    tokio_runtime.spawn(worker::run(Arc::clone(&runtime), stopped));
    Served { tokio_runtime, runtime, addr, sandbox, folder }
}

/// A copy of this repository's instance.
pub fn copy_instance(to: &Path) {
    fs::create_dir_all(to).expect("made");
    let from = Path::new(env!("CARGO_MANIFEST_DIR"));
    PARTS.iter().for_each(|part| copy(&from.join(part), &to.join(part)));
}

fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        fs::copy(from, to).expect("copied");
        return;
    }
    fs::create_dir_all(to).expect("made");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

/// Prints how many commits shared a sync.
pub fn groups(before: WriterStats, after: WriterStats) {
    let groups = (after.groups - before.groups).max(1);
    let commits = after.commits - before.commits;
    let micros = (after.commit_micros - before.commit_micros) / groups;
    println!(
        "{commits} commits in {groups} groups: {} each, {micros} µs to commit one",
        commits / groups
    );
}

/// The processor time of this process so far, in steps of 10 ms.
pub fn cpu_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux");
    let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
    let ticks = fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>());
    Duration::from_millis(10 * ticks.map(|ticks| ticks.expect("a number")).sum::<u64>())
}

/// A client that keeps its connections open.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

/// Cheap callers, so that the processors are left to what is measured: they send prepared bytes
/// over open connections, and parse no more than they must.
pub struct Callers {
    addr: SocketAddr,
    idle: Mutex<Vec<TcpStream>>,
}

impl Callers {
    /// Callers of one server.
    pub fn of(addr: SocketAddr) -> Arc<Self> {
        Arc::new(Self { addr, idle: Mutex::default() })
    }

    /// A request as bytes.
    pub fn request(&self, path: &str, headers: &str, body: &str) -> Arc<[u8]> {
        let (addr, length) = (self.addr, body.len());
        format!("POST {path} HTTP/1.1\r\nHost: {addr}\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
            .into_bytes()
            .into()
    }

    /// Sends a request and reads the complete answer, which must be a 200.
    pub async fn call(&self, request: &[u8]) {
        let idle = self.idle.lock().expect("no caller panics").pop();
        let mut stream = match idle {
            Some(stream) => stream,
            None => TcpStream::connect(self.addr).await.expect("a connection"),
        };
        stream.write_all(request).await.expect("sent");
        let mut answer = Vec::with_capacity(8 * 1024);
        let mut length = usize::MAX;
        while answer.len() < length {
            assert_ne!(stream.read_buf(&mut answer).await.expect("an answer"), 0, "a whole one");
            if length == usize::MAX {
                length = whole_length(&answer);
            }
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer));
        self.idle.lock().expect("no caller panics").push(stream);
    }
}

/// The length of an answer with its head, once the head has arrived.
fn whole_length(answer: &[u8]) -> usize {
    let Some(head) = answer.windows(4).position(|end| end == b"\r\n\r\n") else {
        return usize::MAX;
    };
    let lines = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
    let length = lines.lines().find_map(|line| line.strip_prefix("content-length:"));
    head + 4 + length.expect("a length").trim().parse::<usize>().expect("a number")
}

/// Does `count` tasks with `callers` at once; returns the total time.
pub fn together<F>(
    tokio_runtime: &TokioRuntime,
    callers: u64,
    count: u64,
    one: impl Fn(u64) -> F + Clone + Send + 'static,
) -> Duration
where
    F: Future<Output = ()> + Send,
{
    tokio_runtime.block_on(async {
        let begun = Instant::now();
        let tasks: Vec<_> = (0..callers.min(count))
            .map(|caller| {
                let one = one.clone();
                tokio::spawn(async move {
                    let mut number = caller;
                    while number < count {
                        one(number).await;
                        number += callers;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("a caller goes through");
        }
        begun.elapsed()
    })
}

/// The durations of `count` tasks: the median and the 99th percentile.
pub fn waits<F>(
    tokio_runtime: &TokioRuntime,
    callers: u64,
    count: u64,
    one: impl Fn(u64) -> F + Clone + Send + Sync + 'static,
) -> (Duration, Duration)
where
    F: Future<Output = ()> + Send,
{
    let all = Arc::new(Mutex::new(Vec::with_capacity(usize::try_from(count).expect("few"))));
    let kept = Arc::clone(&all);
    together(tokio_runtime, callers, count, move |number| {
        let (one, kept) = (one.clone(), Arc::clone(&kept));
        async move {
            let begun = Instant::now();
            one(number).await;
            kept.lock().expect("no caller panics").push(begun.elapsed());
        }
    });
    let mut all = std::mem::take(&mut *all.lock().expect("no caller panics"));
    all.sort();
    (all[all.len() / 2], all[all.len() * 99 / 100])
}
