//! Mandates: the customer's permission to debit a bank account.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::state::Kind;
use super::super::tx::{Tx, number, text};
use serde_json::{Value, json};

/// Paths below `/v1/mandates`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("GET", [id]) => {
            tx.get(Kind::Mandate, id).ok_or_else(|| ApiError::not_found("mandate", id))
        }
        _ => return None,
    })
}

/// The mandate of a debit: one that exists, or a new one that the request carries.
pub fn accepted(
    call: &Call,
    tx: &mut Tx<'_>,
    intent: &Value,
    method: &Value,
) -> Result<String, ApiError> {
    if let Some(id) = call.params.filled("mandate")? {
        let found = tx.get(Kind::Mandate, id).filter(|mandate| mandate["status"] == "active");
        let found = found.ok_or_else(|| ApiError::no_such("mandate", id, "mandate"))?;
        return Ok(text(&found, "id").to_owned());
    }
    let known = tx.children(Kind::Mandate, text(method, "id"));
    let given = call.params.group("mandate_data");
    if given.is_none() {
        if let Some(id) = known.first() {
            return Ok(id.to_string());
        }
        if !call.key.starts_with("pk_") {
            return Err(missing(intent));
        }
    }
    let mut acceptance = json!({"accepted_at": tx.now, "type": "online",
        "online": {"ip_address": call.client_ip, "user_agent": null}});
    if let Some(data) = given.and_then(|given| given.group("customer_acceptance")) {
        super::super::params::merge(&mut acceptance, &Value::Object(data.values().clone()));
        let at = data.integer("accepted_at")?.unwrap_or_else(|| number(&acceptance, "accepted_at"));
        acceptance["accepted_at"] = json!(at.max(tx.now));
    }
    let is_single = intent["object"] == "payment_intent" && intent["setup_future_usage"].is_null();
    Ok(new(tx, method, acceptance, is_single.then_some(intent)))
}

fn missing(intent: &Value) -> ApiError {
    let what = if intent["object"] == "setup_intent" { "SetupIntent" } else { "PaymentIntent" };
    let code = if what == "SetupIntent" {
        "setup_intent_mandate_invalid"
    } else {
        "payment_intent_mandate_invalid"
    };
    let message = format!(
        "This {what} requires a mandate, but no existing mandate was found. Collect mandate \
         acceptance from the customer and try again, providing acceptance data in the \
         mandate_data parameter."
    );
    ApiError::parameter(code, "mandate_data", message)
}

/// Stores a mandate; one for a single payment names its amount.
pub fn new(tx: &mut Tx<'_>, method: &Value, acceptance: Value, single: Option<&Value>) -> String {
    let id = tx.id("mandate_");
    let kind = text(method, "type");
    let details = match kind {
        "sepa_debit" => json!({"reference": tx.id("")[..8].to_uppercase(),
            "url": format!("https://hooks.stripe.com/adapter/sepa_debit/file/{id}")}),
        "us_bank_account" => json!({"collection_method": null}),
        _ => json!({}),
    };
    let mut mandate = json!({
        "id": id, "object": "mandate", "customer_acceptance": acceptance, "livemode": false,
        "on_behalf_of": null, "payment_method": method["id"],
        "payment_method_details": {"type": kind, kind: details}, "status": "active",
    });
    match single {
        Some(intent) => {
            mandate["type"] = json!("single_use");
            mandate["single_use"] = json!({"amount": intent["amount"],
                "currency": intent["currency"]});
        }
        None => {
            mandate["type"] = json!("multi_use");
            mandate["multi_use"] = json!({});
        }
    }
    tx.insert(Kind::Mandate, Some(text(method, "id")), &mandate);
    id
}
