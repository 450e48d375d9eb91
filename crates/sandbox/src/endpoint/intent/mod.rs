//! Payment intents: the paths, and what a publishable key may see.
//!
//! The states: `requires_payment_method` → `requires_confirmation` → `requires_action` (3-D Secure,
//! a redirect, micro-deposits) → `processing` (debits) → `requires_capture` → `succeeded`; a
//! declined attempt goes back to the first, and each but the last can become `canceled`.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::listing;
use super::super::state::Kind;
use super::super::tx::Tx;
use serde_json::Value;

pub mod action;
pub mod adjust;
pub mod bank_transfer;
pub mod cancel;
pub mod capture;
pub mod confirm;
pub mod create;
pub mod debit;
pub mod draft;
pub mod failure;
pub mod method_types;
pub mod payment;
pub mod secret;
pub mod unexpected;

/// The fields that a publishable key sees.
const PUBLIC: &[&str] = &[
    "id",
    "object",
    "amount",
    "amount_details",
    "automatic_payment_methods",
    "canceled_at",
    "cancellation_reason",
    "capture_method",
    "client_secret",
    "confirmation_method",
    "created",
    "currency",
    "description",
    "last_payment_error",
    "livemode",
    "next_action",
    "payment_method",
    "payment_method_configuration_details",
    "payment_method_types",
    "processing",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "source",
    "status",
];

/// Paths below `/v1/payment_intents`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    let answer = match (call.method, path) {
        ("POST", []) => create::run(call, tx),
        ("GET", []) => {
            let filter = listing::by_fields(&call.params, &["customer"]);
            listing::page(tx, call, tx.ids(Kind::PaymentIntent), &filter)
        }
        ("GET", [id]) => of(call, tx, id),
        ("POST", [id]) => of(call, tx, id).and_then(|intent| draft::update(call, tx, intent)),
        ("POST", [id, operation]) => {
            let run = match *operation {
                "confirm" => confirm::run,
                "capture" => capture::run,
                "cancel" => cancel::run,
                "increment_authorization" => adjust::increment,
                "apply_customer_balance" => bank_transfer::apply,
                "verify_microdeposits" => debit::verify,
                _ => return None,
            };
            of(call, tx, id).and_then(|intent| run(call, tx, intent))
        }
        ("GET", [id, "amount_details_line_items"]) => {
            of(call, tx, id).and_then(|_| listing::page(tx, call, Vec::new(), &|_| true))
        }
        _ => return None,
    };
    Some(match answer {
        Ok(intent) => Ok(visible(call, intent)),
        Err(refusal) => Err(hide(call, refusal)),
    })
}

/// An intent, when the key and the client secret may name it.
fn of(call: &Call, tx: &Tx<'_>, id: &str) -> Answer {
    let found = tx.get(Kind::PaymentIntent, id);
    let found = found.ok_or_else(|| ApiError::not_found("payment_intent", id))?;
    secret::check(call, &found, "PaymentIntent")?;
    Ok(found)
}

fn visible(call: &Call, mut intent: Value) -> Value {
    if call.key.starts_with("pk_")
        && let Some(fields) = intent.as_object_mut()
    {
        fields.retain(|name, _| PUBLIC.contains(&name.as_str()));
    }
    intent
}

fn hide(call: &Call, mut refusal: ApiError) -> ApiError {
    let objects = refusal.objects.iter_mut().flat_map(|objects| objects.iter_mut());
    for (_, object) in objects.filter(|(name, _)| *name == "payment_intent") {
        *object = visible(call, object.take());
    }
    refusal
}
