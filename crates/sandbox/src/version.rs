//! Shapes an answer for an API version: fields that it added, removed or hides.

use super::description::shape::conform;
use super::description::table::OPERATIONS;
use super::tx::text;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::LazyLock;

/// Every version that Stripe accepts.
static KNOWN: LazyLock<HashSet<&str>> =
    LazyLock::new(|| OPERATIONS.words("api_version").into_iter().collect());

/// Whether Stripe has a version of this name.
pub fn is_known(name: &str) -> bool {
    KNOWN.contains(name)
}

/// The version whose shapes the description has.
pub const NEWEST: &str = "2026-10-28.endive";

/// Shapes an answer for a version. `expanded` names fields that stay.
pub fn shape(value: &mut Value, version: &str, expanded: &[&str]) {
    shape_all(value, version, expanded);
    if version >= &NEWEST[..10] {
        conform(value);
    }
}

fn shape_all(value: &mut Value, version: &str, expanded: &[&str]) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| shape_all(item, version, expanded)),
        Value::Object(fields) => {
            let is_event = fields.get("object").is_some_and(|name| name == "event");
            if fields.contains_key("object") {
                fields.retain(|name, _| !name.starts_with('_'));
            }
            for (name, inner) in fields.iter_mut() {
                // The data of an event has the event's own version; see snapshot.rs.
                if name != "metadata" && !(is_event && name == "data") {
                    shape_all(inner, version, expanded);
                }
            }
            shape_one(value, version, expanded);
        }
        _ => {}
    }
}

fn shape_one(object: &mut Value, version: &str, expanded: &[&str]) {
    match text(object, "object") {
        "customer" => {
            if version >= "2020-08-27" {
                drop_fields(object, &["sources", "subscriptions", "tax_ids"], expanded);
            }
            if version < "2019-10-17" && object.get("balance").is_some() {
                object["account_balance"] = object["balance"].clone();
            }
        }
        "charge" if version >= "2022-11-15" => {
            drop_fields(object, &["refunds", "destination", "dispute", "order"], expanded);
            if version >= "2025-03-31" {
                drop_fields(object, &["invoice"], expanded);
            }
        }
        "price" | "plan" => drop_fields(object, &["tiers", "currency_options"], expanded),
        "coupon" => drop_fields(object, &["applies_to", "currency_options"], expanded),
        "invoice" => drop_fields(object, &["payments", "confirmation_secret"], expanded),
        "checkout.session" => session(object, version, expanded),
        "payment_intent" => intent(object, version, expanded),
        "list" if version >= "2020-08-27" => drop_fields(object, &["total_count"], expanded),
        "account" if version < "2019-02-19" => before_persons(object),
        _ => {}
    }
}

fn drop_fields(object: &mut Value, names: &[&str], expanded: &[&str]) {
    if let Some(fields) = object.as_object_mut() {
        for name in names.iter().filter(|name| !expanded.contains(name)) {
            fields.shift_remove(*name);
        }
    }
}

/// Checkout sessions: line items only on request, and the newer words of `ui_mode`.
fn session(object: &mut Value, version: &str, expanded: &[&str]) {
    drop_fields(object, &["line_items"], expanded);
    if version >= "2026-03-25" {
        let word = match text(object, "ui_mode") {
            "hosted" => "hosted_page",
            "embedded" => "embedded_page",
            _ => "elements",
        };
        object["ui_mode"] = json!(word);
    }
}

/// Payment intents: `charges` and `invoice` of older versions, and their first names.
fn intent(object: &mut Value, version: &str, expanded: &[&str]) {
    if version >= "2022-11-15" {
        drop_fields(object, &["charges"], expanded);
    }
    if version >= "2025-03-31" {
        drop_fields(object, &["invoice"], expanded);
    }
    if version < "2019-02-11" {
        object["allowed_source_types"] = object["payment_method_types"].clone();
        let status = match text(object, "status") {
            "requires_payment_method" => "requires_source",
            "requires_action" => "requires_source_action",
            other => other,
        };
        object["status"] = json!(status);
    }
}

/// Accounts before 2019-02-19: `legal_entity` and `verification`.
fn before_persons(account: &mut Value) {
    if account.get("country").is_none() {
        return;
    }
    let person = account.get("individual").cloned().unwrap_or_default();
    let company = account.get("company").cloned().unwrap_or_default();
    let address =
        if person["address"].is_object() { &person["address"] } else { &company["address"] };
    account["legal_entity"] = json!({
        "additional_owners": [], "address": address, "business_name": company["name"],
        "business_tax_id_provided": company["tax_id_provided"],
        "dob": person["dob"], "first_name": person["first_name"],
        "last_name": person["last_name"], "type": account["business_type"],
        "ssn_last_4_provided": person["ssn_last_4_provided"],
        "personal_id_number_provided": person["id_number_provided"],
        "verification": person["verification"],
    });
    let requirements = &account["requirements"];
    account["verification"] = json!({
        "disabled_reason": requirements["disabled_reason"],
        "due_by": requirements["current_deadline"],
        "fields_needed": requirements["currently_due"],
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_that_stripe_has_released() {
        assert!(is_known("2019-08-14") && is_known(NEWEST));
        for other in ["latest", "2019-08-15", "2026-10-28", "2019-08-14.", "2027-01-01.other", ""] {
            assert!(!is_known(other), "{other}");
        }
    }

    #[test]
    fn hidden_fields_go_and_metadata_stays() {
        let mut card = json!({"object": "card", "_number": "4", "metadata": {"_mine": "1"}});
        shape(&mut card, "2019-08-14", &[]);
        assert_eq!(card, json!({"object": "card", "metadata": {"_mine": "1"}}));
    }

    #[test]
    fn sources_are_embedded_in_old_versions_only() {
        let customer = json!({"object": "customer", "sources": {"object": "list"}});
        let at = |version: &str, expanded: &[&str]| {
            let mut shaped = customer.clone();
            shape(&mut shaped, version, expanded);
            shaped.get("sources").is_some()
        };
        assert!(at("2019-08-14", &[]));
        assert!(!at("2020-08-27", &[]));
        assert!(at("2020-08-27", &["sources"]));
    }
}
