//! Control, for tests and people: look at everything, reset, advance the clock, break things.
//!
//! All of it is JSON below `/_sandbox`: `GET health | state | settings | faults | deliveries |
//! requests | ledger`; `POST reset`, `POST clock {seconds, hours, days}`, `POST settings {…}`,
//! `POST faults {path, method, nth, times, fault, delay_ms, should_retry}`, `DELETE faults`,
//! `POST events/:id/resend {endpoint, signature: wrong | old | none | double}`, and
//! `POST payouts {account, currency}` for an automatic payout of all that is available.

use super::call::Call;
use super::endpoint::payout;
use super::event;
use super::fault::Rule;
use super::identifier;
use super::refusal::Refusal;
use super::reply::Reply;
use super::settle;
use super::state::Shared;
use super::turn::Turn;
use super::world::{Kind, PLATFORM, World};
use super::{protocol, render};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{Response, header};
use axum::middleware::{self, Next};
use axum::routing::{get, post};
use serde_json::{Map, Value, json};
use std::sync::Arc;

type Answer = Response<Body>;
type Everything = State<Arc<Shared>>;

/// Everything below `/_sandbox`.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/health", get(health))
        .route("/state", get(state))
        .route("/reset", post(reset))
        .route("/clock", post(clock))
        .route("/settings", get(settings).post(set))
        .route("/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/events/{id}/resend", post(resend))
        .route("/deliveries", get(deliveries))
        .route("/requests", get(requests))
        .route("/ledger", get(ledger))
        .route("/payouts", post(run_payout))
        .layer(DefaultBodyLimit::max(64 * 1024))
        .layer(middleware::from_fn(own_pages_only))
}

/// A page from elsewhere, open in the same browser, must not control the sandbox.
async fn own_pages_only(request: Request, next: Next) -> Answer {
    let headers = request.headers();
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let foreign = headers.get(header::ORIGIN).is_some_and(|origin| {
        origin.to_str().ok().and_then(|o| o.split_once("://")).is_none_or(|(_, from)| from != host)
    });
    if foreign {
        return wrong(403, "The sandbox is controlled from its own pages only.");
    }
    next.run(request).await
}

fn good(body: Value) -> Answer {
    Reply::good(body).into_response()
}

fn wrong(status: u16, message: &str) -> Answer {
    let body = json!({"error": {"type": "sandbox_error", "message": message}});
    Reply { status, body, headers: Vec::new(), garbled: false }.into_response()
}

/// A JSON object, or nothing at all for an empty body.
fn read(body: &Bytes) -> Result<Map<String, Value>, String> {
    if body.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(body).map_err(|error| format!("The body is no JSON object: {error}"))
}

async fn health(State(shared): Everything) -> Answer {
    good(json!({"ok": true, "instance": shared.world().instance}))
}

async fn state(State(shared): Everything) -> Answer {
    good(summary(&shared.world(), 50))
}

/// Everything at a glance, with the newest `most` of each log.
pub fn summary(world: &World, most: usize) -> Value {
    let turn = Turn::new(world, Arc::from(PLATFORM));
    let requests: Vec<_> = world.requests.iter().rev().take(most).collect();
    json!({
        "instance": world.instance, "clock": {"now": world.clock.now(),
            "ahead_seconds": world.clock.offset()},
        "settings": world.settings, "counts": world.counts(),
        "balances": world.ledger.dump()["balances"], "ledger_faults": world.ledger.faults(),
        "events": newest(world, Kind::Event, most), "deliveries": newest(world, Kind::Delivery, most),
        "requests": requests, "faults": world.faults.rules, "platform": turn.account.to_string(),
    })
}

/// The newest objects of a kind, of all accounts, shaped for people.
pub fn newest(world: &World, kind: Kind, most: usize) -> Vec<Value> {
    let mut found: Vec<_> = world.ids_everywhere(kind).filter_map(|id| world.stored(id)).collect();
    found.sort_unstable_by_key(|stored| std::cmp::Reverse(stored.seq));
    let newest = found.into_iter().take(most);
    newest
        .map(|stored| {
            let mut value = stored.value();
            let due = value.get("_due").cloned();
            super::version::shape(&mut value, &world.settings.default_version, &[]);
            value["account"] = json!(&*stored.account);
            if let Some(due) = due {
                value["next_attempt_at_ms"] = due;
            }
            value
        })
        .collect()
}

async fn reset(State(shared): Everything) -> Answer {
    let mut world = shared.world();
    let mut fresh = World::new(identifier::random_seed(), world.settings.clone());
    settle::found(&mut fresh);
    if let Some(mut journal) = world.journal.take() {
        journal.rewrite(&fresh);
        fresh.journal = Some(journal);
    }
    *world = fresh;
    good(json!({"reset": true, "instance": world.instance}))
}

async fn clock(State(shared): Everything, body: Bytes) -> Answer {
    let body = match read(&body) {
        Ok(body) => body,
        Err(message) => return wrong(400, &message),
    };
    let unit = |name: &str, seconds: i64| {
        body.get(name).and_then(Value::as_i64).unwrap_or(0).saturating_mul(seconds)
    };
    let seconds = unit("seconds", 1) + unit("hours", 3_600) + unit("days", 86_400);
    if seconds < 0 {
        return wrong(400, "The clock goes forward only.");
    }
    let mut world = shared.world();
    world.clock.advance(seconds);
    settle::run(&mut world);
    keep_head(&mut world);
    shared.bell.notify_one();
    good(json!({"now": world.clock.now(), "ahead_seconds": world.clock.offset()}))
}

fn keep_head(world: &mut World) {
    if let Some(mut journal) = world.journal.take() {
        journal.append_world(world);
        world.journal = Some(journal);
    }
}

async fn settings(State(shared): Everything) -> Answer {
    good(json!(shared.world().settings))
}

async fn set(State(shared): Everything, body: Bytes) -> Answer {
    let wanted = match read(&body) {
        Ok(wanted) => wanted,
        Err(message) => return wrong(400, &message),
    };
    let mut world = shared.world();
    let mut all = json!(world.settings);
    for (name, value) in wanted {
        if all.get(&name).is_none() {
            return wrong(400, &format!("There is no setting {name}."));
        }
        all[name] = value;
    }
    match serde_json::from_value(all) {
        Ok(settings) => world.settings = settings,
        Err(error) => return wrong(400, &error.to_string()),
    }
    keep_head(&mut world);
    good(json!(world.settings))
}

async fn faults(State(shared): Everything) -> Answer {
    good(json!({"rules": shared.world().faults.rules}))
}

async fn add_fault(State(shared): Everything, body: Bytes) -> Answer {
    let rule: Rule = match serde_json::from_slice(&body) {
        Ok(rule) => rule,
        Err(error) => return wrong(400, &format!("That is no fault rule: {error}")),
    };
    let mut world = shared.world();
    if !world.faults.add(rule) {
        return wrong(400, "There are too many fault rules; delete them first.");
    }
    good(json!({"rules": world.faults.rules}))
}

async fn clear_faults(State(shared): Everything) -> Answer {
    shared.world().faults.rules.clear();
    good(json!({"rules": []}))
}

async fn resend(State(shared): Everything, Path(id): Path<String>, body: Bytes) -> Answer {
    let body = match read(&body) {
        Ok(body) => body,
        Err(message) => return wrong(400, &message),
    };
    let mut world = shared.world();
    let mut turn = Turn::new(&world, Arc::from(PLATFORM));
    let Some((account, event)) = turn.anywhere(Kind::Event, &id) else {
        return wrong(404, &format!("No such event: {id}"));
    };
    let endpoints = match body.get("endpoint").and_then(Value::as_str) {
        Some(one) => vec![one.to_owned()],
        None => event::listeners(&turn, super::turn::text(&event, "type"), &account),
    };
    let mut queued = Vec::new();
    for endpoint in endpoints {
        let delivery = event::queue(&mut turn, &event, &endpoint);
        if let (Some(tamper), Some((_, mut made))) =
            (body.get("signature"), turn.anywhere(Kind::Delivery, &delivery))
        {
            made["_tamper"] = tamper.clone();
            turn.update(&made);
        }
        queued.push(delivery);
    }
    let changes = turn.into_changes();
    world.apply(changes);
    shared.bell.notify_one();
    good(json!({"deliveries": queued}))
}

async fn deliveries(State(shared): Everything) -> Answer {
    good(json!({"data": newest(&shared.world(), Kind::Delivery, 500)}))
}

async fn requests(State(shared): Everything) -> Answer {
    let world = shared.world();
    let data: Vec<_> = world.requests.iter().rev().collect();
    good(json!({"data": data}))
}

async fn ledger(State(shared): Everything) -> Answer {
    let mut world = shared.world();
    settle::run(&mut world);
    let mut dump = world.ledger.dump();
    dump["nets"] = nets(&world);
    good(dump)
}

/// Sums of the rows, to be compared with the balances they make up.
fn nets(world: &World) -> Value {
    let mut sums: std::collections::BTreeMap<(String, String), i64> = Default::default();
    for id in world.ids_everywhere(Kind::Transaction) {
        let Some(stored) = world.stored(id) else { continue };
        let row = stored.value();
        let at = (stored.account.to_string(), super::turn::text(&row, "currency").to_owned());
        *sums.entry(at).or_default() += super::turn::number(&row, "net");
    }
    let entries = sums.into_iter();
    entries
        .map(|((account, currency), net)| json!({"account": account, "currency": currency, "net": net}))
        .collect()
}

/// Runs an automatic payout, as Stripe does by schedule.
async fn run_payout(State(shared): Everything, body: Bytes) -> Answer {
    let body = match read(&body) {
        Ok(body) => body,
        Err(message) => return wrong(400, &message),
    };
    let text = |name: &str, default: &str| {
        body.get(name).and_then(Value::as_str).unwrap_or(default).to_owned()
    };
    let mut world = shared.world();
    settle::run(&mut world);
    let mut turn = Turn::new(&world, text("account", PLATFORM).into());
    let call = Call {
        method: "POST",
        path: "/v1/payouts".into(),
        params: protocol::no_params(),
        version: world.settings.default_version.clone(),
        key: String::new(),
        client_ip: String::new(),
    };
    let made = payout::run_automatic(&mut turn, &text("currency", "usd"))
        .and_then(|payout| render::answer(&turn, &call, payout));
    match made {
        Ok(payout) => {
            let changes = turn.into_changes();
            world.apply(changes);
            shared.bell.notify_one();
            good(payout)
        }
        Err(Refusal { message, .. }) => wrong(400, &message),
    }
}
