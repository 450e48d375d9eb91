//! Webhook delivery: signed anew for each attempt, retried with pauses, logged.

use super::settle;
use super::signature;
use super::state::Shared;
use super::turn::{Turn, number, text};
use super::version;
use super::world::{Kind, PLATFORM, World};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Attempts under way at once.
const AT_ONCE: usize = 16;
/// How long an endpoint may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the clock is looked at when nothing happens.
const TICK: Duration = Duration::from_millis(500);
/// Characters of an endpoint's answer that are kept.
const ANSWER_KEPT: usize = 300;

/// One attempt, ready to be sent.
#[derive(Debug)]
struct Attempt {
    delivery: Arc<str>,
    url: String,
    signature: Option<String>,
    body: String,
}

/// The client all deliveries use: it follows no redirect and asks no proxy.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .user_agent("Stripe/1.0 (+https://stripe.com/docs/webhooks)")
        .build()
}

/// Delivers until it is dropped; also lets time do its work.
pub async fn run(shared: Arc<Shared>, client: reqwest::Client) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let attempts = {
            let mut world = shared.world();
            settle::run(&mut world);
            take_due(&mut world, AT_ONCE)
        };
        if attempts.is_empty() {
            let _ = tokio::time::timeout(TICK, shared.bell.notified()).await;
            continue;
        }
        for attempt in attempts {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            let (shared, client) = (shared.clone(), client.clone());
            tokio::spawn(async move {
                send(&shared, &client, attempt).await;
                drop(place);
            });
        }
    }
}

/// Takes what is due out of the queue and signs it.
fn take_due(world: &mut World, most: usize) -> Vec<Attempt> {
    let now = world.clock.now_ms();
    let mut attempts = Vec::new();
    while attempts.len() < most {
        let Some((due, _)) = world.deliveries_due.first() else { break };
        if *due > now {
            break;
        }
        let Some((_, id)) = world.deliveries_due.pop_first() else { break };
        match prepare(world, &id) {
            Some(attempt) => attempts.push(attempt),
            None => end(world, &id, "canceled"),
        }
    }
    attempts
}

fn prepare(world: &World, id: &Arc<str>) -> Option<Attempt> {
    let delivery = world.stored(id)?.value();
    let endpoint = world.stored(text(&delivery, "endpoint"))?.value();
    if endpoint["status"] != "enabled" {
        return None;
    }
    let mut event = world.stored(text(&delivery, "event"))?.value();
    let wanted = endpoint["api_version"].as_str().or(event["api_version"].as_str());
    let wanted = wanted.unwrap_or(&world.settings.default_version).to_owned();
    version::shape(&mut event, &wanted, &[]);
    event["api_version"] = json!(wanted);
    let body = serde_json::to_string_pretty(&event).ok()?;
    let secret = text(&endpoint, "_secret");
    // The receiver's tolerance is against its own clock, so the machine's time is signed.
    let moment = super::clock::machine_ms() / 1_000;
    let signature = match text(&delivery, "_tamper") {
        "wrong" => Some(signature::header("whsec_wrong", moment, &body)),
        "old" => Some(signature::header(secret, moment - 3_600, &body)),
        "none" => None,
        "double" => {
            let other = signature::sign("whsec_rolled", moment, &body);
            let own = signature::sign(secret, moment, &body);
            Some(format!("t={moment},v1={other},v1={own}"))
        }
        _ => Some(signature::header(secret, moment, &body)),
    };
    let url = text(&endpoint, "url").to_owned();
    Some(Attempt { delivery: id.clone(), url, signature, body })
}

async fn send(shared: &Shared, client: &reqwest::Client, attempt: Attempt) {
    let started = Instant::now();
    let mut request = client
        .post(&attempt.url)
        .header("content-type", "application/json; charset=utf-8")
        .body(attempt.body);
    if let Some(signature) = attempt.signature {
        request = request.header("stripe-signature", signature);
    }
    let (status, answer) = match request.send().await {
        Ok(response) => {
            let status = response.status().as_u16();
            let text = response.text().await.unwrap_or_default();
            (Some(status), text.chars().take(ANSWER_KEPT).collect::<String>())
        }
        Err(error) => (None, error.without_url().to_string()),
    };
    let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut world = shared.world();
    let entry = json!({"at": world.clock.now(), "status": status, "answer": answer, "ms": ms});
    record(&mut world, &attempt.delivery, entry, &shared.webhook_backoff);
    drop(world);
    shared.bell.notify_one();
}

/// Notes an attempt and decides what follows.
fn record(world: &mut World, id: &str, entry: Value, backoff: &[Duration]) {
    let good = matches!(number(&entry, "status"), 200..=299);
    let Some(mut delivery) = world.stored(id).map(|stored| stored.value()) else { return };
    let Some(attempts) = delivery["attempts"].as_array_mut() else { return };
    attempts.push(entry);
    let made = attempts.len();
    let pause = backoff.get(made - 1).filter(|_| !good);
    if let Some(pause) = pause {
        let pause = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
        delivery["_due"] = json!(world.clock.now_ms().saturating_add(pause));
        change(world, delivery, None);
    } else {
        let state = if good { "delivered" } else { "failed" };
        change(world, delivery, Some(state));
    }
}

fn end(world: &mut World, id: &str, state: &'static str) {
    if let Some(delivery) = world.stored(id).map(|stored| stored.value()) {
        change(world, delivery, Some(state));
    }
}

/// Writes a delivery back; an ended one is no longer due, a delivered one counts down its event.
fn change(world: &mut World, mut delivery: Value, ended: Option<&'static str>) {
    let mut turn = Turn::new(world, Arc::from(PLATFORM));
    if let Some(state) = ended {
        delivery["state"] = json!(state);
        delivery.as_object_mut().map(|fields| fields.shift_remove("_due"));
    }
    if ended == Some("delivered")
        && let Some((_, mut event)) = turn.anywhere(Kind::Event, text(&delivery, "event"))
    {
        event["pending_webhooks"] = json!((number(&event, "pending_webhooks") - 1).max(0));
        turn.update(&event);
    }
    turn.update(&delivery);
    let changes = turn.into_changes();
    world.apply(changes);
}
