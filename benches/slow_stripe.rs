//! Pages, readiness and webhooks while a thousand callers wait for a Stripe that answers after nine
//! seconds, beside the same without them.
//!
//! Not a criterion loop: it is about what waits, not about what is fast.

mod support;

use axum::Router;
use axum::http::Method;
use serde_json::{Value as Json, json};
use sluicegate::app::runtime::Runtime;
use sluicegate::app::worker;
use sluicegate::config::{Config, Flags};
use sluicegate::gateway::stripe::signature::sign;
use sluicegate::web::router::router;
use sluicegate_secret::Secret;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::{client, copy_instance, folder};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

const CALLERS: usize = 1_000;
/// How long Stripe thinks.
const THINKING: Duration = Duration::from_secs(9);
/// How long it is measured, idle and busy.
const MEASURED: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(10);
const SECRET: &str = "whsec_of_the_slow_bench_0123456789";

/// A Stripe that thinks about every charge, and knows nothing else.
fn slow_stripe(asked: Arc<AtomicUsize>) -> Router {
    Router::new().fallback(move |method: Method| {
        let asked = Arc::clone(&asked);
        async move {
            if method != Method::POST {
                return axum::Json(json!({ "object": "list", "data": [], "has_more": false }));
            }
            let number = asked.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(THINKING).await;
            axum::Json(json!({ "id": format!("ch_{number}"), "object": "charge", "amount": 900,
                "currency": "usd", "status": "succeeded", "paid": true, "captured": true,
                "amount_captured": 900, "amount_refunded": 0, "metadata": {} }))
        }
    })
}

async fn listen(service: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    let service = service.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    addr
}

async fn pay(client: reqwest::Client, addr: SocketAddr, key: String) -> String {
    let body = json!({ "data": { "amount": 900, "currency": "usd", "source": "tok_visa" },
        "idempotency_key": key });
    let url = format!("http://{addr}/api/request_types/create_payment");
    let sent = client.post(url).header("Content-Type", "application/json").body(body.to_string());
    let text = sent.send().await.expect("an answer").text().await.expect("its body");
    let outcome: Json = serde_json::from_str(&text).expect("JSON");
    outcome["state"].as_str().unwrap_or(&text).to_owned()
}

/// Waits of a page, of readiness and of a webhook, one request at a time.
async fn waits(client: &reqwest::Client, addr: SocketAddr, what: &str) {
    let mut waits: [Vec<Duration>; 3] = Default::default();
    let begun = Instant::now();
    for number in 0.. {
        if begun.elapsed() > MEASURED {
            break;
        }
        let place = number % 3;
        let request = match place {
            0 => client.get(format!("http://{addr}/")),
            1 => client.get(format!("http://{addr}/readyz")),
            _ => {
                let event = json!({ "id": format!("evt_{what}_{number}"), "object": "event",
                    "type": "un.heard", "created": 1, "data": { "object": { "id": "x" } } });
                let event = event.to_string();
                let now = jiff::Timestamp::now();
                let signature = sign(&Secret::new(SECRET), event.as_bytes(), now);
                let sent = client.post(format!("http://{addr}/webhooks/listen"));
                sent.header("Stripe-Signature", signature).body(event)
            }
        };
        let asked = Instant::now();
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{}", answer.text().await.expect("a body"));
        answer.bytes().await.expect("a body");
        waits[place].push(asked.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
    for (name, waits) in ["page", "readyz", "webhook"].iter().zip(&mut waits) {
        waits.sort_unstable();
        let at = |part: usize| waits[waits.len() * part / 100].as_secs_f64() * 1e3;
        println!("{what}: {name} {:.1} ms at the median, {:.1} ms p99", at(50), at(99));
    }
}

async fn measure() {
    let asked = Arc::new(AtomicUsize::new(0));
    let url = format!("http://{}", listen(slow_stripe(Arc::clone(&asked))).await);
    let folder = folder();
    copy_instance(folder.path());
    let root = Some(folder.path().to_owned());
    let flags = Flags { root, stripe: Some(url.clone()), ..Flags::default() };
    let mut config = Config::new(flags).expect("settings");
    config.webhook_secrets = vec![Secret::new(SECRET)];
    let handle = tokio::runtime::Handle::current();
    let building = tokio::task::spawn_blocking(|| Runtime::build(config, Some(url), handle));
    let runtime = building.await.expect("it ends").expect("a runtime");
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(worker::run(Arc::clone(&runtime), stopped));
    let addr = listen(router(Arc::clone(&runtime))).await;
    let client = client();
    waits(&client, addr, "idle").await;

    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let client = client.clone();
        callers.spawn(async move {
            let mut states = Vec::new();
            for time in 0..2 {
                states.push(pay(client.clone(), addr, format!("slow-{caller}-{time}")).await);
            }
            states
        });
    }
    while asked.load(Ordering::SeqCst) < CALLERS {
        tokio::time::sleep(PAUSE).await;
    }
    waits(&client, addr, "while 1,000 wait").await;
    let states = callers.join_all().await.concat();
    let completed = states.iter().filter(|state| *state == "completed").count();
    println!("{completed} of {} payments completed", states.len());
    assert_eq!(completed, states.len(), "{states:?}");
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(measure());
    runtime.shutdown_timeout(Duration::from_secs(1));
}
