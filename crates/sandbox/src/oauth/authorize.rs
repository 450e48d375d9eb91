//! The page that asks an account's owner for consent, and what follows from the answer.

use super::application::{self, Family};
use super::consent::{self, Request};
use crate::origin;
use crate::reply::{response, see_other};
use crate::shared::Shared;
use crate::state::PLATFORM;
use crate::tx::Tx;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Response};
use axum::routing::get;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

type Words = HashMap<String, String>;

/// The pages of both families. A channel link (`chnlink_…`) is the address of an app that is not
/// published yet.
pub fn routes() -> Router<Arc<Shared>> {
    let connect = || get(ask_connect).post(decide_connect);
    let apps = || get(ask_apps).post(decide_apps);
    Router::new()
        .route("/oauth/authorize", connect())
        .route("/express/oauth/authorize", connect())
        .route("/oauth/v2/authorize", apps())
        .route("/oauth/v2/{channel}/authorize", apps())
}

async fn ask_connect(state: State<Arc<Shared>>, query: Query<Words>) -> Response<Body> {
    ask(&state, &query, Family::Connect)
}

async fn ask_apps(
    state: State<Arc<Shared>>,
    _channel: Option<Path<String>>,
    query: Query<Words>,
) -> Response<Body> {
    ask(&state, &query, Family::Apps)
}

async fn decide_connect(
    state: State<Arc<Shared>>,
    query: Query<Words>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    decide(&state, &query, Family::Connect, &headers, &body)
}

async fn decide_apps(
    state: State<Arc<Shared>>,
    _channel: Option<Path<String>>,
    query: Query<Words>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    decide(&state, &query, Family::Apps, &headers, &body)
}

/// The page, or the error that Stripe shows in its place: nothing is sent to an address that the
/// application has not registered.
fn ask(shared: &Shared, query: &Words, family: Family) -> Response<Body> {
    let state = shared.state();
    let tx = Tx::new(&state, Arc::from(PLATFORM));
    match read(&tx, query, family) {
        Ok(request) => consent::page(&tx, &request),
        Err((code, description)) => shown(code, &description),
    }
}

fn decide(
    shared: &Shared,
    query: &Words,
    family: Family,
    headers: &HeaderMap,
    body: &[u8],
) -> Response<Body> {
    if origin::is_foreign(headers) {
        return shown("invalid_request", "Only this page itself can send its form.");
    }
    let fields: Words = form_urlencoded::parse(body).into_owned().collect();
    let mut state = shared.state();
    let mut tx = Tx::new(&state, Arc::from(PLATFORM));
    let request = match read(&tx, query, family) {
        Ok(request) => request,
        Err((code, description)) => return shown(code, &description),
    };
    let target = match consent::answer(&mut tx, &request, &fields) {
        Ok(target) => target,
        Err(description) => return shown("invalid_request", &description),
    };
    let changes = tx.into_changes();
    state.apply(changes);
    shared.wake_delivery_if_queued(&state);
    see_other(target)
}

/// Reads the query of an authorization request.
fn read(tx: &Tx<'_>, query: &Words, family: Family) -> Result<Request, (&'static str, String)> {
    let given = |name: &str| query.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let Some(client_id) = given("client_id") else {
        return Err(("invalid_request", "No client_id provided".into()));
    };
    let known = application::find(tx, client_id);
    let Some(application) = known.filter(|one| application::family(one) == family) else {
        let text = "No application matches the supplied client identifier";
        return Err(("invalid_client", text.into()));
    };
    if family == Family::Connect && !matches!(given("response_type"), None | Some("code")) {
        let text = "Invalid response type. Supported response types: code";
        return Err(("unsupported_response_type", text.into()));
    }
    let scope = match (family, given("scope")) {
        (Family::Apps, _) => "stripe_apps",
        (Family::Connect, None | Some("read_only")) => "read_only",
        (Family::Connect, Some("read_write")) => "read_write",
        (Family::Connect, Some(other)) => {
            return Err(("invalid_scope", format!("Invalid scope provided: {other}")));
        }
    };
    let Some(redirect_uri) = application::redirect_uri(&application, given("redirect_uri")) else {
        let text = "Invalid redirect URI: it must match exactly one of the URIs that the \
                    application has registered";
        return Err(("invalid_redirect_uri", text.into()));
    };
    Ok(Request {
        application,
        redirect_uri,
        scope: scope.to_owned(),
        state: given("state").map(str::to_owned),
        email: given("stripe_user[email]").map(str::to_owned),
    })
}

/// Only a refusal by the person is sent to the application; other errors are shown as JSON.
fn shown(code: &str, description: &str) -> Response<Body> {
    let body: Value = json!({"error": code, "error_description": description});
    response(400, "application/json", body.to_string(), &[])
}
