//! Consent: the accounts that a person can connect, the page that offers them, the code or the
//! refusal that goes back to the application.

use super::application;
use crate::account_page;
use crate::endpoint::account;
use crate::event::emit;
use crate::state::{Kind, PLATFORM};
use crate::tx::{Tx, text};
use axum::body::Body;
use axum::http::Response;
use serde_json::{Value, json};
use std::collections::HashMap;

/// How long a code can be exchanged, in seconds.
const CODE_SECONDS: i64 = 5 * 60;
/// Accounts that the page offers.
const ACCOUNTS_MAX: usize = 25;
/// The value of the field `account` for a new account.
const NEW: &str = "new";

/// A request for consent whose application, scope and address are known to be right.
#[derive(Debug)]
pub struct Request {
    /// The application that asks.
    pub application: Value,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// `read_only`, `read_write` or `stripe_apps`.
    pub scope: String,
    /// Handed back to the application.
    pub state: Option<String>,
    /// The address that a new account gets.
    pub email: Option<String>,
}

/// The page: it offers the standard accounts of the sandbox and a new one.
pub fn page(tx: &Tx<'_>, request: &Request) -> Response<Body> {
    let own = tx.ids(Kind::Account).into_iter().filter_map(|id| tx.get(Kind::Account, &id));
    let others = own.filter(is_offered);
    let accounts: Vec<Value> = others
        .take(ACCOUNTS_MAX)
        .map(|account| {
            json!({"id": account["id"], "email": account["email"],
            "name": account["business_profile"]["name"], "country": account["country"]})
        })
        .collect();
    let permissions = request.application["_permissions"].clone();
    let data = json!({
        "name": request.application["name"], "accounts": accounts, "permissions": permissions,
        "can_write": request.scope == "read_write", "is_app": request.scope == "stripe_apps",
        "email": request.email, "redirect_uri": request.redirect_uri,
    });
    account_page::show("Connect an account", "consent", &data)
}

fn is_offered(account: &Value) -> bool {
    account["id"] != PLATFORM && account.get("deleted").is_none() && account["type"] == "standard"
}

/// What the person chose; returns the address to go to.
///
/// # Errors
/// The account is none that the page offers.
pub fn answer(
    tx: &mut Tx<'_>,
    request: &Request,
    fields: &HashMap<String, String>,
) -> Result<String, String> {
    if fields.get("decision").map(String::as_str) != Some("connect") {
        return Ok(target(
            request,
            &[("error", "access_denied"), ("error_description", "The user denied your request")],
        ));
    }
    let chosen = fields.get("account").map_or(NEW, String::as_str);
    let account = if chosen == NEW {
        account::ready(tx, request.email.as_deref(), fields.get("name").map(String::as_str))
    } else {
        let found = tx.get(Kind::Account, chosen).filter(is_offered);
        found.ok_or_else(|| "This account cannot be connected.".to_owned())?
    };
    let id = connect(tx, request, account);
    let code = json!({
        "id": tx.id("ac_"), "object": "authorization_code", "account": id,
        "application": request.application["id"], "expires_at": tx.now + CODE_SECONDS,
        "scope": request.scope, "used": false,
    });
    tx.insert(Kind::AuthorizationCode, Some(&id), &code);
    Ok(target(request, &[("scope", &request.scope), ("code", text(&code, "id"))]))
}

/// Connects an account with the application; a connected one stays so.
fn connect(tx: &mut Tx<'_>, request: &Request, mut account: Value) -> String {
    let application = &request.application;
    let mut held = account["_applications"].as_array().cloned().unwrap_or_default();
    let id = text(&account, "id").to_owned();
    if !held.contains(&application["id"]) {
        held.push(application["id"].clone());
        account["_applications"] = json!(held);
    }
    let is_new = account["_connected"] != true;
    account["_connected"] = json!(true);
    tx.put(Kind::Account, &account);
    if is_new {
        emit(tx, "account.application.authorized", &id, &application::shown(application), None);
    }
    id
}

/// The application's address with the answer in its query.
fn target(request: &Request, answer: &[(&str, &str)]) -> String {
    let Ok(mut url) = reqwest::Url::parse(&request.redirect_uri) else {
        return request.redirect_uri.clone();
    };
    let mut pairs = url.query_pairs_mut();
    pairs.extend_pairs(answer);
    if let Some(state) = &request.state {
        pairs.append_pair("state", state);
    }
    drop(pairs);
    url.into()
}
