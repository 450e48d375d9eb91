//! Confirmation tokens: what a payment form collected, for a server to confirm an intent with.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::state::Kind;
use super::super::tx::{Tx, text};
use super::method::{create, resolve};
use serde_json::{Value, json};

/// Seconds a token can be used.
const LIFETIME: i64 = 12 * 3_600;

/// Paths below `/v1/confirmation_tokens`, and the one of the test helpers.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", []) => make(call, tx),
        ("GET", [id]) => tx
            .get(Kind::ConfirmationToken, id)
            .ok_or_else(|| ApiError::not_found("confirmation_token", id)),
        _ => return None,
    })
}

fn make(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let params = &call.params;
    let method = match (params.group("payment_method_data"), params.filled("payment_method")?) {
        (Some(data), _) => create::from_params(tx, &data)?,
        (None, Some(id)) => match resolve::named(tx, id) {
            Some(method) => method,
            None => resolve::published(tx, id)
                .ok_or_else(|| ApiError::no_such("PaymentMethod", id, "payment_method"))?,
        },
        (None, None) => return Err(ApiError::missing("payment_method_data")),
    };
    let mut preview = method.clone();
    if let Some(fields) = preview.as_object_mut() {
        for name in ["id", "object", "created", "livemode", "metadata"] {
            fields.shift_remove(name);
        }
        fields.retain(|name, _| !name.starts_with('_'));
    }
    let usage = params.choice("setup_future_usage", &["off_session", "on_session"])?;
    let kind = text(&method, "type");
    let mandate = (kind.ends_with("_debit") || kind == "us_bank_account").then(|| {
        json!({"customer_acceptance": {"online": {"ip_address": call.client_ip,
            "user_agent": null}, "type": "online"}})
    });
    let mut token = json!({
        "id": tx.id("ctoken_"), "object": "confirmation_token", "created": tx.now,
        "expires_at": tx.now + LIFETIME, "livemode": false, "mandate_data": mandate,
        "payment_intent": null, "payment_method_options": null,
        "payment_method_preview": preview, "return_url": params.filled("return_url")?,
        "setup_future_usage": usage, "setup_intent": null, "shipping": null,
        "use_stripe_sdk": call.key.starts_with("pk_"), "_method": method,
    });
    params.patch_groups(&mut token, &["shipping", "payment_method_options"]);
    tx.insert(Kind::ConfirmationToken, None, &token);
    Ok(token)
}

/// Notes in an intent what its confirmation token carries besides the method.
pub fn apply(call: &Call, tx: &Tx<'_>, intent: &mut Value) {
    let id = call.params.text("confirmation_token").ok().flatten().unwrap_or_default();
    let Some(token) = tx.get(Kind::ConfirmationToken, id) else { return };
    for (from, into) in [
        ("setup_future_usage", "setup_future_usage"),
        ("shipping", "shipping"),
        ("return_url", "_return_url"),
    ] {
        let fits = intent.get(into).is_some() || into.starts_with('_');
        if !token[from].is_null() && fits && !call.params.has(from) {
            intent[into] = token[from].clone();
        }
    }
}
