//! Bank accounts and cards an account is paid out to.

use super::super::call::Call;
use super::super::event::emit;
use super::super::listing;
use super::super::refusal::{Answer, Refusal};
use super::super::turn::{Turn, text};
use super::super::world::Kind;
use super::{account, source};
use serde_json::{Value, json};

/// Paths below `/v1/accounts/:id/external_accounts`.
pub fn route(call: &Call, turn: &mut Turn<'_>, account: Value, path: &[&str]) -> Option<Answer> {
    let owner = text(&account, "id").to_owned();
    Some(match (call.method, path) {
        ("GET", []) => {
            let filter = listing::by_fields(&call.params, &["object"]);
            listing::page(turn, call, turn.children(Kind::Source, &owner), &filter)
        }
        ("POST", []) => add(call, turn, account),
        ("GET", [id]) => of(turn, &owner, id),
        ("POST", [id]) => update(call, turn, &owner, id),
        ("DELETE", [id]) => remove(turn, account, id),
        _ => return None,
    })
}

fn of(turn: &Turn<'_>, owner: &str, id: &str) -> Answer {
    let found = turn.find(Kind::Source, owner, id).filter(|found| found["account"] == owner);
    found.ok_or_else(|| Refusal::not_found("external account", id))
}

/// Takes the external account given with the account itself, if one is.
pub fn take_all(call: &Call, turn: &mut Turn<'_>, account: &Value) -> Result<(), Refusal> {
    let given = ["external_account", "bank_account"].into_iter().find(|name| call.params.has(name));
    let Some(name) = given else { return Ok(()) };
    let owner = text(account, "id").to_owned();
    // On the account itself, a new one replaces those of its currency.
    let old = turn.children(Kind::Source, &owner);
    let added = attach(call, turn, &owner, name)?;
    for id in old {
        let same = turn
            .find(Kind::Source, &owner, &id)
            .is_some_and(|o| o["currency"] == added["currency"]);
        if same {
            turn.remove(&id);
        }
    }
    emit(turn, "account.external_account.created", &owner, &added, None);
    Ok(())
}

fn attach(call: &Call, turn: &mut Turn<'_>, owner: &str, name: &str) -> Answer {
    let mut added = source::take(call, turn, name)?;
    added["account"] = json!(owner);
    added["available_payout_methods"] = json!(["standard"]);
    if added["object"] == "card" {
        if added["funding"] != "debit" {
            let message = "The card is not a debit card; only debit cards can receive payouts.";
            return Err(Refusal::card("invalid_card_type", message).param(name));
        }
        if added["currency"].is_null() {
            added["currency"] = json!("usd");
        }
    }
    let first = !turn.children(Kind::Source, owner).iter().any(|id| {
        turn.find(Kind::Source, owner, id).is_some_and(|old| old["currency"] == added["currency"])
    });
    let wanted = call.params.boolean("default_for_currency")?.unwrap_or(false);
    if wanted {
        lower_others(turn, owner, &added);
    }
    added["default_for_currency"] = json!(first || wanted || name != "external_account");
    if call.path.ends_with("_accounts") {
        call.params.patch_metadata(&mut added)?;
    }
    turn.insert_for(Kind::Source, owner, Some(owner), &added);
    Ok(added)
}

fn lower_others(turn: &mut Turn<'_>, owner: &str, chosen: &Value) {
    for id in turn.children(Kind::Source, owner) {
        let Some(mut other) = turn.find(Kind::Source, owner, &id) else { continue };
        if other["currency"] == chosen["currency"] && other["id"] != chosen["id"] {
            other["default_for_currency"] = json!(false);
            turn.update(&other);
        }
    }
}

fn add(call: &Call, turn: &mut Turn<'_>, account: Value) -> Answer {
    let owner = text(&account, "id").to_owned();
    let names = ["external_account", "bank_account", "card", "source"];
    let name = names.into_iter().find(|name| call.params.has(name));
    let name = name.ok_or_else(|| Refusal::missing("external_account"))?;
    let added = attach(call, turn, &owner, name)?;
    emit(turn, "account.external_account.created", &owner, &added, None);
    let before = account.clone();
    account::finish(turn, account, &before)?;
    Ok(added)
}

fn update(call: &Call, turn: &mut Turn<'_>, owner: &str, id: &str) -> Answer {
    let before = of(turn, owner, id)?;
    let mut changed = before.clone();
    source::change(&call.params, &mut changed)?;
    if call.params.boolean("default_for_currency")? == Some(true) {
        lower_others(turn, owner, &changed);
        changed["default_for_currency"] = json!(true);
    }
    turn.update(&changed);
    emit(turn, "account.external_account.updated", owner, &changed, Some(&before));
    Ok(changed)
}

fn remove(turn: &mut Turn<'_>, account: Value, id: &str) -> Answer {
    let owner = text(&account, "id").to_owned();
    let gone = of(turn, &owner, id)?;
    let others = turn.children(Kind::Source, &owner).len() > 1;
    if gone["default_for_currency"] == true && others {
        let message = "You cannot delete the default external account for your default currency. \
            Please make another external account the default using the `default_for_currency` \
            param, and then delete this one.";
        return Err(Refusal::invalid(message));
    }
    turn.remove(id);
    emit(turn, "account.external_account.deleted", &owner, &gone, None);
    let before = account.clone();
    account::finish(turn, account, &before)?;
    Ok(json!({"id": id, "object": gone["object"], "currency": gone["currency"], "deleted": true}))
}
