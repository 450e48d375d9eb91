//! Ends a connection, from the platform's side or the account's.

use super::application::{self, Family};
use super::refuse;
use super::token::revoke_all;
use crate::api_error::Answer;
use crate::call::Call;
use crate::event::emit;
use crate::state::{Kind, PLATFORM};
use crate::tx::{Tx, text};
use serde_json::{Value, json};

/// `POST /oauth/deauthorize` with `client_id` and `stripe_user_id`.
pub fn run(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let given = |name: &str| call.params.filled(name).unwrap_or_default().map(str::to_owned);
    let missing = |name: &str| refuse("invalid_request", format!("No {name} provided"));
    let client_id = given("client_id").ok_or_else(|| missing("client_id"))?;
    let account = given("stripe_user_id").ok_or_else(|| missing("stripe_user_id"))?;
    let known = application::find(tx, &client_id);
    let application = known.filter(|found| application::family(found) == Family::Connect);
    let application = application.ok_or_else(|| {
        refuse("invalid_client", format!("No such application: '{client_id}'")).status(401)
    })?;
    if disconnect(tx, &application, &account).is_none() {
        let message = format!(
            "This application is not connected to stripe account {account}, or that account does \
             not exist."
        );
        return Err(refuse("invalid_client", message).status(401));
    }
    Ok(json!({"stripe_user_id": account}))
}

/// Ends a connection: its tokens, and what the platform may do with the account. `None` when there
/// is none.
pub fn disconnect(tx: &mut Tx<'_>, application: &Value, id: &str) -> Option<()> {
    let mut account = tx.find(Kind::Account, PLATFORM, id)?;
    let name = text(application, "id");
    let held = account["_applications"].as_array().cloned().unwrap_or_default();
    if !held.iter().any(|one| one == name) {
        return None;
    }
    let rest: Vec<Value> = held.into_iter().filter(|one| one != name).collect();
    account["_connected"] = json!(!rest.is_empty());
    account["_applications"] = json!(rest);
    revoke_all(tx, id, name);
    emit(tx, "account.application.deauthorized", id, &application::shown(application), None);
    tx.update(&account);
    Some(())
}
