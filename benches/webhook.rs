//! One signed webhook over HTTP, stored and synced before the 200, beside bare ways to do the same.

mod support;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{SystemTime, UNIX_EPOCH};
use support::{client, folder, groups, serve, together, waits};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

const SECRET: &str = "whsec_of_the_benchmark_0123456789";
/// Unique event ids over all rounds of the process.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// An event as long as Stripe's usual ones, with its signature.
fn event() -> (String, String) {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let charge = "x".repeat(2_000);
    let body = format!(
        "{{\"id\": \"evt_bench_{number}\", \"object\": \"event\", \"type\": \"bench.happened\", \"livemode\": false, \
         \"data\": {{\"object\": {{\"id\": \"ch_{number}\", \"object\": \"charge\", \"description\": \"{charge}\"}}}}}}"
    );
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length is a key");
    mac.update(format!("{now}.{body}").as_bytes());
    (body, format!("t={now},v1={}", hex::encode(mac.finalize().into_bytes())))
}

async fn deliver(client: reqwest::Client, url: String) {
    let (body, signature) = event();
    let sending = client.post(url).header("Stripe-Signature", signature).body(body);
    let answer = sending.send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    answer.bytes().await.expect("a body");
}

type Waiting = (Bytes, oneshot::Sender<()>);

/// The minimum with the same promise: axum and a SQLite writer with group commit.
async fn bare_server(folder: &Path) -> SocketAddr {
    let (sender, receiver) = mpsc::channel::<Waiting>();
    let path = folder.join("bare.db");
    std::thread::spawn(move || write(&path, &receiver));
    let sender = Arc::new(sender);
    let take = |State(sender): State<Arc<mpsc::Sender<Waiting>>>, body: Bytes| async move {
        let (done, committed) = oneshot::channel();
        if sender.send((body, done)).is_err() || committed.await.is_err() {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        StatusCode::OK
    };
    let router = Router::new().route("/", post(take)).with_state(sender);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    addr
}

fn write(path: &Path, waiting: &mpsc::Receiver<Waiting>) {
    let mut database = rusqlite::Connection::open(path).expect("a database");
    let start =
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE event (body BLOB NOT NULL)";
    database.execute_batch(start).expect("a table");
    while let Ok(first) = waiting.recv() {
        let group: Vec<Waiting> =
            std::iter::once(first).chain(waiting.try_iter().take(255)).collect();
        let transaction = database.transaction().expect("begun");
        for (body, _) in &group {
            let mut insert =
                transaction.prepare_cached("INSERT INTO event VALUES (?1)").expect("a statement");
            insert.execute([body.as_ref()]).expect("written");
        }
        transaction.commit().expect("committed");
        for (_, done) in group {
            let _ = done.send(());
        }
    }
}

fn measure(criterion: &mut Criterion) {
    let served = serve(SECRET);
    let bare_folder = folder();
    let bare = served.tokio_runtime.block_on(bare_server(bare_folder.path()));
    for callers in [1, 64] {
        let mut group = criterion.benchmark_group(format!("webhook/{callers}_callers"));
        group.throughput(Throughput::Elements(1));
        group.sample_size(20);
        for (name, url) in [
            ("bare_axum_and_sqlite", format!("http://{bare}/")),
            ("sluicegate", format!("http://{}/webhooks/listen", served.addr)),
        ] {
            let http = client();
            let before = served.runtime.store.writer_stats();
            group.bench_function(name, |bencher| {
                bencher.iter_custom(|count| {
                    let (http, url) = (http.clone(), url.clone());
                    let one = move |_| deliver(http.clone(), url.clone());
                    together(&served.tokio_runtime, callers, count, one)
                });
            });
            let one = move |_| deliver(http.clone(), url.clone());
            groups(before, served.runtime.store.writer_stats());
            let (median, most) = waits(&served.tokio_runtime, callers, 500 * callers, one);
            println!("webhook/{callers}_callers/{name}: p50 {median:.2?}, p99 {most:.2?}");
        }
        group.finish();
    }
    let mut group = criterion.benchmark_group("webhook/disk");
    group.throughput(Throughput::Elements(1));
    let mut file = File::create(bare_folder.path().join("synced")).expect("a file");
    let (body, _) = event();
    group.bench_function("append_and_fsync", |bencher| {
        bencher.iter(|| {
            file.write_all(body.as_bytes()).expect("written");
            file.sync_data().expect("synced");
        });
    });
    group.finish();
}

criterion_group!(benches, measure);
criterion_main!(benches);
