//! Persons of an account.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::listing;
use super::super::params::merge;
use super::super::state::{Kind, PLATFORM};
use super::super::tx::{Tx, text};
use super::{account_state, token};
use serde_json::{Map, Value, json};

/// Paths below `/v1/accounts/:id/persons`.
pub fn route(call: &Call, tx: &mut Tx<'_>, account: Value, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("GET", []) => {
            let wanted = call.params.group("relationship");
            listing::page(tx, call, tx.children(Kind::Person, text(&account, "id")), &|person| {
                wanted.as_ref().is_none_or(|roles| {
                    let mut roles = roles.values().iter();
                    roles.all(|(role, on)| person["relationship"][role] == (on == "true"))
                })
            })
        }
        ("POST", []) => create(call, tx, account),
        ("GET", [id]) => of(tx, &account, id),
        ("POST", [id]) => update(call, tx, account, id),
        ("DELETE", [id]) => delete(tx, account, id),
        _ => return None,
    })
}

fn of(tx: &Tx<'_>, account: &Value, id: &str) -> Answer {
    let found = tx.find(Kind::Person, PLATFORM, id);
    let found = found.filter(|person| person["account"] == account["id"]);
    found.ok_or_else(|| ApiError::not_found("person", id))
}

/// A person without any details.
pub fn blank(tx: &Tx<'_>, account: &str) -> Value {
    json!({
        "id": super::super::identifier::make("person_", account, 0), "object": "person",
        "account": account, "address": {"city": null, "country": null, "line1": null,
            "line2": null, "postal_code": null, "state": null},
        "created": tx.now, "dob": {"day": null, "month": null, "year": null}, "email": null,
        "first_name": null, "id_number_provided": false, "last_name": null, "metadata": {},
        "phone": null, "relationship": {"director": false, "executive": false, "owner": false,
            "percent_ownership": null, "representative": false, "title": null},
        "requirements": {"currently_due": [], "errors": [], "eventually_due": [], "past_due": [],
            "pending_verification": []},
        "ssn_last_4_provided": false, "verification": {"additional_document": {"back": null,
                "details": null, "details_code": null, "front": null},
            "details": null, "details_code": null, "document": {"back": null, "details": null,
                "details_code": null, "front": null}, "status": "unverified"},
    })
}

/// Sets fields of a person or company. Identity numbers are stored hidden; answers show only that
/// they were provided.
pub fn fill(entity: &mut Value, fields: &Map<String, Value>) {
    for (name, value) in fields {
        let hidden = match name.as_str() {
            "id_number" | "personal_id_number" => "id_number",
            "ssn_last_4" => "ssn_last_4",
            "tax_id" => "tax_id",
            "vat_id" => "vat_id",
            "id" | "object" | "account" | "created" | "metadata" | "person_token" => continue,
            _ if name.starts_with('_') => continue,
            "dob" => {
                fill_date(&mut entity["dob"], value);
                continue;
            }
            _ => {
                merge(&mut entity[name.as_str()], value);
                continue;
            }
        };
        let text = value.as_str().unwrap_or_default();
        entity[format!("_{hidden}")] = json!(text);
        entity[format!("{hidden}_provided")] = json!(!text.is_empty());
        if hidden == "id_number" && text.len() >= 4 {
            entity["ssn_last_4_provided"] = json!(true);
        }
    }
    if let Some(percent) = entity["relationship"]["percent_ownership"].as_str() {
        entity["relationship"]["percent_ownership"] = json!(percent.parse::<f64>().ok());
    }
    let failed = entity["_id_number"] == "111111111";
    if entity["verification"].is_object() && entity["object"] == "person" {
        let known = entity["id_number_provided"] == true || entity["ssn_last_4_provided"] == true;
        let status = if known && !failed { "verified" } else { "unverified" };
        entity["verification"]["status"] = json!(status);
    }
}

fn fill_date(date: &mut Value, value: &Value) {
    let Some(parts) = value.as_object() else {
        *date = json!({"day": null, "month": null, "year": null});
        return;
    };
    for (name, part) in parts {
        date[name.as_str()] = json!(part.as_str().and_then(|part| part.parse::<i64>().ok()));
    }
}

fn create(call: &Call, tx: &mut Tx<'_>, account: Value) -> Answer {
    let mut person = blank(tx, text(&account, "id"));
    person["id"] = json!(tx.id("person_"));
    change(call, tx, &mut person)?;
    tx.insert_for(Kind::Person, PLATFORM, account["id"].as_str(), &person);
    emit_change(tx, "person.created", account, &person, None)?;
    Ok(person)
}

fn change(call: &Call, tx: &mut Tx<'_>, person: &mut Value) -> Result<(), ApiError> {
    if let Some(id) = call.params.filled("person_token")? {
        let carried = token::unwrap(tx, id, "person_token")?;
        fill(person, &carried.as_object().cloned().unwrap_or_default());
    }
    let mut fields = call.params.values().clone();
    fields.shift_remove("expand");
    fill(person, &fields);
    call.params.patch_metadata(person)
}

fn update(call: &Call, tx: &mut Tx<'_>, mut account: Value, id: &str) -> Answer {
    let before = of(tx, &account, id)?;
    let mut person = before.clone();
    change(call, tx, &mut person)?;
    tx.update(&person);
    if account["individual"]["id"] == id {
        account["individual"] = person.clone();
    }
    emit_change(tx, "person.updated", account, &person, Some(&before))?;
    Ok(person)
}

fn delete(tx: &mut Tx<'_>, account: Value, id: &str) -> Answer {
    let person = of(tx, &account, id)?;
    tx.remove(id);
    emit_change(tx, "person.deleted", account, &person, None)?;
    Ok(json!({"id": id, "object": "person", "deleted": true}))
}

/// Emits an event about a person, and stores what it changes for the account.
fn emit_change(
    tx: &mut Tx<'_>,
    kind: &str,
    account: Value,
    person: &Value,
    before: Option<&Value>,
) -> Result<(), ApiError> {
    let id = text(&account, "id").to_owned();
    emit(tx, kind, &id, person, before);
    let was = account.clone();
    account_state::finish(tx, account, &was).map(|_| ())
}
