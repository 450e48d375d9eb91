//! Setup intents: they save a payment method for later, without a payment.
//!
//! The states are those of a payment intent without capture: `requires_payment_method` →
//! `requires_confirmation` → `requires_action` → `succeeded`, or `canceled`.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::listing;
use super::super::state::Kind;
use super::super::tx::Tx;
use super::intent::secret;
use serde_json::Value;

pub mod attempt;
pub mod confirm;
pub mod create;
pub mod draft;
pub mod finish;

/// The fields that a publishable key sees.
const PUBLIC: &[&str] = &[
    "id",
    "object",
    "automatic_payment_methods",
    "cancellation_reason",
    "client_secret",
    "created",
    "description",
    "last_setup_error",
    "livemode",
    "next_action",
    "payment_method",
    "payment_method_configuration_details",
    "payment_method_types",
    "status",
    "usage",
];

/// Paths below `/v1/setup_intents`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    let answer = match (call.method, path) {
        ("POST", []) => create::run(call, tx),
        ("GET", []) => {
            let filter = listing::by_fields(&call.params, &["customer", "payment_method"]);
            listing::page(tx, call, tx.ids(Kind::SetupIntent), &filter)
        }
        ("GET", [id]) => of(call, tx, id),
        ("POST", [id]) => of(call, tx, id).and_then(|setup| draft::update(call, tx, setup)),
        ("POST", [id, operation]) => {
            let run = match *operation {
                "confirm" => confirm::run,
                "cancel" => draft::cancel,
                "verify_microdeposits" => finish::verify,
                _ => return None,
            };
            of(call, tx, id).and_then(|setup| run(call, tx, setup))
        }
        _ => return None,
    };
    Some(match answer {
        Ok(setup) => Ok(visible(call, setup)),
        Err(mut refusal) => {
            let objects = refusal.objects.iter_mut().flat_map(|objects| objects.iter_mut());
            for (_, object) in objects.filter(|(name, _)| *name == "setup_intent") {
                *object = visible(call, object.take());
            }
            Err(refusal)
        }
    })
}

/// `GET /v1/setup_attempts`.
pub fn attempts(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    let ("GET", []) = (call.method, path) else { return None };
    let intent = call.params.required("setup_intent").and_then(|id| {
        let own = tx.get(Kind::SetupIntent, id);
        own.map(|_| id).ok_or_else(|| ApiError::no_such("setupintent", id, "setup_intent"))
    });
    Some(
        intent
            .and_then(|id| listing::page(tx, call, tx.children(Kind::SetupAttempt, id), &|_| true)),
    )
}

fn of(call: &Call, tx: &Tx<'_>, id: &str) -> Answer {
    let found = tx.get(Kind::SetupIntent, id);
    let found = found.ok_or_else(|| ApiError::not_found("setupintent", id))?;
    secret::check(call, &found, "SetupIntent")?;
    Ok(found)
}

fn visible(call: &Call, mut setup: Value) -> Value {
    if call.key.starts_with("pk_")
        && let Some(fields) = setup.as_object_mut()
    {
        fields.retain(|name, _| PUBLIC.contains(&name.as_str()));
    }
    setup
}
