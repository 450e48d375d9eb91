//! Webhook delivery: signed anew for each attempt, retried with pauses, logged.

use super::due_work;
use super::shared::Shared;
use super::signature;
use super::snapshot;
use super::state::{Kind, PLATFORM, SandboxState};
use super::thin;
use super::tx::{Tx, number, text};
use super::version;
use super::webhook_ports::{ElsewhereOnly, WebhookPorts};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Attempts at the same time.
const ATTEMPTS_MAX: usize = 16;
/// How long an endpoint may take to answer.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often the clock is checked when nothing is delivered.
const TICK: Duration = Duration::from_millis(500);
/// Characters of an endpoint's answer that are stored.
const ANSWER_CHARS_MAX: usize = 300;

/// One attempt, ready to be sent.
#[derive(Debug)]
struct Attempt {
    delivery: Arc<str>,
    url: String,
    signature: Option<String>,
    body: String,
}

/// The HTTP clients of all deliveries: they follow no redirects and use no proxy.
#[derive(Debug, Clone)]
pub struct Clients {
    /// For ports that are allowed on this machine.
    anywhere: reqwest::Client,
    /// For others: no name leads it to this machine.
    elsewhere: reqwest::Client,
}

impl Clients {
    /// Builds them.
    pub fn new() -> Result<Self, reqwest::Error> {
        let builder = || {
            reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .timeout(ATTEMPT_TIMEOUT)
                .user_agent("Stripe/1.0 (+https://stripe.com/docs/webhooks)")
        };
        let elsewhere = builder().dns_resolver(Arc::new(ElsewhereOnly)).build()?;
        Ok(Self { anywhere: builder().build()?, elsewhere })
    }

    /// The client for a URL; `None` when it is a port of this machine that is not allowed.
    fn of(&self, ports: &WebhookPorts, url: &str) -> Option<&reqwest::Client> {
        let url = url.parse().ok().filter(|url| ports.allow(url))?;
        Some(if ports.contain(&url) { &self.anywhere } else { &self.elsewhere })
    }
}

/// Delivers until it is dropped; also applies what the clock makes due.
pub async fn run(shared: Arc<Shared>, clients: Clients) {
    let slots = Arc::new(Semaphore::new(ATTEMPTS_MAX));
    loop {
        let attempts = {
            let mut state = shared.state();
            due_work::run(&mut state);
            take_due(&mut state, ATTEMPTS_MAX)
        };
        if attempts.is_empty() {
            let _ = tokio::time::timeout(TICK, shared.wake_delivery.notified()).await;
            continue;
        }
        for attempt in attempts {
            let Ok(slot) = slots.clone().acquire_owned().await else { return };
            let (shared, clients) = (shared.clone(), clients.clone());
            tokio::spawn(async move {
                send(&shared, &clients, attempt).await;
                drop(slot);
            });
        }
    }
}

/// Takes what is due out of the queue and signs it.
fn take_due(state: &mut SandboxState, most: usize) -> Vec<Attempt> {
    let now = state.clock.now_ms();
    let mut attempts = Vec::new();
    while attempts.len() < most {
        let Some((due, _)) = state.deliveries_due.first() else { break };
        if *due > now {
            break;
        }
        let Some((_, id)) = state.deliveries_due.pop_first() else { break };
        match prepare(state, &id) {
            Some(attempt) => attempts.push(attempt),
            None => end(state, &id, "canceled"),
        }
    }
    attempts
}

fn prepare(state: &SandboxState, id: &Arc<str>) -> Option<Attempt> {
    let delivery = state.stored(id)?.value();
    let endpoint = state.stored(text(&delivery, "endpoint"))?.value();
    if endpoint["status"] != "enabled" {
        return None;
    }
    let event = state.stored(text(&delivery, "event"))?.value();
    let event = match text(&event, "object") {
        "event" => in_version_of(&endpoint, event),
        _ => thin::notification(&event),
    };
    let body = serde_json::to_string_pretty(&event).ok()?;
    let secret = text(&endpoint, "_secret");
    // The receiver's tolerance is against its own clock, so the machine's time is signed.
    let timestamp = super::clock::machine_ms() / 1_000;
    let signature = match text(&delivery, "_tamper") {
        "wrong" => Some(signature::header("whsec_wrong", timestamp, &body)),
        "old" => Some(signature::header(secret, timestamp - 3_600, &body)),
        "none" => None,
        "double" => {
            let other = signature::sign("whsec_rolled", timestamp, &body);
            let own = signature::sign(secret, timestamp, &body);
            Some(format!("t={timestamp},v1={other},v1={own}"))
        }
        _ => Some(signature::header(secret, timestamp, &body)),
    };
    // A destination does not show its address unless it is asked to.
    let url = endpoint["url"].as_str().unwrap_or(text(&endpoint, "_url")).to_owned();
    Some(Attempt { delivery: id.clone(), url, signature, body })
}

/// A snapshot event in the version of its endpoint, or else in its own.
fn in_version_of(endpoint: &Value, mut event: Value) -> Value {
    let wanted = endpoint["api_version"].as_str().or(endpoint["snapshot_api_version"].as_str());
    let wanted = wanted.unwrap_or(text(&event, "api_version")).to_owned();
    version::shape(&mut event, &wanted, &[]);
    snapshot::present(&mut event, &wanted);
    event
}

async fn send(shared: &Shared, clients: &Clients, attempt: Attempt) {
    let started = Instant::now();
    let ports = shared.state().webhook_ports.clone();
    let (status, answer) = match clients.of(&ports, &attempt.url) {
        Some(client) => post(client, &attempt).await,
        None => (None, "this port of the sandbox's machine is not allowed".to_owned()),
    };
    let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut state = shared.state();
    let entry = json!({"at": state.clock.now(), "status": status, "answer": answer, "ms": ms});
    record(&mut state, &attempt.delivery, entry, &shared.webhook_backoff);
    drop(state);
    shared.wake_delivery.notify_one();
}

/// The status of the answer and its beginning, or why there is none.
async fn post(client: &reqwest::Client, attempt: &Attempt) -> (Option<u16>, String) {
    let mut request = client
        .post(&attempt.url)
        .header("content-type", "application/json; charset=utf-8")
        .body(attempt.body.clone());
    if let Some(signature) = &attempt.signature {
        request = request.header("stripe-signature", signature);
    }
    match request.send().await {
        Ok(response) => {
            let status = response.status().as_u16();
            let text = response.text().await.unwrap_or_default();
            (Some(status), text.chars().take(ANSWER_CHARS_MAX).collect())
        }
        Err(error) => (None, error.without_url().to_string()),
    }
}

/// Records an attempt, and schedules the next or ends the delivery.
fn record(state: &mut SandboxState, id: &str, entry: Value, backoff: &[Duration]) {
    let good = matches!(number(&entry, "status"), 200..=299);
    let Some(mut delivery) = state.stored(id).map(|stored| stored.value()) else { return };
    let Some(attempts) = delivery["attempts"].as_array_mut() else { return };
    attempts.push(entry);
    let made = attempts.len();
    let pause = backoff.get(made - 1).filter(|_| !good);
    if let Some(pause) = pause {
        let pause = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
        delivery["_due"] = json!(state.clock.now_ms().saturating_add(pause));
        change(state, delivery, None);
    } else {
        let ended = if good { "delivered" } else { "failed" };
        change(state, delivery, Some(ended));
    }
}

fn end(state: &mut SandboxState, id: &str, ended: &'static str) {
    if let Some(delivery) = state.stored(id).map(|stored| stored.value()) {
        change(state, delivery, Some(ended));
    }
}

/// Stores a delivery; an ended one is no longer due, a successful one counts down its event.
fn change(state: &mut SandboxState, mut delivery: Value, ended: Option<&'static str>) {
    let mut tx = Tx::new(state, Arc::from(PLATFORM));
    if let Some(state) = ended {
        delivery["state"] = json!(state);
        delivery.as_object_mut().map(|fields| fields.shift_remove("_due"));
    }
    if ended == Some("delivered")
        && let Some((_, mut event)) = tx.anywhere(Kind::Event, text(&delivery, "event"))
    {
        event["pending_webhooks"] = json!((number(&event, "pending_webhooks") - 1).max(0));
        tx.update(&event);
    }
    tx.update(&delivery);
    let changes = tx.into_changes();
    state.apply(changes);
}
