//! The customer portal: a customer's subscriptions, payment methods and invoices, and what the
//! session's configuration lets them do.

use super::super::api_error::ApiError;
use super::super::call::money;
use super::super::endpoint::method::create;
use super::super::form;
use super::super::reply::see_other;
use super::super::resource::invoice_pay::internal;
use super::super::resource::{kind, of};
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

/// Objects of each list that the page shows.
const SHOWN: usize = 50;

/// `GET`: everything of the customer.
pub async fn show(State(shared): SharedState, Path(code): Path<String>) -> Response<Body> {
    let state = shared.state();
    match find(&state, &code) {
        Some((session, account)) => {
            render(&Tx::new(&state, account), &session, &Entries::read(&Map::new()), None)
        }
        None => unknown(),
    }
}

/// `POST`: does one thing, and comes back.
pub async fn act(
    State(shared): SharedState,
    Path(code): Path<String>,
    body: Bytes,
) -> Response<Body> {
    let sent = form::decode(&body).unwrap_or_default();
    let entries = Entries::read(&sent);
    let mut state = shared.state();
    let Some((session, account)) = find(&state, &code) else { return unknown() };
    let mut tx = Tx::new(&state, account.clone());
    let fault = match entries.fault(&json!({"customer": "known", "amount_total": 1})) {
        Some(fault) if sent.get("do").is_some_and(|name| name == "add_method") => Some(fault),
        _ => perform(&mut tx, &session, &sent, &entries).err().map(|refusal| {
            let name = Entries::named_by(refusal.param.as_deref().unwrap_or_default());
            (name, refusal.message)
        }),
    };
    if fault.is_some() {
        return render(&Tx::new(&state, account), &session, &entries, fault);
    }
    let changes = tx.into_changes();
    state.apply(changes);
    shared.wake_delivery_if_queued(&state);
    see_other(text(&session, "url").to_owned())
}

/// The one thing that the form asks for, when the configuration allows it.
fn perform(
    tx: &mut Tx<'_>,
    session: &Value,
    sent: &Map<String, Value>,
    entries: &Entries,
) -> Result<(), ApiError> {
    let asked = |name: &str| sent.get(name).and_then(Value::as_str).unwrap_or_default();
    let customer = text(session, "customer");
    let features = of(tx, "billing_portal.configuration", text(session, "configuration"))
        .map(|configuration| configuration["features"].clone())?;
    let feature = match asked("do") {
        "cancel" | "renew" => "subscription_cancel",
        _ => "payment_method_update",
    };
    if features[feature]["enabled"] != true {
        return Err(ApiError::invalid("This page does not offer that."));
    }
    let id = asked("id");
    let of_customer = |object: &Value| object["customer"] == customer;
    let run = |tx: &mut Tx<'_>, path: &str, pairs: &[(&str, &str)]| {
        let sent: String =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        internal(tx, path, &sent)
            .unwrap_or_else(|| Err(ApiError::invalid("The sandbox does not have this.")))
    };
    match asked("do") {
        name @ ("cancel" | "renew") => {
            let subscription = of(tx, "subscription", id).ok().filter(of_customer);
            subscription.ok_or_else(|| ApiError::invalid("There is no such subscription."))?;
            let ends = if name == "cancel" { "true" } else { "false" };
            let path = format!("subscriptions/{id}");
            run(tx, &path, &[("cancel_at_period_end", ends)])?;
        }
        name @ ("use_method" | "remove_method") => {
            let method = tx.get(Kind::Method, id).filter(of_customer);
            method.ok_or_else(|| ApiError::invalid("There is no such payment method."))?;
            if name == "remove_method" {
                run(tx, &format!("payment_methods/{id}/detach"), &[])?;
            } else {
                let pair = [("invoice_settings[default_payment_method]", id)];
                run(tx, &format!("customers/{customer}"), &pair)?;
            }
        }
        "add_method" => {
            let method = create::from_params(tx, &entries.method())?;
            tx.insert(Kind::Method, None, &method);
            let id = text(&method, "id");
            run(tx, &format!("payment_methods/{id}/attach"), &[("customer", customer)])?;
            let pair = [("invoice_settings[default_payment_method]", id)];
            run(tx, &format!("customers/{customer}"), &pair)?;
        }
        _ => return Err(ApiError::invalid("This page does not know what to do.")),
    }
    Ok(())
}

fn find(state: &SandboxState, code: &str) -> Option<(Value, Arc<str>)> {
    let stored = state.stored(code.strip_prefix("test_")?)?;
    let is_session = stored.kind == kind("billing_portal.session");
    is_session.then(|| (stored.value(), stored.account.clone()))
}

fn unknown() -> Response<Body> {
    page("checkout_done", &json!({"title": "This page has expired"}), 404, false)
}

fn render(
    tx: &Tx<'_>,
    session: &Value,
    entries: &Entries,
    fault: Option<(&'static str, String)>,
) -> Response<Body> {
    let customer = text(session, "customer");
    let configuration = of(tx, "billing_portal.configuration", text(session, "configuration"));
    let features = configuration.map(|one| one["features"].clone()).unwrap_or_default();
    let owner = tx.get(Kind::Customer, customer).unwrap_or_default();
    let default = owner["invoice_settings"]["default_payment_method"].clone();
    let all = |of: Kind| -> Vec<Value> {
        let ids = tx.ids(of).into_iter();
        let values = ids.filter_map(|id| Some(tx.stored(&id)?.value()));
        values.filter(|one| one["customer"] == customer).take(SHOWN).collect()
    };
    let methods = all(Kind::Method).into_iter().map(|one| {
        let kind = text(&one, "type").to_owned();
        json!({"id": one["id"], "brand": one["card"]["brand"], "kind": kind,
            "last4": one[kind.as_str()]["last4"], "is_default": one["id"] == default})
    });
    let invoices = all(kind("invoice")).into_iter().filter(|one| one["status"] != "draft");
    let invoices = invoices.map(|one| {
        json!({"number": one["number"], "status": one["status"],
            "url": one["hosted_invoice_url"],
            "amount": money(number(&one, "total"), text(&one, "currency"))})
    });
    let subscriptions = all(kind("subscription")).iter().map(subscription).collect::<Vec<_>>();
    let (at, message) = fault.unzip();
    let at = at.unwrap_or_default();
    let enabled = |name: &str| features[name]["enabled"] == true;
    let data = json!({
        "email": owner["email"], "return_url": session["return_url"],
        "subscriptions": subscriptions, "can_cancel": enabled("subscription_cancel"),
        "methods": methods.collect::<Vec<_>>(), "can_update": enabled("payment_method_update"),
        "invoices": invoices.collect::<Vec<_>>(), "has_history": enabled("invoice_history"),
        "entries": entries.shown(None), "fault": message, "wrong": {at: true},
    });
    page("portal", &data, 200, false)
}

/// A subscription as the page shows it.
fn subscription(one: &Value) -> Value {
    let item = &one["items"]["data"][0];
    let price = &item["price"];
    let amount = number(price, "unit_amount").saturating_mul(number(item, "quantity").max(1));
    let has_ended = ["canceled", "incomplete_expired"].contains(&text(one, "status"));
    json!({"id": one["id"], "status": text(one, "status").replace('_', " "),
        "amount": money(amount, text(price, "currency")),
        "interval": price["recurring"]["interval"], "has_ended": has_ended,
        "is_ending": one["cancel_at_period_end"]})
}
