//! The attempts of a setup intent, each with what became of it.

use super::super::super::api_error::ApiError;
use super::super::super::state::Kind;
use super::super::super::tx::{Tx, text};
use super::super::intent::failure;
use serde_json::{Value, json};

/// Notes an attempt; one that waits for the customer is ended in place.
pub fn new(
    tx: &mut Tx<'_>,
    setup: &mut Value,
    method: &Value,
    status: &str,
    refusal: Option<&ApiError>,
) {
    let error = refusal.map(|refusal| failure::object(refusal, method));
    let latest = tx.get(Kind::SetupAttempt, text(setup, "latest_attempt"));
    if let Some(mut open) = latest.filter(|open| open["status"] == "requires_action") {
        open["status"] = json!(status);
        open["setup_error"] = json!(error);
        return tx.update(&open);
    }
    let kind = text(method, "type");
    let details = match kind {
        "card" => json!({"brand": method["card"]["brand"], "checks": method["card"]["checks"],
            "country": method["card"]["country"], "exp_month": method["card"]["exp_month"],
            "exp_year": method["card"]["exp_year"], "fingerprint": method["card"]["fingerprint"],
            "funding": method["card"]["funding"], "last4": method["card"]["last4"],
            "network": method["card"]["brand"], "three_d_secure": null, "wallet": null}),
        _ => json!({}),
    };
    let attempt = json!({
        "id": tx.id("setatt_"), "object": "setup_attempt", "application": null,
        "created": tx.now, "customer": setup["customer"], "flow_directions": null,
        "livemode": false, "on_behalf_of": setup["on_behalf_of"],
        "payment_method": method["id"],
        "payment_method_details": {"type": kind, kind: details}, "setup_error": error,
        "setup_intent": setup["id"], "status": status, "usage": setup["usage"],
    });
    tx.insert(Kind::SetupAttempt, setup["id"].as_str(), &attempt);
    setup["latest_attempt"] = attempt["id"].clone();
}
