//! Connected accounts, and the platform's own.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::listing;
use super::super::oauth::access::is_disconnected;
use super::super::params::{Params, merge};
use super::super::state::{Kind, PLATFORM};
use super::super::tx::{Tx, text};
use super::{account_link, account_state, external_account, person, token};
use serde_json::{Map, Value, json};

/// `/v1/account` and paths below `/v1/accounts`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    let own = tx.account.clone();
    let path = match path {
        ["account", rest @ ..] => [&["accounts", &own], rest].concat(),
        other => other.to_vec(),
    };
    Some(match (call.method, &path[1..]) {
        ("POST", []) => create(call, tx),
        ("GET", []) => listing::page(tx, call, tx.ids(Kind::Account), &|account| {
            let is_own = account["id"] == PLATFORM || account.get("deleted").is_some();
            !is_own && !is_disconnected(account)
        }),
        ("GET", [id]) => of(call, tx, id),
        ("POST", [id]) => update(call, tx, id),
        ("DELETE", [id]) => delete(call, tx, id),
        ("POST", [id, "reject"]) => reject(call, tx, id),
        ("POST", [id, "unreject"]) => unreject(call, tx, id),
        ("POST", [id, "login_links"]) => account_link::log_in(call, tx, id),
        ("GET", [id, "capabilities"]) => of(call, tx, id).map(|account| {
            let data: Vec<Value> = account_state::capability_objects(&account).collect();
            json!({"object": "list", "data": data, "has_more": false, "url": call.path})
        }),
        ("GET" | "POST", [id, "capabilities", name]) => capability(call, tx, id, name),
        (_, [id, "persons" | "people", rest @ ..]) => {
            return match of(call, tx, id) {
                Ok(account) => person::route(call, tx, account, rest),
                Err(refusal) => Some(Err(refusal)),
            };
        }
        (_, [id, "external_accounts" | "bank_accounts", rest @ ..]) => {
            return match of(call, tx, id) {
                Ok(account) => external_account::route(call, tx, account, rest),
                Err(refusal) => Some(Err(refusal)),
            };
        }
        _ => return None,
    })
}

/// An account that the caller may use: the platform all, an account itself.
fn of(call: &Call, tx: &Tx<'_>, id: &str) -> Answer {
    let mine = tx.is_platform() || *tx.account == *id;
    let account = tx.find(Kind::Account, PLATFORM, id);
    account
        .filter(|account| mine && account.get("deleted").is_none() && !is_disconnected(account))
        .ok_or_else(|| ApiError::account(&call.key, id))
}

/// The platform's own account.
pub fn platform(tx: &Tx<'_>) -> Value {
    let mut account = blank(PLATFORM, "standard", "US", tx.now);
    account["email"] = json!("platform@sluicegate.test");
    account["business_profile"]["name"] = json!("Sluicegate");
    account["capabilities"] = json!({"card_payments": "active", "transfers": "active"});
    for name in ["charges_enabled", "payouts_enabled", "details_submitted"] {
        account[name] = json!(true);
    }
    account
}

fn blank(id: &str, kind: &str, country: &str, created: i64) -> Value {
    let currency = match country {
        "US" => "usd",
        "GB" => "gbp",
        "PL" => "pln",
        "CA" => "cad",
        "AU" => "aud",
        "NZ" => "nzd",
        "CH" => "chf",
        "JP" => "jpy",
        _ => "eur",
    };
    json!({
        "id": id, "object": "account", "business_profile": {"mcc": null, "name": null,
            "product_description": null, "support_address": null, "support_email": null,
            "support_phone": null, "support_url": null, "url": null},
        "business_type": null, "capabilities": {}, "charges_enabled": false, "country": country,
        "created": created, "default_currency": currency, "details_submitted": false,
        "email": null, "metadata": {}, "payouts_enabled": false,
        "requirements": account_state::no_requirements(),
        "settings": {"branding": {"icon": null, "logo": null, "primary_color": null},
            "card_payments": {"decline_on": {"avs_failure": false, "cvc_failure": false},
                "statement_descriptor_prefix": null},
            "dashboard": {"display_name": null, "timezone": "Etc/UTC"},
            "payments": {"statement_descriptor": null},
            "payouts": {"debit_negative_balances": kind != "custom",
                "schedule": {"delay_days": 2, "interval": "daily"}, "statement_descriptor": null}},
        "tos_acceptance": {"date": null, "ip": null, "user_agent": null}, "type": kind,
    })
}

/// A new account of somebody else that can take payments at once, not stored yet: the one that a
/// consent page offers.
pub fn ready(tx: &mut Tx<'_>, email: Option<&str>, name: Option<&str>) -> Value {
    let mut account = blank(&tx.id("acct_"), "standard", "US", tx.now);
    account["email"] = json!(email);
    account["business_profile"]["name"] = json!(name);
    account["capabilities"] = json!({"card_payments": "active", "transfers": "active"});
    for name in ["charges_enabled", "payouts_enabled", "details_submitted"] {
        account[name] = json!(true);
    }
    let id = text(&account, "id").to_owned();
    tx.insert_for(Kind::Account, PLATFORM, None, &account);
    let bank = json!({"account": id, "currency": "usd", "default_for_currency": true});
    let bank = super::bank::object(tx, "000123456789", bank);
    tx.insert_for(Kind::Source, &id, Some(&id), &bank);
    account
}

fn create(call: &Call, tx: &mut Tx<'_>) -> Answer {
    if !tx.is_platform() {
        return Err(ApiError::invalid("Only a platform can create connected accounts."));
    }
    let params = &call.params;
    let managed = params.boolean("managed")?.unwrap_or(false);
    let kinds = ["custom", "express", "standard"];
    let kind =
        params.choice("type", &kinds)?.unwrap_or(if managed { "custom" } else { "standard" });
    let country = params.filled("country")?.unwrap_or("US").to_uppercase();
    if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        let message = format!(
            "Country '{country}' is unknown. Try using a 2-character alphanumeric \
            country code instead, such as 'US', 'EG', or 'GB'."
        );
        return Err(ApiError::parameter("country_unsupported", "country", message));
    }
    let mut account = blank(&tx.id("acct_"), kind, &country, tx.now);
    let id = text(&account, "id").to_owned();
    tx.insert_for(Kind::Account, PLATFORM, None, &account);
    fill(call, tx, &mut account)?;
    external_account::take_all(call, tx, &account)?;
    account_state::update_state(tx, &mut account);
    tx.update(&account);
    account_state::store_individual(tx, &account);
    emit(tx, "account.updated", &id, &account, None);
    for capability in account_state::capability_objects(&account) {
        emit(tx, "capability.updated", &id, &capability, None);
    }
    Ok(account)
}

/// Sets the fields of the form on an account.
fn fill(call: &Call, tx: &mut Tx<'_>, account: &mut Value) -> Result<(), ApiError> {
    let params = &call.params;
    if let Some(id) = params.filled("account_token")? {
        let carried = token::unwrap(tx, id, "account_token")?;
        fill_from_token(tx, account, carried);
    }
    params
        .choice("business_type", &["company", "government_entity", "individual", "non_profit"])?;
    params.patch(account, &["email", "business_type", "default_currency"])?;
    params.patch_groups(account, &["business_profile", "tos_acceptance", "settings"]);
    for name in ["individual", "company"] {
        if let Some(group) = params.group(name) {
            fill_entity(tx, account, name, group.values());
        }
    }
    if let Some(legal) = params.group("legal_entity") {
        legacy_entity(tx, account, &legal)?;
    }
    capabilities(params, account);
    if let Some(date) = params.group("tos_acceptance").map(|tos| tos.integer("date")).transpose()? {
        account["tos_acceptance"]["date"] = json!(date);
    }
    params.patch_metadata(account)
}

fn fill_from_token(tx: &Tx<'_>, account: &mut Value, carried: Value) {
    if carried["tos_shown_and_accepted"] == "true" {
        account["tos_acceptance"]["date"] = json!(tx.now);
        account["tos_acceptance"]["ip"] = json!("127.0.0.1");
    }
    if let Some(kind) = carried["business_type"].as_str() {
        account["business_type"] = json!(kind);
    }
    for name in ["individual", "company", "legal_entity"] {
        if let Some(fields) = carried[name].as_object() {
            let name = if name == "legal_entity" { "individual" } else { name };
            fill_entity(tx, account, name, fields);
        }
    }
}

/// Fills `individual` or `company`; secret values become `…_provided`.
fn fill_entity(tx: &Tx<'_>, account: &mut Value, name: &str, fields: &Map<String, Value>) {
    if !account[name].is_object() {
        account[name] = if name == "individual" {
            person::blank(tx, text(account, "id"))
        } else {
            json!({"address": {"city": null, "country": null, "line1": null, "line2": null,
                    "postal_code": null, "state": null}, "name": null, "phone": null,
                "directors_provided": false, "executives_provided": false,
                "owners_provided": false, "tax_id_provided": false,
                "verification": {"document": {"back": null, "details": null,
                    "details_code": null, "front": null}}})
        };
    }
    person::fill(&mut account[name], fields);
}

/// `legal_entity` of accounts before 2019-02-19.
fn legacy_entity(tx: &Tx<'_>, account: &mut Value, legal: &Params) -> Result<(), ApiError> {
    let kind = legal.filled("type")?.unwrap_or("individual");
    account["business_type"] = json!(kind);
    let mut fields = legal.values().clone();
    for (old, new) in [
        ("personal_id_number", "id_number"),
        ("business_tax_id", "tax_id"),
        ("business_name", "name"),
        ("phone_number", "phone"),
    ] {
        if let Some(value) = fields.shift_remove(old) {
            fields.insert(new.into(), value);
        }
    }
    fields.shift_remove("type");
    let name = if kind == "company" { "company" } else { "individual" };
    fill_entity(tx, account, name, &fields);
    Ok(())
}

/// `requested_capabilities[]` and `capabilities[x][requested]`.
fn capabilities(params: &Params, account: &mut Value) {
    for name in params.list("requested_capabilities") {
        let name = if name == "platform_payments" { "transfers" } else { name };
        if account["capabilities"][name].is_null() {
            account["capabilities"][name] = json!("inactive");
        }
    }
    let Some(group) = params.group("capabilities") else { return };
    for (name, capability) in group.values() {
        if capability["requested"] == "true" && account["capabilities"][name.as_str()].is_null() {
            account["capabilities"][name.as_str()] = json!("inactive");
        } else if capability["requested"] == "false"
            && let Some(held) = account["capabilities"].as_object_mut()
        {
            held.shift_remove(name);
        }
    }
}

fn update(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let before = of(call, tx, id)?;
    let mut account = before.clone();
    fill(call, tx, &mut account)?;
    external_account::take_all(call, tx, &account)?;
    account_state::finish(tx, account, &before)
}

fn capability(call: &Call, tx: &mut Tx<'_>, id: &str, name: &str) -> Answer {
    let before = of(call, tx, id)?;
    let mut account = before.clone();
    if call.is("POST") {
        let requested =
            call.params.boolean("requested")?.map_or("", |on| if on { "true" } else { "false" });
        let mut wanted = json!({});
        merge(&mut wanted, &json!({"capabilities": {}}));
        wanted["capabilities"][name] = json!({"requested": requested});
        let values = wanted.as_object().cloned().unwrap_or_default();
        capabilities(&Params::new(values), &mut account);
        account = account_state::finish(tx, account, &before)?;
    }
    let found = account_state::capability_objects(&account).find(|found| found["id"] == name);
    found.ok_or_else(|| ApiError::not_found("capability", name))
}

fn reject(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let reason = call.params.required("reason")?.to_owned();
    let before = of(call, tx, id)?;
    if before["type"] == "standard" {
        let message =
            "You can only reject accounts your platform is liable for: Custom and Express.";
        return Err(ApiError::invalid(message).code("not_allowed_on_standard_account"));
    }
    let known = match reason.as_str() {
        "fraud"
        | "fraud_other"
        | "fraud_no_intent_to_fulfill"
        | "fraud_payment_method_casher"
        | "fraud_payment_method_tester" => "fraud",
        "terms_of_service" => "terms_of_service",
        "other" | "credit" => "other",
        _ => {
            let message = "Invalid reason: must be one of fraud, terms_of_service, or other";
            return Err(ApiError { saved: false, ..ApiError::invalid(message) }.param("reason"));
        }
    };
    let mut account = before.clone();
    account["_rejected"] = json!(format!("rejected.{known}"));
    account_state::finish(tx, account, &before)
}

fn unreject(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let before = of(call, tx, id)?;
    if !before["_rejected"].is_string() {
        let message = format!("The account {id} is not rejected.");
        return Err(ApiError::invalid(message));
    }
    let mut account = before.clone();
    account.as_object_mut().map(|fields| fields.shift_remove("_rejected"));
    account_state::finish(tx, account, &before)
}

fn delete(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    of(call, tx, id)?;
    if id == PLATFORM {
        return Err(ApiError::invalid("The platform's own account cannot be deleted."));
    }
    let gone = json!({"id": id, "object": "account", "deleted": true});
    tx.update(&gone);
    let authorization = json!({"id": "ca_sandbox", "object": "application", "name": "Sluicegate"});
    emit(tx, "account.application.deauthorized", id, &authorization, None);
    Ok(gone)
}
