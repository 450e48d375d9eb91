//! Ends the attempt of a setup intent: the method is saved, or another one is needed.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::call::Call;
use super::super::super::event::emit;
use super::super::super::state::Kind;
use super::super::super::tx::{Tx, text};
use super::super::intent::{action, failure};
use super::super::method::{attach, kinds, resolve};
use super::super::microdeposits;
use super::{attempt, draft};
use serde_json::{Value, json};

/// Saves the method.
pub fn succeed(tx: &mut Tx<'_>, mut setup: Value, method: &Value) -> Value {
    if let Some(mut stored) = tx.get(Kind::Method, text(method, "id")) {
        stored["_set_up"] = json!(true);
        tx.update(&stored);
        let owner = text(&setup, "customer");
        if text(&stored, "customer").is_empty()
            && !owner.is_empty()
            && kinds::of(&stored).is_reusable
        {
            attach::put(tx, stored, owner);
        }
    }
    setup["next_action"] = Value::Null;
    setup["status"] = json!("succeeded");
    attempt::new(tx, &mut setup, method, "succeeded", None);
    tx.update(&setup);
    let account = tx.account.clone();
    emit(tx, "setup_intent.succeeded", &account, &setup, None);
    setup
}

/// Asks for another method; the refusal shows the setup intent.
pub fn fail(tx: &mut Tx<'_>, mut setup: Value, method: &Value, refusal: ApiError) -> ApiError {
    setup["last_setup_error"] = failure::object(&refusal, method);
    setup["payment_method"] = Value::Null;
    setup["next_action"] = Value::Null;
    setup["status"] = json!("requires_payment_method");
    tx.update(&setup);
    let account = tx.account.clone();
    emit(tx, "setup_intent.setup_failed", &account, &setup, None);
    let refusal = refusal.with_object("setup_intent", &setup);
    ApiError { keep: true, ..refusal.with_object("payment_method", method) }
}

/// The customer did what was asked (`is_done`), or failed to; returns the setup intent afterwards.
pub fn act(tx: &mut Tx<'_>, mut setup: Value, is_done: bool) -> Value {
    if setup["status"] != "requires_action" {
        return setup;
    }
    let method = resolve::of_intent(tx, &setup);
    if is_done {
        return succeed(tx, setup, &method);
    }
    let mut refusal = action::failed(&method);
    if refusal.code == Some("payment_intent_authentication_failure") {
        refusal.code = Some("setup_intent_authentication_failure");
    }
    attempt::new(tx, &mut setup, &method, "failed", Some(&refusal));
    let refusal = fail(tx, setup, &method, refusal);
    let objects = refusal.objects.as_deref();
    objects.and_then(|objects| objects.get("setup_intent")).cloned().unwrap_or_default()
}

/// `POST /v1/setup_intents/:id/verify_microdeposits`.
pub fn verify(call: &Call, tx: &mut Tx<'_>, setup: Value) -> Answer {
    if setup["next_action"]["type"] != "verify_with_microdeposits" {
        let message = "You cannot verify this SetupIntent with micro-deposits because it does not \
            wait for them.";
        return Err(draft::unexpected(&setup, message));
    }
    microdeposits::check(call)?;
    let mut method = resolve::of_intent(tx, &setup);
    method["_verified"] = json!(true);
    tx.update(&method);
    Ok(succeed(tx, setup, &method))
}
