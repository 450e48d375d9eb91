//! Financial Connections: sessions, and the bank accounts that they link.
//!
//! Nobody signs in at a bank: a session has its account at once, and what a refresh finds is made
//! up.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::listing;
use super::super::tx::{Tx, text};
use super::{Resource, kind, new, of};
use serde_json::{Value, json};

const ACCOUNT_OBJECT: &str = "financial_connections.account";
const TRANSACTION: &str = "financial_connections.transaction";

/// Sessions.
pub const SESSION: Resource = Resource {
    create: begin,
    ..Resource::new("financial_connections.session", "financial_connections/sessions", "fcsess_")
};

/// Linked accounts.
pub const ACCOUNT: Resource = Resource {
    own_filters: &["session"],
    listed: |call, account| {
        let wanted = call.params.text("session").ok().flatten();
        wanted.is_none_or(|id| account["_session"] == id)
    },
    actions: &[
        ("POST", "disconnect", disconnect),
        ("POST", "refresh", refresh),
        ("POST", "subscribe", |call, tx, account| subscribe(call, tx, account, true)),
        ("POST", "unsubscribe", |call, tx, account| subscribe(call, tx, account, false)),
        ("GET", "owners", owners),
    ],
    ..Resource::new(ACCOUNT_OBJECT, "financial_connections/accounts", "fca_")
};

/// What a bank account paid and got.
pub const TRANSACTIONS: Resource = Resource {
    own_filters: &["transaction_refresh"],
    ..Resource::new(TRANSACTION, "financial_connections/transactions", "fctxn_")
};

fn begin(call: &Call, tx: &mut Tx<'_>, session: &mut Value) -> Result<(), ApiError> {
    let holder = call.params.group("account_holder");
    let holder = holder.ok_or_else(|| ApiError::missing("account_holder"))?;
    let kind_of = holder.required("type")?;
    let id = holder.required(kind_of)?;
    if tx.stored(id).is_none() {
        return Err(ApiError::no_such(kind_of, id, &holder.full(kind_of)));
    }
    let holder = json!({"type": kind_of, kind_of: id});
    let permissions = json!(call.params.list("permissions"));
    session["client_secret"] = json!(tx.id("fcsess_client_secret_"));
    session["account_holder"] = holder.clone();
    session["permissions"] = permissions.clone();
    let mut account = new(tx, ACCOUNT_OBJECT, "fca_");
    for (name, value) in [
        ("account_holder", holder),
        ("category", json!("cash")),
        ("display_name", json!("Sandbox Checking")),
        ("institution_name", json!("Sandbox Bank")),
        ("last4", json!("6789")),
        ("permissions", permissions),
        ("status", json!("active")),
        ("subcategory", json!("checking")),
        ("supported_payment_method_types", json!(["us_bank_account"])),
        ("_session", session["id"].clone()),
    ] {
        account[name] = value;
    }
    tx.insert(kind(ACCOUNT_OBJECT), None, &account);
    let owner = tx.account.clone();
    emit(tx, "financial_connections.account.created", &owner, &account, None);
    session["accounts"] = json!({"object": "list", "data": [account], "has_more": false,
        "url": "/v1/financial_connections/accounts"});
    Ok(())
}

fn told(tx: &mut Tx<'_>, account: Value, event: &str) -> Value {
    tx.update(&account);
    let owner = tx.account.clone();
    emit(tx, &format!("financial_connections.account.{event}"), &owner, &account, None);
    account
}

fn check_active(account: &Value) -> Result<(), ApiError> {
    if account["status"] == "active" {
        return Ok(());
    }
    Err(ApiError::invalid("This account is disconnected."))
}

fn disconnect(_: &Call, tx: &mut Tx<'_>, mut account: Value) -> Answer {
    check_active(&account)?;
    account["status"] = json!("disconnected");
    Ok(told(tx, account, "disconnected"))
}

fn refresh(call: &Call, tx: &mut Tx<'_>, mut account: Value) -> Answer {
    check_active(&account)?;
    for feature in call.params.list("features") {
        let granted = if feature == "balance" { "balances" } else { feature };
        let permissions = account["permissions"].as_array().cloned().unwrap_or_default();
        if !permissions.contains(&json!(granted)) {
            let message = format!("The account has no permission for {granted}.");
            return Err(ApiError::invalid(message).param("features"));
        }
        let done = json!({"last_attempted_at": tx.now, "next_refresh_available_at": null,
            "status": "succeeded"});
        account = match feature {
            "balance" => {
                account["balance"] = json!({"as_of": tx.now, "type": "cash",
                    "cash": {"available": {"usd": 100_000}}, "current": {"usd": 100_000}});
                account["balance_refresh"] = done;
                told(tx, account, "refreshed_balance")
            }
            "ownership" => {
                account["ownership"] = json!(tx.id("fcaowns_"));
                account["ownership_refresh"] = done;
                told(tx, account, "refreshed_ownership")
            }
            _ => {
                let id = tx.id("fctxnref_");
                let mut done = done;
                done["id"] = json!(id);
                account["transaction_refresh"] = done;
                transactions(tx, &account, &id);
                told(tx, account, "refreshed_transactions")
            }
        };
    }
    Ok(account)
}

/// Two transactions of today.
fn transactions(tx: &mut Tx<'_>, account: &Value, refresh: &str) {
    for (amount, description) in [(-1_250, "Sandbox groceries"), (250_000, "Sandbox salary")] {
        let mut made = new(tx, TRANSACTION, "fctxn_");
        for (name, value) in [
            ("account", account["id"].clone()),
            ("amount", json!(amount)),
            ("currency", json!("usd")),
            ("description", json!(description)),
            ("status", json!("posted")),
            ("status_transitions", json!({"posted_at": tx.now, "void_at": null})),
            ("transacted_at", json!(tx.now)),
            ("transaction_refresh", json!(refresh)),
            ("updated", json!(tx.now)),
        ] {
            made[name] = value;
        }
        let above = text(account, "id").to_owned();
        tx.insert(kind(TRANSACTION), Some(&above), &made);
    }
}

fn subscribe(_: &Call, tx: &mut Tx<'_>, mut account: Value, on: bool) -> Answer {
    check_active(&account)?;
    account["subscriptions"] = if on { json!(["transactions"]) } else { json!([]) };
    tx.update(&account);
    of(tx, ACCOUNT_OBJECT, text(&account, "id"))
}

fn owners(call: &Call, _: &mut Tx<'_>, account: Value) -> Answer {
    let ownership = call.params.required("ownership")?;
    if account["ownership"] != ownership {
        return Err(ApiError::no_such("account ownership", ownership, "ownership"));
    }
    let id = ownership.replace("fcaowns_", "fcaown_");
    let owner = json!({"id": id, "object": "financial_connections.account_owner",
        "email": "jenny.rosen@example.com", "name": "Jenny Rosen", "ownership": ownership,
        "phone": null, "raw_address": null, "refreshed_at": null});
    listing::page_of(call, &[owner])
}
