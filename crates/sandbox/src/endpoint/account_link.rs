//! Account links, login links and account sessions: the doors of hosted onboarding, of the Express
//! dashboard and of embedded components.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::state::{Kind, PLATFORM};
use super::super::tx::{Tx, text};
use serde_json::{Map, Value, json};

/// How long an account link can be opened, in seconds.
const LINK_SECONDS: i64 = 5 * 60;
/// How long an account session's secret can be used, in seconds.
const SESSION_SECONDS: i64 = 60 * 60;

/// `POST /v1/account_links`.
pub fn create(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let params = &call.params;
    let account = connected(tx, call, params.required("account")?)?;
    let kinds = ["account_onboarding", "account_update"];
    // Old versions have names for what the page collects.
    let old = ["custom_account_update", "custom_account_verification"];
    let kind = params.choice("type", &[kinds, old].concat())?;
    let kind = kind.ok_or_else(|| ApiError::missing("type"))?.to_owned();
    if kind == "account_update" && account["type"] != "custom" {
        let message = "You cannot create `account_update` type Account Links for this account. \
                       Only accounts that your platform collects requirements for can use them.";
        return Err(ApiError::invalid(message));
    }
    let [refresh_url, return_url] = ["refresh_url", "return_url"].map(|name| address(call, name));
    let token = tx.id("");
    let expires_at = tx.now + LINK_SECONDS;
    let link = json!({
        "id": token, "object": "account_link", "account": account["id"], "type": kind,
        "refresh_url": refresh_url?, "return_url": return_url?, "expires_at": expires_at,
        "used": false,
    });
    tx.insert(Kind::AccountLink, account["id"].as_str(), &link);
    let url = format!("{}/setup/c/{}/{token}", tx.state.base_url, text(&account, "id"));
    Ok(json!({"object": "account_link", "created": tx.now, "expires_at": expires_at, "url": url}))
}

/// An address that a browser can be sent to.
fn address(call: &Call, name: &str) -> Result<String, ApiError> {
    let given = call.params.required(name)?;
    let url = reqwest::Url::parse(given).ok();
    match url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
        Some(_) => Ok(given.to_owned()),
        None => Err(ApiError::parameter("url_invalid", name, "Not a valid URL")),
    }
}

/// `POST /v1/accounts/:id/login_links`.
pub fn log_in(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let account = connected(tx, call, id)?;
    if account["type"] != "express" {
        let message = format!(
            "Cannot create a login link for an account that is not an Express account: {id}"
        );
        return Err(ApiError::invalid(message));
    }
    if account["details_submitted"] != true {
        let message =
            "Cannot create a login link for an account that has not completed onboarding.";
        return Err(ApiError::invalid(message));
    }
    let token = tx.id("");
    let link = json!({"id": token, "object": "login_link", "account": id, "used": false,
        "expires_at": tx.now + LINK_SECONDS});
    tx.insert(Kind::AccountLink, Some(id), &link);
    let url = format!("{}/express/{id}/{token}", tx.state.base_url);
    Ok(json!({"object": "login_link", "created": tx.now, "url": url}))
}

/// `POST /v1/account_sessions`.
pub fn start_session(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let account = connected(tx, call, call.params.required("account")?)?;
    let Some(wanted) = call.params.group("components") else {
        return Err(ApiError::missing("components"));
    };
    let mut components = Map::new();
    for name in wanted.values().keys() {
        let Some(component) = wanted.group(name) else { continue };
        let mut features = Map::new();
        if let Some(given) = component.group("features") {
            for feature in given.values().keys() {
                features.insert(feature.clone(), json!(given.boolean(feature)?));
            }
        }
        let enabled = component.boolean("enabled")?.unwrap_or(false);
        components.insert(name.clone(), json!({"enabled": enabled, "features": features}));
    }
    let (id, secret) = (text(&account, "id").to_owned(), tx.id("_secret_"));
    Ok(json!({
        "object": "account_session", "account": id, "client_secret": format!("accs{secret}"),
        "components": components, "expires_at": tx.now + SESSION_SECONDS, "livemode": false,
    }))
}

/// A link of an account, by what its address ends in; `object` is `account_link` or `login_link`.
pub fn find(tx: &Tx<'_>, account: &str, token: &str, object: &str) -> Option<Value> {
    let found = tx.find(Kind::AccountLink, PLATFORM, token)?;
    (found["object"] == object && found["account"] == account).then_some(found)
}

/// An account of the platform.
fn connected(tx: &Tx<'_>, call: &Call, id: &str) -> Result<Value, ApiError> {
    let found = tx
        .find(Kind::Account, PLATFORM, id)
        .filter(|account| tx.is_platform() && id != PLATFORM && account.get("deleted").is_none());
    found.ok_or_else(|| ApiError::account(&call.key, id))
}
