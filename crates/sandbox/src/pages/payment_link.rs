//! The address of a payment link: each visit begins a checkout session of what the link sells.

use super::super::api_error::ApiError;
use super::super::call::Call;
use super::super::form;
use super::super::params::Params;
use super::super::reply::see_other;
use super::super::resource::kind;
use super::super::shared::Shared;
use super::super::state::SandboxState;
use super::super::tx::{Tx, text};
use super::super::version::NEWEST;
use super::page;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::Response;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What a session takes from its link as it is.
const TAKEN: [&str; 8] = [
    "allow_promotion_codes",
    "billing_address_collection",
    "consent_collection",
    "custom_text",
    "metadata",
    "payment_method_types",
    "phone_number_collection",
    "tax_id_collection",
];

/// What a link says for its payments or its subscriptions.
const OF_PAYMENT: [&str; 4] =
    ["application_fee_amount", "application_fee_percent", "on_behalf_of", "transfer_data"];

/// `GET`: begins a session, and leads to its page.
pub async fn show(
    State(shared): State<Arc<Shared>>,
    Path(code): Path<String>,
    RawQuery(query): RawQuery,
) -> Response<Body> {
    let sent = form::decode(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let mut state = shared.state();
    let id = format!("plink_{}", code.trim_start_matches("test_"));
    let found = state.stored(&id).filter(|stored| stored.kind == kind("payment_link"));
    let Some((link, account)) = found.map(|stored| (stored.value(), stored.account.clone())) else {
        return page("checkout_done", &json!({"title": "Nothing to pay here"}), 404, false);
    };
    if link["active"] != true {
        let said = link["inactive_message"].as_str().unwrap_or("This link is no longer active");
        return page("checkout_done", &json!({"title": said}), 404, false);
    }
    match begin(&mut state, &link, account, &sent) {
        Ok(url) => see_other(url),
        Err(refusal) => page("checkout_done", &json!({"title": refusal.message}), 400, false),
    }
}

fn begin(
    state: &mut SandboxState,
    link: &Value,
    account: Arc<str>,
    sent: &Map<String, Value>,
) -> Result<String, ApiError> {
    let mut tx = Tx::new(state, account);
    let call = Call::own("checkout/sessions", Params::new(asked(&tx, link, sent)), NEWEST);
    let made = tx.operate(&call, &["checkout", "sessions"]);
    let mut session = made.unwrap_or_else(|| Err(ApiError::invalid("There is no Checkout.")))?;
    session["payment_link"] = link["id"].clone();
    if link["after_completion"]["redirect"]["url"].is_null() {
        session["success_url"] = Value::Null;
    }
    tx.update(&session);
    let changes = tx.into_changes();
    state.apply(changes);
    Ok(text(&session, "url").to_owned())
}

/// The parameters of the session.
fn asked(tx: &Tx<'_>, link: &Value, sent: &Map<String, Value>) -> Map<String, Value> {
    let items = link["_items"].as_array().into_iter().flatten();
    let is_recurring = items.clone().any(|item| item["price"]["recurring"].is_object());
    let mut params = Map::new();
    let line = |item: &Value| json!({"price": item["price"]["id"], "quantity": item["quantity"].to_string()});
    let lines = items.enumerate().map(|(at, item)| (at.to_string(), line(item)));
    params.insert("line_items".into(), Value::Object(lines.collect()));
    params.insert("mode".into(), json!(if is_recurring { "subscription" } else { "payment" }));
    let redirect = link["after_completion"]["redirect"]["url"].as_str();
    let done = redirect.map_or_else(|| format!("{}/", tx.state.base_url), str::to_owned);
    params.insert("success_url".into(), json!(done));
    for name in TAKEN {
        params.extend(given(&link[name]).map(|value| (name.to_owned(), value)));
    }
    let data = if is_recurring { "subscription_data" } else { "payment_intent_data" };
    let mut inside = match given(&link[data]) {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    for name in OF_PAYMENT {
        inside.extend(given(&link[name]).map(|value| (name.to_owned(), value)));
    }
    if !inside.is_empty() {
        params.insert(data.to_owned(), Value::Object(inside));
    }
    for (name, from) in
        [("customer_email", "prefilled_email"), ("client_reference_id", "client_reference_id")]
    {
        params.extend(sent.get(from).map(|value| (name.to_owned(), value.clone())));
    }
    params
}

/// What is set of a value, in the form of parameters: lists by their places.
fn given(value: &Value) -> Option<Value> {
    let fields: Map<String, Value> = match value {
        Value::Null => return None,
        Value::Object(fields) => {
            fields.iter().filter_map(|(name, one)| Some((name.clone(), given(one)?))).collect()
        }
        Value::Array(items) => {
            let placed = items.iter().enumerate();
            placed.filter_map(|(at, one)| Some((at.to_string(), given(one)?))).collect()
        }
        Value::Bool(flag) => return Some(json!(flag.to_string())),
        Value::Number(number) => return Some(json!(number.to_string())),
        Value::String(_) => return Some(value.clone()),
    };
    (!fields.is_empty()).then_some(Value::Object(fields))
}
