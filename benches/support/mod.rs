//! Shared by the benchmarks: an instance in this process, its sandbox, and many concurrent callers.

// Each benchmark uses only a part of this.
#![allow(dead_code, unused_imports)]

pub mod grow;
pub mod instance;
pub mod payments;

use sluicegate_store::contract::WriterStats;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime as TokioRuntime;

/// The allocator of servers (the feature `jemalloc`).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

pub use instance::{Served, copy_instance, folder, serve};

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
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
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
