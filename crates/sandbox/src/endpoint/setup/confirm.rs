//! Confirms a setup intent: saves the method, declines it, or asks the customer to act first.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::call::Call;
use super::super::super::card::{self, Authentication, Behavior, DeclinedWhen};
use super::super::super::event::emit;
use super::super::super::tx::{Tx, text};
use super::super::intent::action;
use super::super::intent::draft::name_method;
use super::super::method::kinds::{self, Course};
use super::super::method::resolve;
use super::super::{mandate, microdeposits};
use super::{attempt, draft, finish};
use serde_json::{Value, json};

/// `POST /v1/setup_intents/:id/confirm`.
pub fn run(call: &Call, tx: &mut Tx<'_>, mut setup: Value) -> Answer {
    draft::check_open(&setup, "confirm")?;
    draft::fill(call, tx, &mut setup)?;
    let method = match name_method(call, tx, &mut setup)? {
        Some(method) => method,
        None => resolve::named(tx, text(&setup, "payment_method"))
            .ok_or_else(|| missing_method(&setup))?,
    };
    attempt(call, tx, setup, &method)
}

/// The refusal of a setup intent without a method.
pub fn missing_method(setup: &Value) -> ApiError {
    let message = "You cannot confirm this SetupIntent because it's missing a payment method. \
        Update the SetupIntent with a payment method and then confirm it again.";
    draft::unexpected(setup, message)
}

/// Tries to save a method.
pub fn attempt(call: &Call, tx: &mut Tx<'_>, mut setup: Value, method: &Value) -> Answer {
    setup["payment_method"] = method["id"].clone();
    setup["last_setup_error"] = Value::Null;
    let kind = kinds::of(method);
    if !kind.is_reusable && !["ideal", "bancontact", "sofort"].contains(&kind.name) {
        let message = format!("Payment methods of type {} cannot be set up.", kind.name);
        return Err(ApiError::invalid(message).param("payment_method"));
    }
    let behavior = card::behavior(text(method, "_number"));
    match kind.course {
        Course::Card => {
            if let Behavior::Decline(.., DeclinedWhen::Attached) = behavior
                && let Some(refusal) = card::refusal(behavior)
            {
                attempt::new(tx, &mut setup, method, "failed", Some(&refusal));
                return Err(finish::fail(tx, setup, method, refusal));
            }
            if !asks(behavior, &setup) {
                return Ok(finish::succeed(tx, setup, method));
            }
            setup["next_action"] = action::three_d_secure(call, tx, &setup)?;
        }
        Course::Instant | Course::Transfer => return Ok(finish::succeed(tx, setup, method)),
        Course::Redirect => {
            let return_url = call.params.filled("return_url")?;
            if return_url.is_none() && kind.name != "cashapp" {
                return Err(action::missing_return_url(kind.name));
            }
            setup["_return_url"] = json!(return_url);
            setup["next_action"] = action::redirect_action(tx, &setup, kind.name, return_url);
        }
        Course::Debit => {
            setup["mandate"] = json!(mandate::accepted(call, tx, &setup, method)?);
            if !microdeposits::are_needed(method) {
                return Ok(finish::succeed(tx, setup, method));
            }
            setup["next_action"] = microdeposits::next_action(tx, &setup);
        }
    }
    setup["status"] = json!("requires_action");
    attempt::new(tx, &mut setup, method, "requires_action", None);
    tx.update(&setup);
    let account = tx.account.clone();
    emit(tx, "setup_intent.requires_action", &account, &setup, None);
    Ok(setup)
}

/// Whether the holder has to authenticate.
fn asks(behavior: Behavior, setup: &Value) -> bool {
    use Authentication::{Broken, OnRequest, OnSession};
    let request = &setup["payment_method_options"]["card"]["request_three_d_secure"];
    let requested = *request == "any" || *request == "challenge";
    match behavior {
        Behavior::Authenticate(OnRequest) => requested,
        Behavior::Authenticate(OnSession | Broken) => false,
        Behavior::Authenticate(_) => true,
        _ => requested,
    }
}
