//! A short run under strace: clients pay and refund, events arrive, and a port identifies each
//! connection, so that the trace shows which request an answer belongs to.

use crate::double::Double;
use crate::instance_files::PARTS;
use crate::rng::Rng;
use serde_json::{Value as Json, json};
use sluicegate::gateway::stripe::signature::sign;
use sluicegate_secret::Secret;
use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const SECRET: &str = "whsec_power_test_0123456789abcdef";
const PATIENCE: Duration = Duration::from_secs(60);

/// What a connection requested.
#[derive(Debug, Clone)]
pub enum Asked {
    /// A request type, under this key.
    Call { key: String },
    /// The delivery of an event.
    Event { id: String },
}

/// A completed run.
pub struct Lived {
    pub trace: Vec<u8>,
    /// The folder that the host ran in, with its files as the kernel left them.
    pub root: PathBuf,
    pub host: SocketAddr,
    pub stripe: SocketAddr,
    /// What the connection from this local port requested.
    pub asked: HashMap<u16, Asked>,
}

/// Creates an instance's folder: links to this repository's files.
pub fn instance(folder: &Path) {
    let template = Path::new(env!("CARGO_MANIFEST_DIR"));
    for part in PARTS.iter().filter(|part| template.join(part).exists()) {
        std::os::unix::fs::symlink(template.join(part), folder.join(part)).expect("a link");
    }
}

/// Runs the real binary on a folder, under `wrapper` (strace and its options) or alone.
pub fn serve(
    wrapper: &[String],
    root: &Path,
    host: SocketAddr,
    stripe: SocketAddr,
    variables: &[(&str, &str)],
) -> Child {
    let binary = env!("CARGO_BIN_EXE_sluicegate");
    let mut command = match wrapper {
        [] => Command::new(binary),
        [program, options @ ..] => {
            let mut command = Command::new(program);
            command.args(options).arg(binary);
            command
        }
    };
    command.env_clear().envs(std::env::vars().filter(|(name, _)| name == "PATH" || name == "HOME"));
    command.args(["serve", "--addr", &host.to_string(), "--stripe", &format!("http://{stripe}")]);
    command.arg("--root").arg(root);
    command.env("STRIPE_WEBHOOK_SECRET", SECRET).env("SLUICEGATE_EVENTS_EVERY", "0");
    command.env("TIME_SCALE", "20").env("RUST_LOG", "off").envs(variables.iter().copied());
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the host starts")
}

pub fn free_address() -> SocketAddr {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    free.local_addr().expect("an address")
}

/// Carries out a run. `folder` must be a real path without links.
pub fn live(seed: u64, folder: &Path, planted: Option<&str>) -> Lived {
    let root = folder.join("instance");
    std::fs::create_dir(&root).expect("a folder");
    instance(&root);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let double = Double::new(seed, true);
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
    let stripe = listener.local_addr().expect("an address");
    let router = double.router();
    runtime.spawn(async move { axum::serve(listener, router).await });
    let host = free_address();
    let trace = folder.join("trace");
    let strace =
        ["strace", "-D", "-f", "--seccomp-bpf", "-yy", "-s", "1048576", "-e", "signal=none"];
    let mut wrapper: Vec<String> = strace.map(str::to_owned).to_vec();
    let asked_for = format!("trace={}", crate::trace::CALLS);
    wrapper.extend(["-e".to_owned(), asked_for, "-o".to_owned(), trace.display().to_string()]);
    let mut variables = vec![("CHECKPOINT_PAGES", "60")];
    variables.extend(planted.map(|planted| ("INJECTED_BUG", planted)));
    let mut child = serve(&wrapper, &root, host, stripe, &variables);
    let asked = Arc::new(Mutex::new(HashMap::new()));
    std::thread::scope(|scope| {
        for number in 0..3 {
            let asked = &asked;
            scope.spawn(move || client(host, seed, number, asked));
        }
        scope.spawn(|| events(host, seed, &double, &asked));
    });
    double.faulty.store(false, Ordering::SeqCst);
    // Pending outcomes become final, and are in the trace as well.
    std::thread::sleep(Duration::from_millis(500));
    child.kill().expect("it was running");
    child.wait().expect("it ends");
    let trace = settled(&trace);
    runtime.shutdown_timeout(Duration::from_millis(100));
    let asked = asked.lock().unwrap().clone();
    Lived { trace, root, host, stripe, asked }
}

/// The trace, once strace has stopped writing.
fn settled(path: &Path) -> Vec<u8> {
    let mut length = 0;
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let text = std::fs::read(path).unwrap_or_default();
        if text.len() == length {
            return text;
        }
        length = text.len();
    }
}

fn client(host: SocketAddr, seed: u64, number: u64, asked: &Mutex<HashMap<u16, Asked>>) {
    let mut rng = Rng::new(seed.wrapping_mul(7).wrapping_add(number));
    let mut amount = 1_000 * (number + 1);
    for n in 0..8 {
        amount += 1;
        let source = if rng.percent(20) { "tok_chargeDeclined" } else { "tok_visa" };
        let data = json!({ "amount": amount, "currency": "usd", "source": source });
        let paid =
            retry_until_final(host, "create_payment", &format!("pay-{number}-{n}"), &data, asked);
        if let Some(charge) = paid.filter(|_| rng.percent(40)) {
            let data = json!({ "charge": charge });
            retry_until_final(host, "create_refund", &format!("refund-{number}-{n}"), &data, asked);
        }
    }
}

/// Retries until the outcome is final; returns the id from Stripe, if there is one.
fn retry_until_final(
    host: SocketAddr,
    name: &str,
    key: &str,
    data: &Json,
    asked: &Mutex<HashMap<u16, Asked>>,
) -> Option<String> {
    let body = json!({ "data": data, "idempotency_key": key }).to_string();
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let what = Asked::Call { key: key.to_owned() };
        let path = format!("/api/request_types/{name}");
        let answer = post(host, &path, None, &body, what, asked);
        let answer = answer.and_then(|(_, body)| serde_json::from_str::<Json>(&body).ok());
        match answer.as_ref().and_then(|answer| answer["state"].as_str()) {
            Some("completed") => return answer?["gateway"]["id"].as_str().map(str::to_owned),
            Some("declined" | "failed") => return None,
            _ => std::thread::sleep(Duration::from_millis(30)),
        }
    }
    None
}

/// Events of the double's objects and of unknown ones, some of them twice.
fn events(host: SocketAddr, seed: u64, double: &Double, asked: &Mutex<HashMap<u16, Asked>>) {
    let mut rng = Rng::new(seed ^ 0x5151);
    let secret = Secret::new(SECRET);
    for number in 0..60 {
        let object = json!({ "id": format!("ch_other_{}", number % 7), "object": "charge",
            "amount": 100 + number, "currency": "usd", "status": "succeeded", "refunded": number % 3 == 0 });
        let kind = if number % 3 == 0 { "charge.refunded" } else { "charge.succeeded" };
        let id = format!("evt_power_{number}");
        let event = json!({ "id": id, "object": "event", "type": kind, "livemode": false,
            "created": double.now(), "data": { "object": object } });
        let body = event.to_string();
        let begun = Instant::now();
        let mut times = if rng.percent(25) { 2 } else { 1 };
        while times > 0 && begun.elapsed() < PATIENCE {
            let now = jiff::Timestamp::from_second(double.now()).unwrap();
            let signature = sign(&secret, body.as_bytes(), now);
            let what = Asked::Event { id: id.clone() };
            match post(host, "/webhooks/listen", Some(&signature), &body, what, asked) {
                Some((200, _)) => times -= 1,
                _ => std::thread::sleep(Duration::from_millis(20)),
            }
        }
        if rng.percent(30) {
            std::thread::sleep(Duration::from_millis(rng.below(30)));
        }
    }
}

fn post(
    host: SocketAddr,
    path: &str,
    signature: Option<&str>,
    body: &str,
    what: Asked,
    asked: &Mutex<HashMap<u16, Asked>>,
) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&host, Duration::from_secs(1)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    let port = stream.local_addr().ok()?.port();
    asked.lock().unwrap().insert(port, what);
    let signature = signature.map(|s| format!("Stripe-Signature: {s}\r\n")).unwrap_or_default();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Content-Type: application/json\r\n{signature}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}
