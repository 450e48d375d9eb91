//! External accounts: the bank accounts and cards that payouts go to.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::listing;
use super::super::state::Kind;
use super::super::tx::{Tx, text};
use super::{account_state, source};
use serde_json::{Value, json};

/// Paths below `/v1/accounts/:id/external_accounts`.
pub fn route(call: &Call, tx: &mut Tx<'_>, account: Value, path: &[&str]) -> Option<Answer> {
    let owner = text(&account, "id").to_owned();
    Some(match (call.method, path) {
        ("GET", []) => {
            let filter = listing::by_fields(&call.params, &["object"]);
            listing::page(tx, call, tx.children(Kind::Source, &owner), &filter)
        }
        ("POST", []) => add(call, tx, account),
        ("GET", [id]) => of(tx, &owner, id),
        ("POST", [id]) => update(call, tx, &owner, id),
        ("DELETE", [id]) => remove(tx, account, id),
        _ => return None,
    })
}

fn of(tx: &Tx<'_>, owner: &str, id: &str) -> Answer {
    let found = tx.find(Kind::Source, owner, id).filter(|found| found["account"] == owner);
    found.ok_or_else(|| ApiError::not_found("external account", id))
}

/// Takes the external account given with the account itself, if one is.
pub fn take_all(call: &Call, tx: &mut Tx<'_>, account: &Value) -> Result<(), ApiError> {
    let given = ["external_account", "bank_account"].into_iter().find(|name| call.params.has(name));
    let Some(name) = given else { return Ok(()) };
    let owner = text(account, "id").to_owned();
    // On the account itself, a new one replaces those of its currency.
    let old = tx.children(Kind::Source, &owner);
    let added = attach(call, tx, &owner, name)?;
    for id in old {
        let same =
            tx.find(Kind::Source, &owner, &id).is_some_and(|o| o["currency"] == added["currency"]);
        if same {
            tx.remove(&id);
        }
    }
    emit(tx, "account.external_account.created", &owner, &added, None);
    Ok(())
}

fn attach(call: &Call, tx: &mut Tx<'_>, owner: &str, name: &str) -> Answer {
    let mut added = source::take(call, tx, name)?;
    added["account"] = json!(owner);
    added["available_payout_methods"] = json!(["standard"]);
    if added["object"] == "card" {
        if added["funding"] != "debit" {
            let message = "The card is not a debit card; only debit cards can receive payouts.";
            return Err(ApiError::card("invalid_card_type", message).param(name));
        }
        if added["currency"].is_null() {
            added["currency"] = json!("usd");
        }
    }
    let first = !tx.children(Kind::Source, owner).iter().any(|id| {
        tx.find(Kind::Source, owner, id).is_some_and(|old| old["currency"] == added["currency"])
    });
    let wanted = call.params.boolean("default_for_currency")?.unwrap_or(false);
    if wanted {
        lower_others(tx, owner, &added);
    }
    added["default_for_currency"] = json!(first || wanted || name != "external_account");
    if call.path.ends_with("_accounts") {
        call.params.patch_metadata(&mut added)?;
    }
    tx.insert_for(Kind::Source, owner, Some(owner), &added);
    Ok(added)
}

fn lower_others(tx: &mut Tx<'_>, owner: &str, chosen: &Value) {
    for id in tx.children(Kind::Source, owner) {
        let Some(mut other) = tx.find(Kind::Source, owner, &id) else { continue };
        if other["currency"] == chosen["currency"] && other["id"] != chosen["id"] {
            other["default_for_currency"] = json!(false);
            tx.update(&other);
        }
    }
}

fn add(call: &Call, tx: &mut Tx<'_>, account: Value) -> Answer {
    let owner = text(&account, "id").to_owned();
    let names = ["external_account", "bank_account", "card", "source"];
    let name = names.into_iter().find(|name| call.params.has(name));
    let name = name.ok_or_else(|| ApiError::missing("external_account"))?;
    let added = attach(call, tx, &owner, name)?;
    emit(tx, "account.external_account.created", &owner, &added, None);
    let before = account.clone();
    account_state::finish(tx, account, &before)?;
    Ok(added)
}

fn update(call: &Call, tx: &mut Tx<'_>, owner: &str, id: &str) -> Answer {
    let before = of(tx, owner, id)?;
    let mut changed = before.clone();
    source::change(&call.params, &mut changed)?;
    if call.params.boolean("default_for_currency")? == Some(true) {
        lower_others(tx, owner, &changed);
        changed["default_for_currency"] = json!(true);
    }
    tx.update(&changed);
    emit(tx, "account.external_account.updated", owner, &changed, Some(&before));
    Ok(changed)
}

fn remove(tx: &mut Tx<'_>, account: Value, id: &str) -> Answer {
    let owner = text(&account, "id").to_owned();
    let gone = of(tx, &owner, id)?;
    let others = tx.children(Kind::Source, &owner).len() > 1;
    if gone["default_for_currency"] == true && others {
        let message = "You cannot delete the default external account for your default currency. \
            Please make another external account the default using the `default_for_currency` \
            param, and then delete this one.";
        return Err(ApiError::invalid(message));
    }
    tx.remove(id);
    emit(tx, "account.external_account.deleted", &owner, &gone, None);
    let before = account.clone();
    account_state::finish(tx, account, &before)?;
    Ok(json!({"id": id, "object": gone["object"], "currency": gone["currency"], "deleted": true}))
}
