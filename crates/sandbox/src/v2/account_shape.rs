//! An account of v2 as it is shown: from the account of v1 that it is, and what only v2 knows.

use crate::description::shape::blank;
use crate::timestamp::written;
use crate::tx::{number, text};
use serde_json::{Map, Value, json};

/// The configurations that an account can have.
pub const CONFIGURATIONS: [&str; 3] = ["customer", "merchant", "recipient"];
/// What an answer has only when it is included.
const INCLUDED: [&str; 5] =
    ["configuration", "defaults", "identity", "requirements", "future_requirements"];

/// What v2 knows of an account; one that v1 made is read from that.
pub fn known(account: &Value) -> Value {
    if account["_v2"].is_object() {
        return account["_v2"].clone();
    }
    let mut configuration = Map::new();
    let held = account["capabilities"].as_object();
    for name in held.into_iter().flat_map(Map::keys) {
        let requested = json!({"requested": true});
        if name == "transfers" {
            let transfers = json!({"stripe_balance": {"stripe_transfers": requested}});
            configuration.insert("recipient".into(), json!({"capabilities": transfers}));
        } else {
            let merchant = configuration.entry("merchant").or_insert(json!({"capabilities": {}}));
            merchant["capabilities"][name.as_str()] = requested;
        }
    }
    let dashboard = match text(account, "type") {
        "express" => "express",
        "custom" => "none",
        _ => "full",
    };
    json!({
        "contact_email": account["email"], "display_name": account["business_profile"]["name"],
        "dashboard": dashboard, "configuration": configuration,
        "identity": {"country": text(account, "country").to_lowercase(),
            "entity_type": account["business_type"]},
        "metadata": account["metadata"],
    })
}

/// The configurations that are applied.
pub fn applied(known: &Value) -> Vec<&'static str> {
    let is_applied = |name: &&str| {
        let one = &known["configuration"][*name];
        one.is_object() && one["applied"] != false && known["closed"] != true
    };
    CONFIGURATIONS.into_iter().filter(is_applied).collect()
}

/// The account, with what `include` names.
pub fn shown(account: &Value, include: &[&str]) -> Value {
    let known = known(account);
    let mut shown = blank("v2.core.account");
    shown["id"] = account["id"].clone();
    shown["created"] = json!(written(number(account, "created")));
    shown["applied_configurations"] = json!(applied(&known));
    shown["closed"] = json!(known["closed"] == true);
    for name in ["contact_email", "contact_phone", "dashboard", "display_name"] {
        shown[name] = known[name].clone();
    }
    shown["metadata"] = match known["metadata"].is_object() {
        true => known["metadata"].clone(),
        false => json!({}),
    };
    for name in INCLUDED {
        shown[name] = Value::Null;
    }
    if include.iter().any(|name| name.starts_with("configuration.")) {
        let mut configuration = json!({"customer": null, "merchant": null, "recipient": null});
        for name in CONFIGURATIONS {
            let wanted = include.contains(&format!("configuration.{name}").as_str());
            if wanted && known["configuration"][name].is_object() {
                configuration[name] = one(account, &known, name);
            }
        }
        shown["configuration"] = configuration;
    }
    for name in include.iter().filter(|name| !name.starts_with("configuration.")) {
        shown[*name] = match *name {
            "identity" => identity(account, &known),
            "defaults" => defaults(account, &known),
            "requirements" => requirements(account),
            _ => json!({"entries": [], "minimum_transition_date": null, "summary": null}),
        };
    }
    shown
}

fn one(account: &Value, known: &Value, name: &str) -> Value {
    let mut shown = known["configuration"][name].clone();
    shown["applied"] = json!(applied(known).contains(&name));
    let capabilities = shown["capabilities"].as_object().cloned().unwrap_or_default();
    let shape =
        |(name, given): (&String, &Value)| Some((name.clone(), capability(account, name, given)?));
    let capabilities: Map<String, Value> = capabilities.iter().filter_map(shape).collect();
    shown["capabilities"] = json!(capabilities);
    shown
}

/// The status of a capability that was requested, or of those in a group of them.
fn capability(account: &Value, name: &str, given: &Value) -> Option<Value> {
    let given = given.as_object()?;
    let Some(requested) = given.get("requested") else {
        let shape = |(name, given): (&String, &Value)| {
            Some((name.clone(), capability(account, name, given)?))
        };
        return Some(Value::Object(given.iter().filter_map(shape).collect()));
    };
    if requested != true {
        return None;
    }
    let is_active = match name {
        "stripe_transfers" => account["capabilities"]["transfers"] == "active",
        "payouts" => account["payouts_enabled"] == true,
        "automatic_indirect_tax" => true,
        other => account["capabilities"][other] == "active",
    };
    Some(if is_active {
        json!({"status": "active", "status_details": []})
    } else {
        let details = json!({"code": "requirements_past_due", "resolution": "provide_info"});
        json!({"status": "restricted", "status_details": [details]})
    })
}

fn identity(account: &Value, known: &Value) -> Value {
    let mut identity = known["identity"].clone();
    if !identity.is_object() {
        identity = json!({"country": null, "entity_type": null});
    }
    if identity["individual"].is_object() {
        identity["individual"]["account"] = account["id"].clone();
        identity["individual"]["created"] = json!(written(number(account, "created")));
        identity["individual"]["updated"] = json!(written(number(account, "created")));
    }
    identity
}

fn defaults(account: &Value, known: &Value) -> Value {
    let mut defaults = known["defaults"].clone();
    if !defaults.is_object() {
        defaults = json!({});
    }
    if defaults["currency"].is_null() {
        defaults["currency"] = account["default_currency"].clone();
    }
    let collector = |name: &str| known["defaults"]["responsibilities"][name].clone();
    let is_full = known["dashboard"] == "full";
    let or = |given: Value, other: &str| if given.is_null() { json!(other) } else { given };
    let own = if is_full { "stripe" } else { "application" };
    defaults["responsibilities"] = json!({
        "fees_collector": or(collector("fees_collector"), own),
        "losses_collector": or(collector("losses_collector"), own),
        "requirements_collector": if known["dashboard"] == "none" { "application" } else { "stripe" },
    });
    defaults
}

fn requirements(account: &Value) -> Value {
    let due = account["requirements"]["currently_due"].as_array().cloned().unwrap_or_default();
    let entry = |name: &Value| {
        json!({
            "awaiting_action_from": "user", "description": name, "errors": [],
            "impact": {"restricts_capabilities": []},
            "minimum_deadline": {"status": "past_due"}, "reference": null,
            "requested_reasons": [{"code": "routine_onboarding"}],
        })
    };
    let entries: Vec<Value> = due.iter().map(entry).collect();
    let deadline = json!({"minimum_deadline": {"status": "past_due", "time": null}});
    let summary = if due.is_empty() { Value::Null } else { deadline };
    json!({"entries": entries, "summary": summary})
}
