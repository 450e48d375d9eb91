//! The control interface below `/_sandbox`, in JSON; the README documents every route.

use super::api_error::ApiError;
use super::call::Call;
use super::due_work;
use super::endpoint::payout;
use super::fault::Rule;
use super::identifier;
use super::listener;
use super::oauth::application;
use super::reply::Reply;
use super::shared::Shared;
use super::state::{Kind, PLATFORM, SandboxState, Settings};
use super::tx::{Tx, number, text};
use super::{oauth, origin, protocol, render};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::Response;
use axum::middleware::{self, Next};
use axum::routing::{get, post};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

type Answer = Response<Body>;
type SharedState = State<Arc<Shared>>;

/// The routes below `/_sandbox`.
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
        .route("/applications", post(register))
        .route("/accounts/{id}/deauthorize", post(deauthorize))
        .layer(DefaultBodyLimit::max(64 * 1024))
        .layer(middleware::from_fn(own_pages_only))
}

/// Refuses requests from pages of other origins in the same browser.
async fn own_pages_only(request: Request, next: Next) -> Answer {
    if origin::is_foreign(request.headers()) {
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

/// The JSON object of a body; an empty body is an empty object.
fn read(body: &Bytes) -> Result<Map<String, Value>, String> {
    if body.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(body).map_err(|error| format!("The body is not a JSON object: {error}"))
}

async fn health(State(shared): SharedState) -> Answer {
    good(json!({"ok": true, "instance": shared.state().instance}))
}

async fn state(State(shared): SharedState) -> Answer {
    good(summary(&shared.state(), 50))
}

/// An overview, with the newest `most` entries of each log.
pub fn summary(state: &SandboxState, most: usize) -> Value {
    let tx = Tx::new(state, Arc::from(PLATFORM));
    let requests: Vec<_> = state.requests.iter().rev().take(most).collect();
    json!({
        "instance": state.instance, "clock": {"now": state.clock.now(),
            "ahead_seconds": state.clock.offset()},
        "settings": state.settings, "counts": state.counts(),
        "balances": state.ledger.dump()["balances"], "ledger_faults": state.ledger.faults(),
        "events": newest(state, Kind::Event, most),
        "deliveries": newest(state, Kind::Delivery, most),
        "requests": requests, "faults": state.faults.rules, "platform": tx.account.to_string(),
    })
}

/// The newest objects of a kind, of all accounts, in the default version.
pub fn newest(state: &SandboxState, kind: Kind, most: usize) -> Vec<Value> {
    let mut found: Vec<_> = state.ids_everywhere(kind).filter_map(|id| state.stored(id)).collect();
    found.sort_unstable_by_key(|stored| std::cmp::Reverse(stored.seq));
    let newest = found.into_iter().take(most);
    newest
        .map(|stored| {
            let mut value = stored.value();
            let due = value.get("_due").cloned();
            super::version::shape(&mut value, &state.settings.default_version, &[]);
            super::snapshot::present_all(&mut value);
            value["account"] = json!(&*stored.account);
            if let Some(due) = due {
                value["next_attempt_at_ms"] = due;
            }
            value
        })
        .collect()
}

async fn reset(State(shared): SharedState) -> Answer {
    let mut state = shared.state();
    let mut new = SandboxState::new(identifier::random_seed(), state.settings.clone());
    due_work::create_platform(&mut new);
    new.storage = state.storage.take();
    new.feed = std::mem::take(&mut state.feed);
    new.base_url.clone_from(&state.base_url);
    new.api_url.clone_from(&state.api_url);
    new.objects_max = state.objects_max;
    new.webhook_ports = state.webhook_ports.clone();
    new.base_url.clone_from(&state.base_url);
    new.api_url.clone_from(&state.api_url);
    new.objects_max = state.objects_max;
    new.with_storage(|storage, new| storage.rewrite(new));
    *state = new;
    good(json!({"reset": true, "instance": state.instance}))
}

/// How far the clock can be advanced in all.
const CLOCK_SECONDS_MAX: i64 = 100 * 366 * 86_400;

async fn clock(State(shared): SharedState, body: Bytes) -> Answer {
    let body = match read(&body) {
        Ok(body) => body,
        Err(message) => return wrong(400, &message),
    };
    let unit = |name: &str, seconds: i64| {
        body.get(name).and_then(Value::as_i64).unwrap_or(0).saturating_mul(seconds)
    };
    let units = [unit("seconds", 1), unit("hours", 3_600), unit("days", 86_400)];
    let seconds = units.into_iter().fold(0_i64, i64::saturating_add);
    let mut state = shared.state();
    let ahead = state.clock.offset().saturating_add(seconds);
    if seconds < 0 || ahead > CLOCK_SECONDS_MAX {
        return wrong(400, "The clock goes forward only, and a hundred years at most.");
    }
    state.clock.advance(seconds);
    due_work::run(&mut state);
    state.with_storage(|storage, state| storage.append_settings(state));
    shared.wake_delivery.notify_one();
    good(json!({"now": state.clock.now(), "ahead_seconds": state.clock.offset()}))
}

async fn settings(State(shared): SharedState) -> Answer {
    good(json!(shared.state().settings))
}

async fn set(State(shared): SharedState, body: Bytes) -> Answer {
    let wanted = match read(&body) {
        Ok(wanted) => wanted,
        Err(message) => return wrong(400, &message),
    };
    let mut state = shared.state();
    let mut all = json!(state.settings);
    for (name, value) in wanted {
        if all.get(&name).is_none() {
            return wrong(400, &format!("Unknown setting: {name}."));
        }
        all[name] = value;
    }
    let settings: Settings = match serde_json::from_value(all) {
        Ok(settings) => settings,
        Err(error) => return wrong(400, &error.to_string()),
    };
    if let Some(why) = settings.fault() {
        return wrong(400, why);
    }
    state.settings = settings;
    state.with_storage(|storage, state| storage.append_settings(state));
    good(json!(state.settings))
}

async fn faults(State(shared): SharedState) -> Answer {
    good(json!({"rules": shared.state().faults.rules}))
}

async fn add_fault(State(shared): SharedState, body: Bytes) -> Answer {
    let rule: Rule = match serde_json::from_slice(&body) {
        Ok(rule) => rule,
        Err(error) => return wrong(400, &format!("Invalid fault rule: {error}")),
    };
    let mut state = shared.state();
    if !state.faults.add(rule) {
        return wrong(400, "There are too many fault rules; delete them first.");
    }
    good(json!({"rules": state.faults.rules}))
}

async fn clear_faults(State(shared): SharedState) -> Answer {
    shared.state().faults.rules.clear();
    good(json!({"rules": []}))
}

async fn resend(State(shared): SharedState, Path(id): Path<String>, body: Bytes) -> Answer {
    let body = match read(&body) {
        Ok(body) => body,
        Err(message) => return wrong(400, &message),
    };
    let mut state = shared.state();
    let mut tx = Tx::new(&state, Arc::from(PLATFORM));
    let Some((account, event)) = tx.anywhere(Kind::Event, &id) else {
        return wrong(404, &format!("No such event: {id}"));
    };
    let endpoints = match body.get("endpoint").and_then(Value::as_str) {
        Some(one) => vec![one.to_owned()],
        None => listener::listeners(&tx, text(&event, "type"), &account),
    };
    let mut queued = Vec::new();
    for endpoint in endpoints {
        let delivery = listener::queue(&mut tx, &event, &endpoint);
        if let (Some(tamper), Some((_, mut made))) =
            (body.get("signature"), tx.anywhere(Kind::Delivery, &delivery))
        {
            made["_tamper"] = tamper.clone();
            tx.update(&made);
        }
        queued.push(delivery);
    }
    let changes = tx.into_changes();
    state.apply(changes);
    shared.wake_delivery.notify_one();
    good(json!({"deliveries": queued}))
}

async fn deliveries(State(shared): SharedState) -> Answer {
    good(json!({"data": newest(&shared.state(), Kind::Delivery, 500)}))
}

async fn requests(State(shared): SharedState) -> Answer {
    let state = shared.state();
    let data: Vec<_> = state.requests.iter().rev().collect();
    good(json!({"data": data}))
}

async fn ledger(State(shared): SharedState) -> Answer {
    let mut state = shared.state();
    due_work::run(&mut state);
    let mut dump = state.ledger.dump();
    dump["nets"] = nets(&state);
    good(dump)
}

/// Sums of the balance transactions, to compare with the balances.
fn nets(state: &SandboxState) -> Value {
    let mut sums: BTreeMap<(String, String), i64> = BTreeMap::new();
    for id in state.ids_everywhere(Kind::Transaction) {
        let Some(stored) = state.stored(id) else { continue };
        let transaction = stored.value();
        let currency = text(&transaction, "currency").to_owned();
        *sums.entry((stored.account.to_string(), currency)).or_default() +=
            number(&transaction, "net");
    }
    let mut nets = Vec::new();
    for ((account, currency), net) in sums {
        nets.push(json!({"account": account, "currency": currency, "net": net}));
    }
    Value::Array(nets)
}

/// Runs an automatic payout, as Stripe does by schedule.
async fn run_payout(State(shared): SharedState, body: Bytes) -> Answer {
    let body = match read(&body) {
        Ok(body) => body,
        Err(message) => return wrong(400, &message),
    };
    let text = |name: &str, default: &str| {
        body.get(name).and_then(Value::as_str).unwrap_or(default).to_owned()
    };
    let mut state = shared.state();
    due_work::run(&mut state);
    let mut tx = Tx::new(&state, text("account", PLATFORM).into());
    let call = Call::own("payouts", protocol::no_params(), &state.settings.default_version);
    let made = payout::run_automatic(&mut tx, &text("currency", "usd"))
        .and_then(|payout| render::answer(&tx, &call, payout));
    match made {
        Ok(payout) => {
            let changes = tx.into_changes();
            state.apply(changes);
            shared.wake_delivery.notify_one();
            good(payout)
        }
        Err(ApiError { message, .. }) => wrong(400, &message),
    }
}

/// Adds or changes an application that accounts are connected to.
async fn register(State(shared): SharedState, body: Bytes) -> Answer {
    let body = match read(&body) {
        Ok(body) => body,
        Err(message) => return wrong(400, &message),
    };
    let mut state = shared.state();
    let mut tx = Tx::new(&state, Arc::from(PLATFORM));
    match application::register(&mut tx, &body) {
        Ok(shown) => {
            let changes = tx.into_changes();
            state.apply(changes);
            good(shown)
        }
        Err(message) => wrong(400, &message),
    }
}

/// Disconnects an account from an application, as its owner does in the dashboard.
async fn deauthorize(State(shared): SharedState, Path(id): Path<String>, body: Bytes) -> Answer {
    let body = match read(&body) {
        Ok(body) => body,
        Err(message) => return wrong(400, &message),
    };
    let client_id = body.get("client_id").and_then(Value::as_str).unwrap_or(application::CONNECT);
    let mut state = shared.state();
    let mut tx = Tx::new(&state, Arc::from(PLATFORM));
    let known = application::find(&tx, client_id);
    if known.and_then(|known| oauth::disconnect(&mut tx, &known, &id)).is_none() {
        return wrong(404, &format!("{client_id} is not connected to {id}."));
    }
    let changes = tx.into_changes();
    state.apply(changes);
    shared.wake_delivery.notify_one();
    good(json!({"deauthorized": id}))
}
