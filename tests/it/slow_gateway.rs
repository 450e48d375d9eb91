//! A Stripe that thinks for long stops nothing else: payments that wait hold no thread.

use crate::support::host::{Instance, TestHost};
use crate::support::signature::{header, now};
use crate::support::wait::eventually;
use serde_json::{Value as Json, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;

const SECRET: &str = "whsec_of_the_slow_gateway_0123456789";
/// More than the host has blocking threads, and more than the templates' lane has places.
const PAYMENTS: usize = 400;

/// A Stripe that answers no charge before it is told to.
struct SlowStripe {
    addr: SocketAddr,
    asked: Arc<AtomicUsize>,
    open: watch::Sender<bool>,
}

impl SlowStripe {
    fn start(runtime: &Runtime) -> Self {
        let (open, gate) = watch::channel(false);
        let asked = Arc::new(AtomicUsize::new(0));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let addr = listener.local_addr().expect("an address");
        let counter = Arc::clone(&asked);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&counter), gate.clone()));
            }
        });
        Self { addr, asked, open }
    }
}

async fn serve(mut stream: TcpStream, asked: Arc<AtomicUsize>, mut gate: watch::Receiver<bool>) {
    let mut bytes = Vec::new();
    loop {
        let head = loop {
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.map_or(0, |length| length.trim().parse().expect("a length"));
        while bytes.len() < head + length {
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        }
        bytes.drain(..head + length);
        let body = if text.starts_with("post /v1/charges") {
            let number = asked.fetch_add(1, Ordering::SeqCst);
            if gate.wait_for(|open| *open).await.is_err() {
                return;
            }
            json!({ "id": format!("ch_{number}"), "object": "charge", "amount": 900,
                "currency": "usd", "status": "succeeded", "paid": true, "captured": true,
                "amount_captured": 900, "amount_refunded": 0, "metadata": {} })
        } else {
            json!({ "object": "list", "data": [], "has_more": false })
        };
        let body = body.to_string();
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// A payment through the JSON endpoint, or through GraphQL for every fourth one.
async fn pay(client: reqwest::Client, addr: SocketAddr, number: usize) -> String {
    let data = json!({ "amount": 900, "currency": "usd", "source": "tok_visa" });
    let key = format!("slow-{number}");
    let (path, body) = if number.is_multiple_of(4) {
        let query = "mutation($data: CreatePaymentData, $key: String) \
                     { create_payment(data: $data, idempotency_key: $key) { state } }";
        ("/graphql", json!({ "query": query, "variables": { "data": data, "key": key } }))
    } else {
        let body = json!({ "data": data, "idempotency_key": key });
        ("/api/request_types/create_payment", body)
    };
    let sent = client.post(format!("http://{addr}{path}"));
    let sent = sent.header("content-type", "application/json").body(body.to_string()).send();
    let text = sent.await.expect("an answer").text().await.expect("its body");
    let answer: Json = serde_json::from_str(&text).expect("JSON");
    let state = answer.pointer("/data/create_payment/state").or_else(|| answer.get("state"));
    state.and_then(Json::as_str).unwrap_or(&text).to_ascii_lowercase()
}

fn webhook(host: &TestHost, number: usize) {
    let event = json!({ "id": format!("evt_slow_{number}"), "object": "event", "type": "un.heard",
        "created": now(), "data": { "object": { "id": "x" } } });
    let event = event.to_string();
    let signature = header(event.as_bytes(), SECRET, now());
    let headers = [("Content-Type", "application/json"), ("Stripe-Signature", signature.as_str())];
    host.send("POST", "/webhooks/listen", &headers, event.as_bytes()).expect(200);
}

#[test]
fn payments_that_wait_stop_nothing_else() {
    let runtime = Runtime::new().expect("a runtime");
    let stripe = SlowStripe::start(&runtime);
    let url = format!("http://{}", stripe.addr);
    let instance = Instance::new().variable("STRIPE_WEBHOOK_SECRET", SECRET);
    let host = instance.serve_with(&["--stripe", &url]);
    let client = reqwest::Client::new();
    let addr = host.addr;
    let paying: Vec<_> =
        (0..PAYMENTS).map(|number| runtime.spawn(pay(client.clone(), addr, number))).collect();
    eventually("every payment waits for Stripe", || {
        let asked = stripe.asked.load(Ordering::SeqCst);
        if asked >= PAYMENTS { Ok(()) } else { Err(format!("{asked} of {PAYMENTS} do")) }
    });
    for number in 0..10 {
        host.send("GET", "/readyz", &[], b"").expect(200);
        host.visitor().get("/").expect(200);
        host.send("GET", "/metrics", &[], b"").expect(200);
        webhook(&host, number);
    }
    assert!(paying.iter().all(|payment| !payment.is_finished()), "none was answered meanwhile");
    stripe.open.send(true).expect("it listens");
    let states: Vec<_> =
        paying.into_iter().map(|one| runtime.block_on(one).expect("paid")).collect();
    assert_eq!(states.iter().filter(|state| *state == "completed").count(), PAYMENTS, "{states:?}");
}

#[test]
fn a_second_signal_stops_at_once_and_the_next_start_resumes() {
    let runtime = Runtime::new().expect("a runtime");
    let stripe = SlowStripe::start(&runtime);
    let url = format!("http://{}", stripe.addr);
    let mut host = Instance::new().serve_with(&["--stripe", &url]);
    let addr = host.addr;
    let client = reqwest::Client::new();
    let paying = runtime.spawn(async move {
        let body = r#"{"data": {"amount": 900, "currency": "usd", "source": "tok_visa"}, "idempotency_key": "k"}"#;
        let sent = client.post(format!("http://{addr}/api/request_types/create_payment"));
        sent.header("content-type", "application/json").body(body).send().await
    });
    eventually("the payment waits for Stripe", || {
        let asked = stripe.asked.load(Ordering::SeqCst);
        if asked == 1 { Ok(()) } else { Err(asked) }
    });
    host.process.signal("TERM");
    eventually("it takes no new connection", || match std::net::TcpStream::connect(addr) {
        Ok(_) => Err("it does"),
        Err(_) => Ok(()),
    });
    assert!(host.process.is_alive(), "it waits for the payment");
    assert_eq!(host.process.terminate(), Some(130));
    assert!(runtime.block_on(paying).expect("it ran").is_err(), "the client learns nothing");
    stripe.open.send(true).expect("it listens");
    let TestHost { instance, process, .. } = host;
    drop(process);
    let host = instance.serve_with(&["--stripe", &url]);
    eventually("the worker finishes it", || {
        let listed = host.run(&["executions", "list", "--json"]).good().out;
        let is_done = listed.contains("create_payment") && listed.contains("completed");
        if is_done { Ok(()) } else { Err(listed) }
    });
}
