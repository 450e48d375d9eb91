//! `/v2/core/accounts`: each is also an account of v1, which takes and pays out the money.

use super::account_shape::{CONFIGURATIONS, applied, known, shown};
use super::page::page;
use crate::api_error::{Answer, ApiError};
use crate::call::Call;
use crate::description::table::OPERATIONS;
use crate::description::typed::typed;
use crate::params::{Params, merge};
use crate::state::{Kind, PLATFORM};
use crate::thin;
use crate::tx::{Tx, text};
use serde_json::{Map, Value, json};

/// Paths below `/v2/core/accounts`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", []) => create(call, tx),
        ("GET", []) => list(call, tx),
        ("GET", [id]) => of(tx, id).map(|one| shown(&one, &call.params.list("include"))),
        ("POST", [id]) => update(call, tx, id),
        ("POST", [id, "close"]) => close(call, tx, id),
        _ => return None,
    })
}

/// An account of the platform.
pub fn of(tx: &Tx<'_>, id: &str) -> Answer {
    let found = tx.find(Kind::Account, PLATFORM, id);
    let found = found.filter(|one| one.get("deleted").is_none() && id != PLATFORM);
    let mine = found.filter(|_| tx.is_platform() || *tx.account == *id);
    mine.ok_or_else(|| ApiError::not_found("account", id))
}

fn list(call: &Call, tx: &Tx<'_>) -> Answer {
    let closed = call.params.boolean("closed")?.unwrap_or(false);
    let wanted = call.params.list("applied_configurations");
    page(tx, call, tx.ids_of(Kind::Account, PLATFORM), &|_, account| {
        let known = known(&account);
        let applied = applied(&known);
        let fits = wanted.iter().all(|name| applied.contains(name));
        let is_one = text(&account, "id") != PLATFORM && account.get("deleted").is_none();
        let fits = is_one && fits && (known["closed"] == true) == closed;
        fits.then(|| shown(&account, &[]))
    })
}

fn create(call: &Call, tx: &mut Tx<'_>) -> Answer {
    if !tx.is_platform() {
        return Err(ApiError::invalid("Only a platform can create accounts.").status(403));
    }
    let given = sent(call, &["core", "accounts"]);
    let dashboard = given["dashboard"].as_str().unwrap_or("full");
    let kind = match dashboard {
        "express" => "express",
        "none" => "custom",
        _ => "standard",
    };
    let mut params = of_v1(&given);
    params["type"] = json!(kind);
    if let Some(country) = given["identity"]["country"].as_str() {
        params["country"] = json!(country.to_uppercase());
    }
    let mut account = operate(call, tx, "/v1/accounts", params)?;
    let mut known = json!({"dashboard": dashboard, "metadata": {}});
    merge(&mut known, &given);
    account["_v2"] = known;
    account["metadata"] = account["_v2"]["metadata"].clone();
    tx.update(&account);
    announce(tx, "created", &account, &[]);
    Ok(shown(&account, &call.params.list("include")))
}

/// Runs the operation of v1 that does the same, and returns the stored account.
fn operate(call: &Call, tx: &mut Tx<'_>, path: &str, params: Value) -> Answer {
    let params = params.as_object().cloned().unwrap_or_default();
    let call = Call { method: "POST", ..call.again(path, Params::new(params)) };
    let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
    let account =
        tx.operate(&call, &parts).ok_or_else(|| ApiError::unrecognized("POST", path))??;
    of(tx, text(&account, "id"))
}

/// What was sent, typed.
fn sent(call: &Call, path: &[&str]) -> Value {
    let path: Vec<&str> = ["v2"].into_iter().chain(path.iter().copied()).collect();
    let Some(operation) = OPERATIONS.operation("POST", &path) else { return json!({}) };
    let fields = OPERATIONS.params(operation);
    let typed = |(name, value): (&String, &Value)| {
        let field = fields.iter().find(|field| field.name == name)?;
        (name != "include").then(|| (name.clone(), typed(&field.types, value)))
    };
    Value::Object(call.params.values().iter().filter_map(typed).collect())
}

/// The parameters of v1 for what v2 was sent.
fn of_v1(given: &Value) -> Value {
    let mut params = json!({});
    let identity = &given["identity"];
    let mut put = |path: &[&str], value: &Value| {
        let Some(value) =
            value.as_str().map(str::to_owned).or(value.as_i64().map(|n| n.to_string()))
        else {
            return;
        };
        let mut into = &mut params;
        for part in path {
            into = &mut into[*part];
        }
        *into = json!(value);
    };
    put(&["email"], &given["contact_email"]);
    put(&["business_type"], &identity["entity_type"]);
    put(&["business_profile", "name"], &given["display_name"]);
    put(&["business_profile", "mcc"], &given["configuration"]["merchant"]["mcc"]);
    put(&["company", "name"], &identity["business_details"]["registered_name"]);
    put(&["company", "phone"], &identity["business_details"]["phone"]);
    let person = &identity["individual"];
    for (new, old) in [
        ("given_name", "first_name"),
        ("surname", "last_name"),
        ("email", "email"),
        ("phone", "phone"),
    ] {
        put(&["individual", old], &person[new]);
    }
    for part in ["day", "month", "year"] {
        put(&["individual", "dob", part], &person["date_of_birth"][part]);
    }
    for part in ["city", "country", "line1", "line2", "postal_code", "state"] {
        put(&["individual", "address", part], &person["address"][part]);
        put(&["company", "address", part], &identity["business_details"]["address"][part]);
    }
    for (name, requested) in requested(&given["configuration"]) {
        params["capabilities"][name] = json!({"requested": requested.to_string()});
    }
    params
}

/// The capabilities of v1 that configurations request, or no longer do.
fn requested(configuration: &Value) -> Vec<(String, bool)> {
    let merchant = configuration["merchant"]["capabilities"].as_object();
    let direct = merchant
        .into_iter()
        .flatten()
        .filter_map(|(name, one)| Some((name.clone(), one.get("requested")?.as_bool()?)));
    let transfers = &configuration["recipient"]["capabilities"]["stripe_balance"];
    let transfers = transfers["stripe_transfers"]["requested"].as_bool();
    direct.chain(transfers.map(|wanted| ("transfers".to_owned(), wanted))).collect()
}

fn update(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let before = of(tx, id)?;
    let mut changed = known(&before);
    if changed["closed"] == true {
        return Err(ApiError::invalid(format!("The account {id} is closed.")));
    }
    let given = sent(call, &["core", "accounts", id]);
    let mut account = operate(call, tx, &format!("/v1/accounts/{id}"), of_v1(&given))?;
    merge(&mut changed, &given);
    account["metadata"] = changed["metadata"].clone();
    account["_v2"] = changed;
    tx.update(&account);
    let parts: Vec<String> = CONFIGURATIONS
        .into_iter()
        .filter(|name| given["configuration"].get(*name).is_some())
        .map(|name| format!("configuration.{name}"))
        .chain(
            ["identity", "defaults"]
                .into_iter()
                .filter(|n| given.get(*n).is_some())
                .map(Into::into),
        )
        .collect();
    announce(tx, "updated", &account, &parts);
    Ok(shown(&account, &call.params.list("include")))
}

fn close(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let mut account = of(tx, id)?;
    let mut changed = known(&account);
    let wanted = call.params.list("applied_configurations");
    let applied = applied(&changed);
    if !wanted.is_empty() && applied.iter().any(|name| !wanted.contains(name)) {
        let message = "applied_configurations must name all configurations of the account.";
        return Err(ApiError::parameter("parameter_invalid", "applied_configurations", message));
    }
    let balance = tx.state.ledger.dump();
    let owns = balance["balances"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|one| one["account"] == id && (one["available"] != 0 || one["pending"] != 0));
    if owns {
        let message = format!("The account {id} has a balance; pay it out first.");
        return Err(ApiError::invalid(message).code("cannot_proceed"));
    }
    changed["closed"] = json!(true);
    account["_v2"] = changed;
    account["capabilities"] = Value::Object(Map::new());
    for name in ["charges_enabled", "payouts_enabled"] {
        account[name] = json!(false);
    }
    tx.update(&account);
    announce(tx, "closed", &account, &[]);
    Ok(shown(&account, &[]))
}

/// Tells what happened to an account, and to which of its parts.
fn announce(tx: &mut Tx<'_>, what: &str, account: &Value, parts: &[String]) {
    let about = json!({"id": account["id"], "object": "v2.core.account"});
    let mut kinds: Vec<String> =
        parts.iter().map(|part| format!("v2.core.account[{part}].{what}")).collect();
    if kinds.is_empty() {
        kinds.push(format!("v2.core.account.{what}"));
    }
    for kind in kinds {
        thin::emit(tx, &kind, PLATFORM, &about, Value::Null);
    }
}
