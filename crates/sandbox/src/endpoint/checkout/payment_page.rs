//! Payment pages: a checkout session as Stripe's own clients (the CLI, Stripe.js) see it.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::call::Call;
use super::super::super::tx::{Tx, number, text};
use super::pay::{self, Payer};
use serde_json::{Value, json};

/// Paths below `/v1/payment_pages`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("GET", [id]) => super::of(tx, id).map(|session| shown(&session)),
        ("POST", [id, "confirm"]) => {
            super::of(tx, id).and_then(|session| confirm(call, tx, session))
        }
        _ => return None,
    })
}

fn shown(session: &Value) -> Value {
    let total = &session["amount_total"];
    let id = text(session, "id").replace("cs_test_", "ppage_");
    let mut page = session.clone();
    for (name, value) in [
        ("id", json!(id)),
        ("object", json!("payment_page")),
        ("session_id", session["id"].clone()),
        (
            "line_item_group",
            json!({"currency": session["currency"], "due": total,
            "subtotal": total, "total": total}),
        ),
    ] {
        page[name] = value;
    }
    page
}

fn confirm(call: &Call, tx: &mut Tx<'_>, session: Value) -> Answer {
    if session["status"] != "open" {
        let message = format!(
            "This Checkout Session cannot be confirmed because it has a status of {}.",
            text(&session, "status")
        );
        return Err(ApiError::invalid(message));
    }
    let total = number(&session, "amount_total");
    if call.params.integer("expected_amount")?.is_some_and(|expected| expected != total) {
        let message = "The amount of this Checkout Session has changed.";
        return Err(ApiError::invalid(message).code("checkout_amount_mismatch"));
    }
    let method = pay::method_of(tx, &call.params, &session)?;
    pay::run(tx, session, &method, &Payer::default()).map(|(session, intent)| {
        let mut page = shown(&session);
        let name = if session["mode"] == "setup" { "setup_intent" } else { "payment_intent" };
        page[name] = json!({"id": intent["id"], "client_secret": intent["client_secret"],
            "next_action": intent["next_action"], "object": intent["object"],
            "status": intent["status"]});
        page
    })
}
