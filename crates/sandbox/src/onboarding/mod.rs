//! Hosted onboarding: an account link leads to a page that asks for the account's requirements.

mod field;

use crate::api_error::ApiError;
use crate::call::Call;
use crate::endpoint::{self, account_link};
use crate::reply::see_other;
use crate::shared::Shared;
use crate::state::{Kind, PLATFORM, SandboxState};
use crate::tx::{Tx, number, text};
use crate::{account_page, due_work, form, origin};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response};
use axum::routing::get;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// How long a page that was opened by a link can be used, in seconds.
const SESSION_SECONDS: i64 = 60 * 60;
const TITLE: &str = "Set up your account";

/// The routes of links and pages.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/setup/c/{account}/{token}", get(open))
        .route("/setup/s/{session}", get(ask).post(take))
}

/// Opens a link, once: it becomes a page that can be used for an hour. A link that cannot be opened
/// leads to the platform, which makes a new one.
async fn open(
    State(shared): State<Arc<Shared>>,
    Path((account, token)): Path<(String, String)>,
) -> Response<Body> {
    let mut state = shared.state();
    let mut tx = Tx::new(&state, Arc::from(PLATFORM));
    let Some(mut link) = account_link::find(&tx, &account, &token, "account_link") else {
        return account_page::message(404, TITLE, account_page::GONE);
    };
    if link["used"] == true || number(&link, "expires_at") <= tx.now {
        return see_other(text(&link, "refresh_url"));
    }
    link["used"] = json!(true);
    tx.update(&link);
    let session = tx.id("setup_");
    let opened = json!({
        "id": session, "object": "onboarding", "account": account, "type": link["type"],
        "return_url": link["return_url"], "refresh_url": link["refresh_url"],
        "expires_at": tx.now + SESSION_SECONDS,
    });
    tx.insert(Kind::AccountLink, Some(&account), &opened);
    let changes = tx.into_changes();
    state.apply(changes);
    see_other(format!("/setup/s/{session}"))
}

/// The page that a session shows, and its account.
fn session(state: &SandboxState, id: &str) -> Result<(Value, Value), Box<Response<Body>>> {
    let tx = Tx::new(state, Arc::from(PLATFORM));
    let opened = tx.find(Kind::AccountLink, PLATFORM, id);
    let Some(opened) = opened.filter(|opened| opened["object"] == "onboarding") else {
        return Err(Box::new(account_page::message(404, TITLE, account_page::GONE)));
    };
    let account = tx.find(Kind::Account, PLATFORM, text(&opened, "account"));
    match account.filter(|account| account.get("deleted").is_none()) {
        Some(account) if number(&opened, "expires_at") > tx.now => Ok((opened, account)),
        _ => Err(Box::new(see_other(text(&opened, "refresh_url")))),
    }
}

async fn ask(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response<Body> {
    let state = shared.state();
    match session(&state, &id) {
        Ok((opened, account)) => show(&opened, &account, &Map::new(), None),
        Err(answer) => *answer,
    }
}

/// Takes the form: saves it, fills in test data, or leaves.
async fn take(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    if origin::is_foreign(&headers) {
        return account_page::message(403, TITLE, "Only this page itself can send its form.");
    }
    let mut state = shared.state();
    due_work::run(&mut state);
    let (opened, account) = match session(&state, &id) {
        Ok(found) => found,
        Err(answer) => return *answer,
    };
    let mut given = match form::decode(&body) {
        Ok(given) => given,
        Err(why) => return show(&opened, &account, &Map::new(), Some(&why)),
    };
    let decision = given.shift_remove("decision");
    match decision.as_ref().and_then(Value::as_str) {
        Some("leave") => return see_other(text(&opened, "return_url")),
        Some("samples") => return show(&opened, &account, &field::samples(&account), None),
        _ => {}
    }
    let saved = save(&mut state, &account, given.clone());
    shared.wake_delivery_if_queued(&state);
    match saved {
        Ok(account) if field::due(&account).is_empty() => see_other(text(&opened, "return_url")),
        Ok(account) => show(&opened, &account, &Map::new(), None),
        Err(refusal) => show(&opened, &account, &given, Some(&refusal.message)),
    }
}

/// Changes the account as its owner: by the operation that the API has for it.
fn save(
    state: &mut SandboxState,
    account: &Value,
    mut given: Map<String, Value>,
) -> Result<Value, ApiError> {
    let id = text(account, "id");
    given.retain(|name, value| field::is_asked(name) && *value != "");
    let mut tx = Tx::new(state, Arc::from(PLATFORM));
    if account["tos_acceptance"]["date"].is_null() {
        given.insert(
            "tos_acceptance".into(),
            json!({"date": tx.now.to_string(), "ip": "127.0.0.1"}),
        );
    }
    let params = crate::params::Params::new(given);
    let own = Call::own(&format!("accounts/{id}"), params, &state.settings.default_version);
    let call = Call { client_ip: "127.0.0.1".into(), ..own };
    let changed = endpoint::account::route(&call, &mut tx, &["accounts", id]);
    let changed = changed.unwrap_or_else(|| Err(ApiError::not_found("account", id)))?;
    let changes = tx.into_changes();
    state.apply(changes);
    Ok(changed)
}

fn show(
    opened: &Value,
    account: &Value,
    given: &Map<String, Value>,
    fault: Option<&str>,
) -> Response<Body> {
    let host = reqwest::Url::parse(text(opened, "return_url")).ok();
    let data = json!({
        "account": account["id"], "country": account["country"], "fault": fault,
        "fields": field::shown(account, given),
        "host": host.as_ref().and_then(reqwest::Url::host_str),
    });
    account_page::show(TITLE, "onboarding", &data)
}
