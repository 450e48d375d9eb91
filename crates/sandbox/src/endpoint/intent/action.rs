//! What a customer has to do before a payment goes through, and what follows from it.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::call::Call;
use super::super::super::event::emit;
use super::super::super::tx::{Tx, text};
use super::super::method::kinds::{self, Course};
use super::super::method::resolve;
use super::payment;
use serde_json::{Value, json};

/// Asks for authentication by 3-D Secure.
pub fn authenticate(call: &Call, tx: &mut Tx<'_>, mut intent: Value) -> Answer {
    let next = three_d_secure(call, tx, &intent)?;
    intent["next_action"] = next;
    Ok(ask(tx, intent))
}

/// Sends the customer to the page of a payment method.
pub fn redirect(call: &Call, tx: &mut Tx<'_>, mut intent: Value, method: &Value) -> Answer {
    let kind = text(method, "type");
    let known = intent["_return_url"].as_str().map(str::to_owned);
    let return_url = call.params.filled("return_url")?.or(known.as_deref());
    if return_url.is_none() && kind != "cashapp" {
        return Err(missing_return_url(kind));
    }
    intent["_return_url"] = json!(return_url);
    intent["next_action"] = redirect_action(tx, &intent, kind, return_url);
    intent["status"] = json!("requires_action");
    Ok(ask(tx, intent))
}

/// The refusal of a redirecting method without a page to return to.
pub fn missing_return_url(kind: &str) -> ApiError {
    let message = format!(
        "You must provide a `return_url` when confirming with a payment method of type {kind}, \
         because your customer is redirected to another page."
    );
    ApiError::parameter("parameter_missing", "return_url", message)
}

/// The `next_action` of a redirecting method.
pub fn redirect_action(tx: &Tx<'_>, intent: &Value, kind: &str, return_url: Option<&str>) -> Value {
    let url = page(tx, intent);
    if kind == "cashapp" {
        return json!({
            "type": "cashapp_handle_redirect_or_display_qr_code",
            "cashapp_handle_redirect_or_display_qr_code": {"hosted_instructions_url": url,
                "mobile_auth_url": url, "qr_code": {"expires_at": tx.now + 3_600,
                    "image_url_png": url, "image_url_svg": url}},
        });
    }
    json!({"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": url}})
}

/// The `next_action` of 3-D Secure: a redirect, or something for Stripe.js to show.
pub fn three_d_secure(call: &Call, tx: &mut Tx<'_>, intent: &Value) -> Answer {
    let params = &call.params;
    let by_script = params.boolean("use_stripe_sdk")?.unwrap_or(false);
    let url = page(tx, intent);
    let return_url = params.filled("return_url")?.or(intent["_return_url"].as_str());
    if let (Some(return_url), false) = (return_url, by_script) {
        return Ok(json!({
            "type": "redirect_to_url",
            "redirect_to_url": {"return_url": return_url, "url": url},
        }));
    }
    Ok(json!({
        "type": "use_stripe_sdk",
        "use_stripe_sdk": {"source": tx.id("src_"), "stripe_js": url,
            "type": "three_d_secure_redirect"},
    }))
}

/// The page of the sandbox where an intent is authenticated or authorized.
fn page(tx: &Tx<'_>, intent: &Value) -> String {
    let base = &tx.state.base_url;
    let (id, secret) = (text(intent, "id"), text(intent, "client_secret"));
    format!("{base}/hooks.stripe.com/redirect/authenticate/{id}?client_secret={secret}")
}

fn ask(tx: &mut Tx<'_>, intent: Value) -> Value {
    tx.update(&intent);
    let account = tx.account.clone();
    emit(tx, "payment_intent.requires_action", &account, &intent, None);
    intent
}

/// The customer did what was asked (`is_done`), or failed to; returns the intent afterwards.
pub fn finish(tx: &mut Tx<'_>, mut intent: Value, is_done: bool) -> Value {
    if intent["status"] != "requires_action" {
        return intent;
    }
    let method = resolve::of_intent(tx, &intent);
    let ended = if is_done {
        intent["_authenticated"] = json!(true);
        intent["next_action"] = Value::Null;
        if kinds::of(&method).course == Course::Card && intent["confirmation_method"] == "manual" {
            intent["status"] = json!("requires_confirmation");
            tx.update(&intent);
            return intent;
        }
        payment::pay(tx, intent, &method)
    } else {
        Err(payment::fail(tx, intent, &method, failed(&method)))
    };
    ended.unwrap_or_else(|refusal| shown_intent(&refusal))
}

/// The intent that a refusal shows.
pub fn shown_intent(refusal: &ApiError) -> Value {
    let objects = refusal.objects.as_deref();
    objects.and_then(|objects| objects.get("payment_intent")).cloned().unwrap_or_default()
}

/// Why an attempt ended without authentication.
pub fn failed(method: &Value) -> ApiError {
    if kinds::of(method).course == Course::Card {
        return ApiError::invalid(
            "We are unable to authenticate your payment method. Please choose a different \
             payment method and try again.",
        )
        .code("payment_intent_authentication_failure");
    }
    ApiError::invalid(
        "The customer did not approve the PaymentIntent. Provide a new PaymentMethod to attempt \
         to fulfill this PaymentIntent again.",
    )
    .code("payment_method_customer_decline")
}
