//! Exchanges a code or a refresh token for tokens.

use super::application::{self, Family};
use super::refuse;
use crate::api_error::{Answer, ApiError};
use crate::call::Call;
use crate::state::{Kind, PLATFORM};
use crate::tx::{Tx, number, text};
use serde_json::{Value, json};

/// How long an access token of a Stripe App lives, in seconds.
const ACCESS_SECONDS: i64 = 3_600;
/// How long a refresh token of a Stripe App lives, in seconds.
const REFRESH_SECONDS: i64 = 365 * 86_400;

/// Answers a request for tokens.
pub fn grant(call: &Call, tx: &mut Tx<'_>, family: Family) -> Answer {
    let params = &call.params;
    match params.filled("grant_type").unwrap_or_default() {
        None => Err(refuse("invalid_request", "No grant type specified")),
        Some("authorization_code") => {
            let Some(code) = params.filled("code").unwrap_or_default() else {
                return Err(refuse("invalid_request", "No authorization code provided"));
            };
            by_code(call, tx, family, code)
        }
        Some("refresh_token") => {
            let Some(token) = params.filled("refresh_token").unwrap_or_default() else {
                return Err(refuse("invalid_request", "No refresh token provided"));
            };
            by_refresh_token(call, tx, family, token)
        }
        Some(other) => {
            let message = format!(
                "Unsupported grant type: {other}. Supported types are: authorization_code, \
                 refresh_token"
            );
            Err(refuse("unsupported_grant_type", message))
        }
    }
}

fn by_code(call: &Call, tx: &mut Tx<'_>, family: Family, id: &str) -> Answer {
    let unknown = || refuse("invalid_grant", format!("Authorization code does not exist: {id}"));
    let mut code = tx.find(Kind::AuthorizationCode, PLATFORM, id).ok_or_else(unknown)?;
    let application = owned(call, tx, family, &code).ok_or_else(|| {
        refuse("invalid_grant", "Authorization code provided does not belong to you")
    })?;
    if code["used"] == true {
        // A code that is sent twice may be stolen.
        revoke_all(tx, text(&code, "account"), text(&code, "application"));
        let message = "This authorization code has already been used. All tokens issued with this \
            code have been revoked.";
        return Err(ApiError { keep: true, ..refuse("invalid_grant", message) });
    }
    if number(&code, "expires_at") <= tx.now {
        return Err(refuse("invalid_grant", format!("Authorization code expired: {id}")));
    }
    code["used"] = json!(true);
    tx.update(&code);
    let (account, scope) = (text(&code, "account").to_owned(), text(&code, "scope").to_owned());
    Ok(issue(tx, &application, &account, &scope))
}

fn by_refresh_token(call: &Call, tx: &mut Tx<'_>, family: Family, id: &str) -> Answer {
    let unknown =
        || refuse("invalid_grant", format!("Refresh token does not exist: {}", shown(id)));
    let token = tx.find(Kind::RefreshToken, PLATFORM, id).ok_or_else(unknown)?;
    let is_dead =
        token["revoked"] == true || super::access::ends(&token).is_some_and(|ends| ends <= tx.now);
    if is_dead {
        return Err(unknown());
    }
    let application = owned(call, tx, family, &token).ok_or_else(unknown)?;
    let held = text(&token, "scope").to_owned();
    let scope = match call.params.filled("scope").unwrap_or_default() {
        Some(wanted) if held == "read_only" && wanted == "read_write" => {
            let message = "Requested scope exceeds the one of the refresh token: read_write";
            return Err(refuse("invalid_scope", message));
        }
        Some(wanted @ ("read_only" | "read_write")) => wanted.to_owned(),
        Some(other) => {
            return Err(refuse("invalid_scope", format!("Invalid scope provided: {other}")));
        }
        None => held,
    };
    let account = text(&token, "account").to_owned();
    // The tokens before it end at once: with Apps the refresh token as well.
    revoke_all(tx, &account, text(&token, "application"));
    Ok(issue(tx, &application, &account, &scope))
}

/// A token as a message may show it.
fn shown(token: &str) -> String {
    token.chars().take(6).chain("…".chars()).collect()
}

/// The application that a code or token was made for, when it is of this family and the caller's
/// key is its own.
fn owned(call: &Call, tx: &Tx<'_>, family: Family, given: &Value) -> Option<Value> {
    let application = application::find(tx, text(given, "application"))?;
    let is_key = application["_secret_key"].as_str().is_none_or(|key| key == call.key);
    (is_key && tx.is_platform() && application::family(&application) == family)
        .then_some(application)
}

/// Makes the tokens of an account and the answer that shows them.
fn issue(tx: &mut Tx<'_>, application: &Value, account: &str, scope: &str) -> Value {
    let family = application::family(application);
    let ends = |seconds: i64| match family {
        Family::Apps => json!(tx.now + seconds),
        Family::Connect => Value::Null,
    };
    let (access_ends, refresh_ends) = (ends(ACCESS_SECONDS), ends(REFRESH_SECONDS));
    let (access, refresh) = (tx.id("sk_test_"), tx.id("rt_"));
    let publishable = crate::identifier::make("pk_test_", account, 3);
    for (id, kind, expires_at) in [
        (&access, Kind::AccessToken, access_ends),
        (&refresh, Kind::RefreshToken, refresh_ends),
        (&publishable, Kind::AccessToken, Value::Null),
    ] {
        let token = json!({
            "id": id, "object": "oauth_token", "account": account,
            "application": application["id"], "created": tx.now, "expires_at": expires_at,
            "permissions": application["_permissions"], "revoked": false, "scope": scope,
        });
        if tx.stored(id).is_some() {
            tx.update(&token);
        } else {
            tx.insert_for(kind, PLATFORM, Some(account), &token);
        }
    }
    json!({
        "access_token": access, "livemode": false, "refresh_token": refresh, "scope": scope,
        "stripe_publishable_key": publishable, "stripe_user_id": account, "token_type": "bearer",
    })
}

/// Ends all tokens that an application has for an account.
pub fn revoke_all(tx: &mut Tx<'_>, account: &str, application: &str) {
    for kind in [Kind::AccessToken, Kind::RefreshToken] {
        for id in tx.children(kind, account) {
            let Some(mut token) = tx.find(kind, PLATFORM, &id) else { continue };
            if token["application"] == application && token["revoked"] == false {
                token["revoked"] = json!(true);
                tx.update(&token);
            }
        }
    }
}
