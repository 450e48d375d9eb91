//! Confirms a payment intent: pays, declines, or asks the customer to act first.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::call::Call;
use super::super::super::card::{self, Authentication, Behavior};
use super::super::super::tx::{Tx, is, text};
use super::super::method::kinds::{self, Course};
use super::super::method::resolve;
use super::{action, bank_transfer, debit, draft, payment, unexpected};
use serde_json::{Value, json};

/// What the request says of how it may be paid.
#[derive(Debug)]
pub struct Terms {
    /// The customer is not there.
    pub off_session: bool,
    /// Declines instead of asking the customer to act.
    pub refuses_action: bool,
}

impl Terms {
    fn read(call: &Call) -> Result<Self, ApiError> {
        let params = &call.params;
        // `one_off` and `recurring` are the words of old versions.
        let off_session = match params.text("off_session")? {
            None | Some("false") => false,
            Some("true" | "one_off" | "recurring") => true,
            Some(_) => params.boolean("off_session")?.unwrap_or(false),
        };
        let refuses_action = params.boolean("error_on_requires_action")?.unwrap_or(false);
        Ok(Self { off_session, refuses_action })
    }
}

/// `POST /v1/payment_intents/:id/confirm`.
pub fn run(call: &Call, tx: &mut Tx<'_>, mut intent: Value) -> Answer {
    unexpected::check_confirm(&intent)?;
    if call.key.starts_with("pk_") && intent["confirmation_method"] == "manual" {
        let message = "This PaymentIntent's confirmation_method is manual: it can only be \
            confirmed with a secret key.";
        return Err(unexpected::state(&intent, message));
    }
    draft::fill(call, tx, &mut intent)?;
    if let Some(word) =
        call.params.choice("capture_method", &["automatic", "automatic_async", "manual"])?
    {
        intent["capture_method"] = json!(word);
    }
    let named = draft::name_method(call, tx, &mut intent)?;
    if named.is_some() {
        intent.as_object_mut().map(|fields| fields.shift_remove("_authenticated"));
    }
    let method = match named {
        Some(method) => method,
        None => resolve::named(tx, text(&intent, "payment_method"))
            .ok_or_else(|| missing_method(&intent))?,
    };
    attempt(call, tx, intent, &method)
}

/// The refusal of an intent without a method.
pub fn missing_method(intent: &Value) -> ApiError {
    let message = "You cannot confirm this PaymentIntent because it's missing a payment method. \
        You can either update the PaymentIntent with a payment method and then confirm it again, \
        or confirm it again directly with a payment method or ConfirmationToken.";
    unexpected::state(intent, message)
}

/// Tries to pay an intent with a method.
pub fn attempt(call: &Call, tx: &mut Tx<'_>, mut intent: Value, method: &Value) -> Answer {
    let terms = Terms::read(call)?;
    check_return(call, &intent)?;
    intent["payment_method"] = method["id"].clone();
    intent["last_payment_error"] = Value::Null;
    intent["next_action"] = Value::Null;
    intent["_off_session"] = json!(terms.off_session);
    let course = kinds::of(method).course;
    if course != Course::Transfer {
        // Another method pays the whole: cash that was applied goes back.
        bank_transfer::release(tx, &mut intent)?;
    }
    match course {
        Course::Instant => payment::pay(tx, intent, method),
        Course::Redirect => action::redirect(call, tx, intent, method),
        Course::Transfer => bank_transfer::begin(tx, intent, method),
        Course::Debit => debit::begin(call, tx, intent, method),
        Course::Card => by_card(call, tx, intent, method, &terms),
    }
}

/// Automatic payment methods may redirect, so they need a page to return to.
fn check_return(call: &Call, intent: &Value) -> Result<(), ApiError> {
    let automatic = &intent["automatic_payment_methods"];
    let asked = call.params.has("automatic_payment_methods");
    if !asked || !is(automatic, "enabled") || automatic["allow_redirects"] == "never" {
        return Ok(());
    }
    let returns = ["return_url", "use_stripe_sdk", "off_session"];
    if call.key.starts_with("pk_") || returns.iter().any(|name| call.params.has(name)) {
        return Ok(());
    }
    let message = "This PaymentIntent is configured to accept payment methods enabled in your \
        Dashboard. Because some of these payment methods might redirect your customer off of your \
        page, you must provide a `return_url`. If you don't want to accept redirect-based payment \
        methods, set `automatic_payment_methods[enabled]` to `true` and \
        `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and \
        Payment Intents.";
    Err(ApiError { saved: false, ..ApiError::invalid(message) })
}

fn by_card(
    call: &Call,
    tx: &mut Tx<'_>,
    mut intent: Value,
    method: &Value,
    terms: &Terms,
) -> Answer {
    let behavior = card::behavior(text(method, "_number"));
    if is(&intent, "_authenticated") || !asks(behavior, &intent, method, terms) {
        return payment::pay(tx, intent, method);
    }
    if behavior == Behavior::Authenticate(Authentication::Broken) {
        return payment::refuse(tx, intent, method, payment::generic_decline());
    }
    if terms.off_session {
        let refusal = card::authentication_required(behavior).unwrap_or_else(not_handled);
        return payment::refuse(tx, intent, method, refusal);
    }
    if terms.refuses_action {
        return payment::refuse(tx, intent, method, not_handled());
    }
    intent["status"] = json!("requires_action");
    action::authenticate(call, tx, intent)
}

fn not_handled() -> ApiError {
    let message = "Your card was declined. This transaction requires authentication.";
    let mut refusal = ApiError::card("authentication_required", message);
    refusal.decline_code = Some("authentication_not_handled");
    refusal
}

/// Whether the holder has to authenticate.
fn asks(behavior: Behavior, intent: &Value, method: &Value, terms: &Terms) -> bool {
    use Authentication::{Always, Broken, OnRequest, OnSession, ThenDeclined, UnlessSetUp};
    let request = &intent["payment_method_options"]["card"]["request_three_d_secure"];
    let requested = *request == "any" || *request == "challenge";
    match behavior {
        Behavior::Authenticate(UnlessSetUp) => !(terms.off_session && is(method, "_set_up")),
        Behavior::Authenticate(OnSession) => !terms.off_session,
        Behavior::Authenticate(Always | Broken | ThenDeclined) => true,
        Behavior::Authenticate(OnRequest) => requested,
        Behavior::Decline(..) => false,
        _ => requested && method["card"]["brand"] != "amex" && !terms.off_session,
    }
}
