//! The page where a customer authenticates a card, or agrees to pay in another way.

use super::super::call::money;
use super::super::endpoint::intent::action;
use super::super::endpoint::{checkout, setup};
use super::super::form;
use super::super::reply::see_other;
use super::super::shared::Shared;
use super::super::state::{Kind, SandboxState};
use super::super::tx::{Tx, number, text};
use super::{page, with_query};
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::Response;
use serde_json::{Map, Value, json};
use std::sync::Arc;

type SharedState = State<Arc<Shared>>;

/// `GET`: asks.
pub async fn show(
    State(shared): SharedState,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response<Body> {
    let sent = form::decode(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let state = shared.state();
    match find(&state, &id, &sent) {
        Some(intent) => {
            let open = intent["status"] == "requires_action";
            page("challenge", &described(&intent, &sent, open), 200, true)
        }
        None => page("challenge", &json!({"is_unknown": true}), 404, true),
    }
}

/// `POST`: the customer's answer.
pub async fn answer(
    State(shared): SharedState,
    Path(id): Path<String>,
    body: Bytes,
) -> Response<Body> {
    let sent = form::decode(&body).unwrap_or_default();
    let mut state = shared.state();
    let Some(before) = find(&state, &id, &sent) else {
        return page("challenge", &json!({"is_unknown": true}), 404, true);
    };
    let return_url = before["next_action"]["redirect_to_url"]["return_url"].as_str();
    let return_url = return_url.or(before["_return_url"].as_str()).unwrap_or_default().to_owned();
    let is_done = sent.get("outcome").is_some_and(|outcome| outcome == "complete");
    let after = finish(&mut state, before, is_done);
    shared.wake_delivery_if_queued(&state);
    let in_frame = sent.get("frame").is_some();
    if return_url.is_empty() || in_frame {
        return page("challenge", &described(&after, &sent, false), 200, true);
    }
    see_other(back(&after, &return_url))
}

/// An intent, when the secret is its own.
fn find(state: &SandboxState, id: &str, sent: &Map<String, Value>) -> Option<Value> {
    let stored = state.stored(id)?;
    let is_intent = matches!(stored.kind, Kind::PaymentIntent | Kind::SetupIntent);
    let intent = stored.value();
    let secret = sent.get("client_secret").and_then(Value::as_str)?;
    (is_intent && secret == text(&intent, "client_secret")).then_some(intent)
}

fn finish(state: &mut SandboxState, intent: Value, is_done: bool) -> Value {
    let Some(account) = state.stored(text(&intent, "id")).map(|stored| stored.account.clone())
    else {
        return intent;
    };
    let mut tx = Tx::new(state, account);
    let after = match text(&intent, "object") {
        "setup_intent" => setup::finish::act(&mut tx, intent, is_done),
        _ => action::finish(&mut tx, intent, is_done),
    };
    checkout::outcome::after(&mut tx, &after);
    let changes = tx.into_changes();
    state.apply(changes);
    after
}

/// Where the customer comes back to, with what became of the intent.
pub fn back(intent: &Value, return_url: &str) -> String {
    let (id, secret) = match text(intent, "object") {
        "setup_intent" => ("setup_intent", "setup_intent_client_secret"),
        _ => ("payment_intent", "payment_intent_client_secret"),
    };
    let status = match text(intent, "status") {
        "succeeded" | "requires_capture" | "requires_confirmation" => "succeeded",
        "processing" => "pending",
        _ => "failed",
    };
    let pairs = [
        (id, text(intent, "id")),
        (secret, text(intent, "client_secret")),
        ("redirect_status", status),
    ];
    with_query(return_url, &pairs)
}

/// What the page shows.
fn described(intent: &Value, sent: &Map<String, Value>, is_open: bool) -> Value {
    let is_setup = intent["object"] == "setup_intent";
    let failed = text(intent, "status") == "requires_payment_method";
    json!({
        "is_open": is_open, "is_failed": failed, "id": intent["id"],
        "client_secret": intent["client_secret"], "in_frame": sent.get("frame").is_some(),
        "is_redirect": intent["next_action"]["type"] == "redirect_to_url"
            && intent["_return_url"].is_string(),
        "amount": (!is_setup).then(|| money(number(intent, "amount"), text(intent, "currency"))),
        "status": intent["status"],
    })
}
