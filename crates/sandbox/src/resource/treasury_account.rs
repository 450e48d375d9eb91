//! Financial accounts of Treasury, and their features.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::params::Params;
use super::super::tx::{Tx, text};
use super::Resource;
use serde_json::{Value, json};

/// Financial accounts.
pub const ACCOUNT: Resource = Resource {
    create,
    update: |call, _, account| {
        if let Some(sent) = call.params.group("features") {
            request(&sent, account);
        }
        Ok(())
    },
    actions: &[
        ("POST", "close", close),
        ("GET", "features", |_, _, account| Ok(features(&account))),
        ("POST", "features", |call, tx, mut account| {
            request(&call.params, &mut account);
            tx.update(&account);
            let owner = tx.account.clone();
            let event = "treasury.financial_account.features_status_updated";
            emit(tx, event, &owner, &account, None);
            Ok(features(&account))
        }),
    ],
    ..Resource::new("treasury.financial_account", "treasury/financial_accounts", "fa_")
};

fn create(call: &Call, _: &mut Tx<'_>, account: &mut Value) -> Result<(), ApiError> {
    let currencies = call.params.list("supported_currencies");
    if currencies != ["usd"] {
        let message = "Financial accounts support the currency usd only.";
        return Err(ApiError::invalid(message).param("supported_currencies"));
    }
    let number = text(account, "id").bytes().fold(7_u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(byte)) % 10_000_000_000
    });
    let number = format!("{number:010}");
    for (name, value) in [
        (
            "balance",
            json!({"cash": {"usd": 0}, "inbound_pending": {"usd": 0},
            "outbound_pending": {"usd": 0}}),
        ),
        ("country", json!("US")),
        (
            "financial_addresses",
            json!([{"type": "aba", "supported_networks": ["ach",
            "us_domestic_wire"], "aba": {"account_holder_name": "Sluicegate",
                "account_number_last4": &number[6..], "bank_name": "Sandbox Bank",
                "routing_number": "110000000"}}]),
        ),
        ("status", json!("open")),
        ("status_details", json!({"closed": null})),
        ("supported_currencies", json!(currencies)),
    ] {
        account[name] = value;
    }
    account.as_object_mut().map(|fields| fields.shift_remove("features"));
    if let Some(sent) = call.params.group("features") {
        request(&sent, account);
    }
    Ok(())
}

/// Requested features are active at once.
fn request(sent: &Params, account: &mut Value) {
    account.as_object_mut().map(|fields| fields.shift_remove("features"));
    for (name, value) in sent.values() {
        if value.is_object() {
            account["_features"][name.as_str()] = status(value);
        }
    }
    let mut active = Vec::new();
    for (name, value) in account["_features"].as_object().into_iter().flatten() {
        if value["requested"] == true {
            active.push(name.clone());
        }
        for (inner, value) in value.as_object().into_iter().flatten() {
            if value["requested"] == true {
                active.push(format!("{name}.{inner}"));
            }
        }
    }
    account["active_features"] = json!(active);
    account["pending_features"] = json!([]);
    account["restricted_features"] = json!([]);
}

fn status(sent: &Value) -> Value {
    match sent.get("requested") {
        Some(flag) => {
            json!({"requested": flag == "true", "status": "active", "status_details": []})
        }
        None => {
            let inner = sent.as_object().into_iter().flatten();
            Value::Object(inner.map(|(name, value)| (name.clone(), status(value))).collect())
        }
    }
}

fn features(account: &Value) -> Value {
    let mut shown = json!({"object": "treasury.financial_account_features"});
    for (name, value) in account["_features"].as_object().into_iter().flatten() {
        shown[name.as_str()] = value.clone();
    }
    shown
}

fn close(_: &Call, tx: &mut Tx<'_>, mut account: Value) -> Answer {
    let parts = account["balance"].as_object().into_iter().flatten();
    let is_empty = parts.into_iter().all(|(_, part)| part["usd"].as_i64().unwrap_or(0) == 0);
    if account["status"] != "open" || !is_empty {
        let message = "Only an open financial account without money can be closed.";
        return Err(ApiError::invalid(message));
    }
    account["status"] = json!("closed");
    account["status_details"] = json!({"closed": {"reasons": ["closed_by_platform"]}});
    tx.update(&account);
    let owner = tx.account.clone();
    emit(tx, "treasury.financial_account.closed", &owner, &account, None);
    Ok(account)
}
