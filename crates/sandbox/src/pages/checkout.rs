//! The hosted page of a checkout session: what is bought, and a form to pay it, without a script.

use super::super::api_error::ApiError;
use super::super::call::money;
use super::super::endpoint::checkout::{outcome, pay};
use super::super::endpoint::method::create;
use super::super::form;
use super::super::reply::see_other;
use super::super::shared::Shared;
use super::super::state::{Kind, SandboxState};
use super::super::tx::{Tx, number, text};
use super::checkout_choices::{self, Fault};
use super::checkout_form::Entries;
use super::page;
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::Response;
use serde_json::{Map, Value, json};
use std::sync::Arc;

type SharedState = State<Arc<Shared>>;

/// `GET`: the order and the form; a session that has ended leads on.
pub async fn show(
    State(shared): SharedState,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response<Body> {
    let sent = form::decode(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let state = shared.state();
    let Some(session) = find(&state, &id) else { return unknown() };
    let entries = Entries::read(&sent);
    if session["status"] != "open" {
        return ended(&session, entries.is_framed);
    }
    // Back from an authentication that failed: say so.
    let fault = sent.contains_key("redirect_status").then(|| last_error(&state, &session));
    render(&state, &session, &entries, fault.flatten())
}

/// `POST`: pays.
pub async fn pay(
    State(shared): SharedState,
    Path(id): Path<String>,
    body: Bytes,
) -> Response<Body> {
    let sent = form::decode(&body).unwrap_or_default();
    let mut state = shared.state();
    let Some(session) = find(&state, &id) else { return unknown() };
    let entries = Entries::read(&sent);
    if session["status"] != "open" {
        return ended(&session, entries.is_framed);
    }
    let (session, chosen) = choose(&mut state, session, &sent);
    if let Err(fault) = chosen {
        return render(&state, &session, &entries, Some(fault));
    }
    if sent.contains_key("apply") {
        return render(&state, &session, &entries, None);
    }
    if let Some(fault) = entries.fault(&session) {
        return render(&state, &session, &entries, Some(fault));
    }
    match attempt(&mut state, session.clone(), &entries) {
        Ok((after, intent)) => {
            shared.wake_delivery_if_queued(&state);
            if after["status"] != "open" {
                return ended(&after, entries.is_framed);
            }
            match next_url(&intent) {
                Some(url) => see_other(url),
                None => render(&state, &after, &entries, Some(("", "Please try again.".into()))),
            }
        }
        Err(refusal) => {
            shared.wake_delivery_if_queued(&state);
            let name = Entries::named_by(refusal.param.as_deref().unwrap_or_default());
            render(&state, &session, &entries, Some((name, refusal.message)))
        }
    }
}

/// Takes a promotion code, a way of shipping and the shop's own fields into the session.
fn choose(
    state: &mut SandboxState,
    mut session: Value,
    sent: &Map<String, Value>,
) -> (Value, Result<(), Fault>) {
    let account = state.stored(text(&session, "id")).map(|stored| stored.account.clone());
    let mut tx = Tx::new(state, account.unwrap_or_default());
    let chosen = checkout_choices::take(&mut tx, &mut session, sent);
    let changes = tx.into_changes();
    state.apply(changes);
    (session, chosen)
}

/// Where the customer has to go first.
fn next_url(intent: &Value) -> Option<String> {
    let next = &intent["next_action"];
    let url = next["redirect_to_url"]["url"].as_str();
    let own =
        next["cashapp_handle_redirect_or_display_qr_code"]["hosted_instructions_url"].as_str();
    url.or(own).or(next["use_stripe_sdk"]["stripe_js"].as_str()).map(str::to_owned)
}

/// Makes the method and pays; what a decline leaves behind is kept.
fn attempt(
    state: &mut SandboxState,
    session: Value,
    entries: &Entries,
) -> Result<(Value, Value), ApiError> {
    let account = state.stored(text(&session, "id")).map(|stored| stored.account.clone());
    let mut tx = Tx::new(state, account.unwrap_or_default());
    let result = if session["amount_total"] == 0 && session["mode"] == "payment" {
        Ok((pay::free(&mut tx, session, &entries.payer()), Value::Null))
    } else {
        create::from_params(&mut tx, &entries.method()).and_then(|method| {
            tx.insert(Kind::Method, None, &method);
            pay::run(&mut tx, session, &method, &entries.payer())
        })
    };
    let is_kept = result.as_ref().err().is_none_or(|refusal| refusal.keep);
    if is_kept {
        let changes = tx.into_changes();
        state.apply(changes);
    }
    result
}

fn find(state: &SandboxState, id: &str) -> Option<Value> {
    let stored = state.stored(id)?;
    (stored.kind == Kind::Session).then(|| stored.value())
}

fn last_error(state: &SandboxState, session: &Value) -> Option<(&'static str, String)> {
    let of = |name: &str| state.stored(text(session, name)).map(|stored| stored.value());
    let intent = of(outcome::intent_name(session))?;
    let error = intent.get("last_payment_error").or(intent.get("last_setup_error"))?;
    error["message"].as_str().map(|message| ("", message.to_owned()))
}

fn unknown() -> Response<Body> {
    page("checkout_done", &json!({"title": "Nothing to pay here"}), 404, false)
}

/// The end of a session: the shop's page, or words.
fn ended(session: &Value, is_framed: bool) -> Response<Body> {
    let is_complete = session["status"] == "complete";
    let framed = session["ui_mode"] != "hosted";
    match outcome::end_url(session).filter(|_| is_complete && !is_framed) {
        Some(url) => see_other(url),
        None => {
            let data = json!({
                "title": if is_complete { "Thank you" } else { "This page has expired" },
                "is_complete": is_complete, "id": session["id"], "is_framed": is_framed,
                "url": outcome::end_url(session), "cancel_url": session["cancel_url"],
            });
            page("checkout_done", &data, 200, framed)
        }
    }
}

/// The form, with what was entered and what is wrong with it.
fn render(
    state: &SandboxState,
    session: &Value,
    entries: &Entries,
    fault: Option<(&'static str, String)>,
) -> Response<Body> {
    let id = text(session, "id");
    let currency = text(session, "currency");
    let items = state.children(Kind::SessionItem, id).filter_map(|item| state.stored(item));
    let items: Vec<Value> = items
        .map(|stored| {
            let item = stored.value();
            json!({"description": item["description"], "quantity": item["quantity"],
                "is_many": number(&item, "quantity") > 1,
                "interval": item["price"]["recurring"]["interval"],
                "unit": money(number(&item["price"], "unit_amount"), currency),
                "amount": money(number(&item, "amount_subtotal"), currency)})
        })
        .collect();
    let customer = state.stored(text(session, "customer")).map(|stored| stored.value());
    let email = customer.as_ref().map_or(&session["customer_email"], |found| &found["email"]);
    let total = money(number(session, "amount_total"), currency);
    let is_setup = session["mode"] == "setup";
    let (at, message) = fault.unzip();
    let at = at.unwrap_or_default();
    let account = state.stored(id).map(|stored| stored.account.clone()).unwrap_or_default();
    let choices = checkout_choices::shown(&Tx::new(state, account), session);
    let data = json!({
        "choices": choices, "id": id, "items": items, "total": total, "is_setup": is_setup,
        "is_free": session["amount_total"] == 0 && session["mode"] == "payment",
        "kinds": entries.kinds(session), "entries": entries.shown(email.as_str()),
        "known_email": email, "fault": message, "wrong": {at: true}, "framed": entries.is_framed,
        "button": button(session, &total), "cancel_url": session["cancel_url"],
        "message": session["custom_text"]["submit"]["message"],
    });
    page("checkout", &data, 200, session["ui_mode"] != "hosted")
}

fn button(session: &Value, total: &str) -> String {
    match (text(session, "mode"), text(session, "submit_type")) {
        ("setup", _) => "Save".to_owned(),
        ("subscription", _) | (_, "subscribe") => "Subscribe".to_owned(),
        (_, "book") => format!("Book {total}"),
        (_, "donate") => format!("Donate {total}"),
        _ => format!("Pay {total}"),
    }
}
