//! The requirements and capabilities of an account, and its persons as they follow from it.

use super::super::api_error::Answer;
use super::super::event::emit;
use super::super::state::{Kind, PLATFORM};
use super::super::tx::{Tx, is, text};
use serde_json::{Value, json};

/// A `requirements` hash with nothing in it.
pub fn no_requirements() -> Value {
    json!({
        "alternatives": [], "current_deadline": null, "currently_due": [], "disabled_reason": null,
        "errors": [], "eventually_due": [], "past_due": [], "pending_verification": [],
    })
}

/// Sets the requirements and capabilities of an account, and whether it takes and pays out money.
pub fn update_state(tx: &Tx<'_>, account: &mut Value) {
    let mut due: Vec<String> = missing(account).into_iter().map(str::to_owned).collect();
    if tx.children(Kind::Source, text(account, "id")).is_empty() {
        due.push("external_account".into());
    }
    due.sort();
    let errors = errors(account);
    due.extend(errors.iter().filter_map(|error| error["requirement"].as_str()).map(str::to_owned));
    let rejected = account["_rejected"].as_str().map(str::to_owned);
    let wants = account["capabilities"].as_object().is_some_and(|wanted| !wanted.is_empty())
        || account["type"] == "standard";
    let payable = rejected.is_none() && errors.is_empty();
    // A bank account is needed for payouts, not for taking money.
    let complete = payable && due.iter().all(|name| name == "external_account");
    let disabled = rejected.or((!due.is_empty() && wants).then(|| "requirements.past_due".into()));
    account["requirements"] = no_requirements();
    if wants {
        for name in ["currently_due", "eventually_due", "past_due"] {
            account["requirements"][name] = json!(due);
        }
    }
    account["requirements"]["errors"] = json!(errors);
    account["requirements"]["disabled_reason"] = json!(disabled);
    let state = if complete { "active" } else { "inactive" };
    if let Some(capabilities) = account["capabilities"].as_object_mut() {
        capabilities.values_mut().for_each(|value| *value = json!(state));
    }
    account["details_submitted"] = json!(complete);
    account["charges_enabled"] = json!(complete && wants);
    account["payouts_enabled"] = json!(payable && due.is_empty() && wants);
}

/// Fields of the account itself that are not filled in.
fn missing(account: &Value) -> Vec<&'static str> {
    let business = text(account, "business_type");
    let mut wanted: Vec<&'static str> = vec!["business_type", "tos_acceptance.date"];
    if text(account, "country") == "US" {
        wanted.push("business_profile.mcc");
    }
    match business {
        "individual" => wanted.extend([
            "individual.first_name",
            "individual.last_name",
            "individual.dob.day",
            "individual.dob.month",
            "individual.dob.year",
            "individual.address.line1",
            "individual.address.city",
            "individual.address.postal_code",
        ]),
        "company" | "non_profit" | "government_entity" => wanted.extend([
            "company.name",
            "company.address.line1",
            "company.address.city",
            "company.address.postal_code",
            "company.tax_id",
        ]),
        _ => {}
    }
    if account["type"] == "custom" {
        wanted.retain(|name| !is_filled(account, name));
    } else {
        // Express and standard accounts are filled in by their owner, on Stripe's pages.
        wanted.retain(|name| !name.starts_with("tos") && !is_filled(account, name));
    }
    wanted
}

fn is_filled(account: &Value, name: &str) -> bool {
    if name == "company.tax_id" {
        return is(&account["company"], "tax_id_provided");
    }
    let mut value = account;
    for part in name.split('.') {
        match value.get(part) {
            Some(inner) => value = inner,
            None => return false,
        }
    }
    !value.is_null()
}

/// The errors that the magic values of Stripe's test mode cause.
fn errors(account: &Value) -> Vec<Value> {
    let mut errors = Vec::new();
    let mut wrong = |requirement: &str, code: &str, reason: &str| {
        errors.push(json!({"code": code, "reason": reason, "requirement": requirement}));
    };
    if account["individual"]["_id_number"] == "111111111" {
        wrong(
            "individual.id_number",
            "verification_failed_keyed_identity",
            "The person's keyed-in identity information could not be verified.",
        );
    }
    if account["company"]["_tax_id"] == "111111111" {
        wrong(
            "company.tax_id",
            "verification_failed_keyed_match",
            "The company's tax ID could not be verified.",
        );
    }
    for entity in ["individual", "company"] {
        let front = &account[entity]["verification"]["document"]["front"];
        if front == "file_identity_document_failure" {
            wrong(
                &format!("{entity}.verification.document"),
                "verification_document_fraudulent",
                "The document might have been altered.",
            );
        }
        if account[entity]["address"]["line1"] == "address_line1_no_match" {
            wrong(
                &format!("{entity}.address.line1"),
                "verification_failed_address_match",
                "The address could not be verified.",
            );
        }
    }
    errors
}

/// The capabilities of an account as objects.
pub fn capability_objects(account: &Value) -> impl Iterator<Item = Value> + use<> {
    let id = account["id"].clone();
    let requirements = account["requirements"].clone();
    let created = account["created"].clone();
    let held = account["capabilities"].as_object().cloned().unwrap_or_default();
    held.into_iter().map(move |(name, status)| {
        json!({"id": name, "object": "capability", "account": id, "requested": true,
            "requested_at": created, "requirements": requirements, "status": status})
    })
}

/// Stores a changed account with its new state, and emits what changed.
pub fn finish(tx: &mut Tx<'_>, mut account: Value, before: &Value) -> Answer {
    update_state(tx, &mut account);
    tx.update(&account);
    store_individual(tx, &account);
    let id = text(&account, "id").to_owned();
    emit(tx, "account.updated", &id, &account, Some(before));
    let old = before["capabilities"].clone();
    for capability in capability_objects(&account) {
        if old[text(&capability, "id")] != capability["status"] {
            emit(tx, "capability.updated", &id, &capability, None);
        }
    }
    Ok(account)
}

/// Stores the individual behind an account as one of its persons.
pub fn store_individual(tx: &mut Tx<'_>, account: &Value) {
    let individual = &account["individual"];
    if !individual.is_object() {
        return;
    }
    if tx.stored(text(individual, "id")).is_some() {
        tx.update(individual);
    } else {
        tx.insert_for(Kind::Person, PLATFORM, account["id"].as_str(), individual);
    }
}
