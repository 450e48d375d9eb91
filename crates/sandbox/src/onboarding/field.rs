//! The fields of the onboarding page: one for each requirement, named as the API names it.

use crate::tx::text;
use serde_json::{Map, Value, json};

/// Test data by requirement: what the field is called, what is filled in, and its choices.
const FIELDS: [(&str, &str, &str, &[&str]); 17] = [
    ("business_type", "Type of business", "individual", &["individual", "company", "non_profit"]),
    ("business_profile.mcc", "Merchant category code", "5734", &[]),
    ("business_profile.url", "Website", "https://example.com", &[]),
    ("individual.first_name", "First name", "Jenny", &[]),
    ("individual.last_name", "Last name", "Rosen", &[]),
    ("individual.dob.day", "Day of birth", "1", &[]),
    ("individual.dob.month", "Month of birth", "1", &[]),
    ("individual.dob.year", "Year of birth", "1902", &[]),
    ("individual.address.line1", "Street", "address_full_match", &[]),
    ("individual.address.city", "City", "San Francisco", &[]),
    ("individual.address.postal_code", "Postal code", "94111", &[]),
    ("company.name", "Company", "Rocket Rides", &[]),
    ("company.address.line1", "Street", "address_full_match", &[]),
    ("company.address.city", "City", "San Francisco", &[]),
    ("company.address.postal_code", "Postal code", "94111", &[]),
    ("company.tax_id", "Tax ID", "000000000", &[]),
    ("external_account", "Bank account (a test token)", "btok_us_verified", &[]),
];

/// What the account still has to give, without what the page gives itself.
pub fn due(account: &Value) -> Vec<&str> {
    let due = account["requirements"]["currently_due"].as_array().into_iter().flatten();
    due.filter_map(Value::as_str).filter(|name| !name.starts_with("tos_acceptance")).collect()
}

/// Whether the form may set a parameter of this name.
pub fn is_asked(name: &str) -> bool {
    let own = ["business_type", "business_profile", "individual", "company", "external_account"];
    own.contains(&name)
}

/// The fields with their values: what was sent before, or the first choice.
pub fn shown(account: &Value, given: &Map<String, Value>) -> Vec<Value> {
    let fields = due(account).into_iter().map(|requirement| {
        let known = FIELDS.iter().find(|(name, ..)| *name == requirement);
        let label = known.map_or(requirement, |(_, label, ..)| label);
        let choices = known.map_or(&[] as &[&str], |(.., choices)| choices);
        json!({"name": parameter(requirement), "label": label, "choices": choices,
            "value": sent(given, requirement)})
    });
    fields.collect()
}

/// Test data for all that is due.
pub fn samples(account: &Value) -> Map<String, Value> {
    let mut all = json!({});
    for requirement in due(account) {
        let known = FIELDS.iter().find(|(name, ..)| *name == requirement);
        let value = match (requirement, text(account, "country")) {
            ("external_account", country) if country != "US" => "",
            _ => known.map_or("1", |(_, _, sample, _)| sample),
        };
        let place = requirement.split('.').fold(&mut all, |into, part| {
            if !into.is_object() {
                *into = json!({});
            }
            &mut into[part]
        });
        *place = json!(value);
    }
    all.as_object().cloned().unwrap_or_default()
}

/// `individual.dob.day` as the form names it: `individual[dob][day]`.
fn parameter(requirement: &str) -> String {
    let mut parts = requirement.split('.');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| format!("{name}[{part}]"))
}

/// The value that was sent for a requirement.
fn sent<'v>(given: &'v Map<String, Value>, requirement: &str) -> &'v str {
    let mut parts = requirement.split('.');
    let first = parts.next().and_then(|part| given.get(part));
    let found = parts.fold(first, |value, part| value.and_then(|value| value.get(part)));
    found.and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_is_asked_for_by_its_parameter() {
        let account = json!({"country": "US", "requirements": {"currently_due": [
            "business_type", "individual.dob.day", "tos_acceptance.date"]}});
        let given = samples(&account);
        let fields = shown(&account, &given);
        assert_eq!(fields.len(), 2);
        assert_eq!(fields[1]["name"], "individual[dob][day]");
        assert_eq!(fields[1]["value"], "1");
        assert_eq!(fields[0]["choices"][0], "individual");
    }
}
