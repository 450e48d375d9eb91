//! `/v2/core/accounts/:id/persons`.

use super::account;
use super::page::page;
use crate::api_error::{Answer, ApiError};
use crate::call::Call;
use crate::description::table::OPERATIONS;
use crate::description::typed::typed;
use crate::params::merge;
use crate::state::{Kind, PLATFORM};
use crate::thin;
use crate::timestamp::written;
use crate::tx::Tx;
use serde_json::{Value, json};

const PERSON: Kind = Kind::resource("v2.core.account_person");

/// Paths below `/v2/core/accounts/:id/persons`.
pub fn route(call: &Call, tx: &mut Tx<'_>, account: &str, path: &[&str]) -> Option<Answer> {
    if let Err(refusal) = account::of(tx, account) {
        return Some(Err(refusal));
    }
    Some(match (call.method, path) {
        ("POST", []) => create(call, tx, account),
        ("GET", []) => page(tx, call, tx.children(PERSON, account), &|_, one| Some(one)),
        ("GET", [id]) => of(tx, account, id),
        ("POST", [id]) => update(call, tx, account, id),
        ("DELETE", [id]) => of(tx, account, id).map(|gone| {
            tx.remove(id);
            announce(tx, "deleted", &gone);
            json!({"id": id, "object": "v2.core.account_person"})
        }),
        _ => return None,
    })
}

fn of(tx: &Tx<'_>, account: &str, id: &str) -> Answer {
    let found = tx.get(PERSON, id).filter(|person| person["account"] == account);
    found.ok_or_else(|| ApiError::not_found("person", id))
}

fn create(call: &Call, tx: &mut Tx<'_>, account: &str) -> Answer {
    let mut person = json!({
        "id": tx.id("person_test_"), "object": "v2.core.account_person", "account": account,
        "created": written(tx.now), "updated": written(tx.now), "livemode": false, "metadata": {},
    });
    fill(call, &mut person);
    tx.insert(PERSON, Some(account), &person);
    announce(tx, "created", &person);
    Ok(person)
}

fn update(call: &Call, tx: &mut Tx<'_>, account: &str, id: &str) -> Answer {
    let mut person = of(tx, account, id)?;
    fill(call, &mut person);
    person["updated"] = json!(written(tx.now));
    tx.update(&person);
    announce(tx, "updated", &person);
    Ok(person)
}

/// Writes what was sent; of an id number only its type is kept.
fn fill(call: &Call, person: &mut Value) {
    let path: Vec<&str> = call.path.trim_start_matches('/').split('/').collect();
    let Some(operation) = OPERATIONS.operation("POST", &path) else { return };
    for field in OPERATIONS.params(operation) {
        let Some(given) = call.params.values().get(field.name) else { continue };
        let mut given = typed(&field.types, given);
        if field.name == "id_numbers" {
            for number in given.as_array_mut().into_iter().flatten() {
                *number = json!({"type": number["type"]});
            }
        }
        match (given.is_object(), person[field.name].is_object()) {
            (true, true) => merge(&mut person[field.name], &given),
            _ => person[field.name] = given,
        }
    }
}

fn announce(tx: &mut Tx<'_>, what: &str, person: &Value) {
    let kind = format!("v2.core.account_person.{what}");
    thin::emit(tx, &kind, PLATFORM, person, Value::Null);
}
