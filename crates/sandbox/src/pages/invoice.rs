//! The hosted page of an invoice: what is owed, and a form to pay it by card.

use super::super::api_error::ApiError;
use super::super::call::money;
use super::super::endpoint::method::create;
use super::super::form;
use super::super::reply::see_other;
use super::super::resource::invoice_pay::{internal, waiting_intent};
use super::super::resource::kind;
use super::super::shared::Shared;
use super::super::state::{Kind, SandboxState};
use super::super::tx::{Tx, number, text};
use super::checkout_form::Entries;
use super::page;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::Response;
use serde_json::{Map, Value, json};
use std::sync::Arc;

type SharedState = State<Arc<Shared>>;
type Address = Path<(String, String)>;

/// `GET`: the invoice.
pub async fn show(State(shared): SharedState, Path((_, code)): Address) -> Response<Body> {
    let state = shared.state();
    match find(&state, &code) {
        Some((invoice, _)) => render(&state, &invoice, &Entries::read(&Map::new()), None),
        None => unknown(),
    }
}

/// `POST`: pays.
pub async fn pay(
    State(shared): SharedState,
    Path((_, code)): Address,
    body: Bytes,
) -> Response<Body> {
    let sent = form::decode(&body).unwrap_or_default();
    let entries = Entries::read(&sent);
    let mut state = shared.state();
    let Some((invoice, account)) = find(&state, &code) else { return unknown() };
    if invoice["status"] != "open" {
        return render(&state, &invoice, &entries, None);
    }
    // Whose invoice it is stands fast, so only the card can be wrong.
    let payer = json!({"customer": text(&invoice, "customer"), "amount_total": 1});
    if let Some(fault) = entries.fault(&payer) {
        return render(&state, &invoice, &entries, Some(fault));
    }
    let mut tx = Tx::new(&state, account);
    let result = attempt(&mut tx, &invoice, &entries);
    if result.as_ref().err().is_none_or(|refusal| refusal.keep) {
        let changes = tx.into_changes();
        state.apply(changes);
        shared.wake_delivery_if_queued(&state);
    }
    let now = find(&state, &code).map_or(invoice, |(invoice, _)| invoice);
    match result {
        Ok(Some(url)) => see_other(url),
        Ok(None) => render(&state, &now, &entries, None),
        Err(refusal) => {
            let name = Entries::named_by(refusal.param.as_deref().unwrap_or_default());
            render(&state, &now, &entries, Some((name, refusal.message)))
        }
    }
}

/// Confirms the invoice's intent, which is made when there is none; where the customer goes next.
fn attempt(
    tx: &mut Tx<'_>,
    invoice: &Value,
    entries: &Entries,
) -> Result<Option<String>, ApiError> {
    let method = create::from_params(tx, &entries.method())?;
    tx.insert(Kind::Method, None, &method);
    let none = || Err(ApiError::invalid("The sandbox takes no payments."));
    let intent = waiting_intent(tx, &mut invoice.clone())?.map_or_else(none, Ok)?;
    let sent = form_urlencoded::Serializer::new(String::new())
        .append_pair("payment_method", text(&method, "id"))
        .append_pair("return_url", text(invoice, "hosted_invoice_url"))
        .finish();
    let path = format!("payment_intents/{intent}/confirm");
    let confirmed =
        internal(tx, &path, &sent).unwrap_or_else(|| Err(ApiError::unrecognized("POST", &path)))?;
    let next = confirmed["next_action"]["redirect_to_url"]["url"].as_str();
    Ok(next.map(str::to_owned))
}

/// The invoice of an address, when its secret is right.
fn find(state: &SandboxState, code: &str) -> Option<(Value, Arc<str>)> {
    let (id, _) = code.strip_prefix("test_")?.rsplit_once('_')?;
    let stored = state.stored(id).filter(|stored| stored.kind == kind("invoice"))?;
    let invoice = stored.value();
    let own = text(&invoice, "hosted_invoice_url").split('?').next()?.rsplit('/').next()?;
    (own == code).then(|| (invoice.clone(), stored.account.clone()))
}

fn unknown() -> Response<Body> {
    page("checkout_done", &json!({"title": "There is no such invoice"}), 404, false)
}

fn render(
    state: &SandboxState,
    invoice: &Value,
    entries: &Entries,
    fault: Option<(&'static str, String)>,
) -> Response<Body> {
    let currency = text(invoice, "currency");
    let lines = invoice["lines"]["data"].as_array().into_iter().flatten();
    let lines: Vec<Value> = lines
        .map(|line| {
            json!({"description": line["description"],
                "amount": money(number(line, "amount"), currency)})
        })
        .collect();
    let last = state.stored(text(invoice, "payment_intent")).map(|stored| stored.value());
    let declined = last.and_then(|intent| {
        let message = intent["last_payment_error"]["message"].as_str().map(str::to_owned);
        Some(("", message?))
    });
    let is_open = invoice["status"] == "open";
    let (at, message) = fault.or(declined.filter(|_| is_open)).unzip();
    let at = at.unwrap_or_default();
    let remaining = money(number(invoice, "amount_remaining"), currency);
    let data = json!({
        "number": invoice["number"], "lines": lines, "remaining": remaining,
        "total": money(number(invoice, "total"), currency), "status": invoice["status"],
        "is_open": is_open, "is_paid": invoice["status"] == "paid",
        "entries": entries.shown(None), "fault": message, "wrong": {at: true},
    });
    page("invoice", &data, 200, false)
}
