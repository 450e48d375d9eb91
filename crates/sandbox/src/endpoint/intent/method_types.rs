//! Which types of payment methods an intent takes.

use super::super::super::api_error::ApiError;
use super::super::super::call::Call;
use super::super::super::tx::{Tx, is, text};
use super::super::method::kinds::{self, Course};
use serde_json::{Value, json};

/// Since when types are chosen automatically unless they are named.
const AUTOMATIC_SINCE: &str = "2023-08-16";
/// Since when `payment_method_types` cannot be written.
const TYPES_UNTIL: &str = "2026-09-30";

/// Reads the types that a payment or setup intent, or a session, is created with.
pub fn read(call: &Call, tx: &Tx<'_>, intent: &mut Value, currency: &str) -> Result<(), ApiError> {
    let params = &call.params;
    let automatic = params.group("automatic_payment_methods");
    let is_automatic = match &automatic {
        Some(group) => group.boolean("enabled")?.unwrap_or(false),
        None => false,
    };
    let Some((name, types)) = named(call)? else {
        if !is_automatic && (automatic.is_some() || &*call.version < AUTOMATIC_SINCE) {
            return Ok(());
        }
        let redirects = automatic.as_ref().map(|group| {
            group.choice("allow_redirects", &["always", "never"]).map(Option::unwrap_or_default)
        });
        let never = redirects.transpose()? == Some("never");
        let word = if never { "never" } else { "always" };
        intent["automatic_payment_methods"] = json!({"allow_redirects": word, "enabled": true});
        let mut types = kinds::offered(currency, !never);
        let excluded = params.list("excluded_payment_method_types");
        types.retain(|kind| !excluded.contains(kind) && !kinds::is_off(tx, kind));
        if !excluded.is_empty() {
            intent["excluded_payment_method_types"] = json!(excluded);
        }
        intent["payment_method_types"] = json!(types);
        return Ok(());
    };
    if is_automatic {
        let message = format!(
            "You may only specify one of these parameters: automatic_payment_methods, {name}."
        );
        return Err(ApiError::parameter("parameters_exclusive", name, message));
    }
    for (at, kind) in types.iter().enumerate() {
        check(kind, currency, &format!("{name}[{at}]"))?;
    }
    if name == "allowed_payment_method_types" {
        intent[name] = json!(types);
    }
    intent["payment_method_types"] = json!(types);
    Ok(())
}

/// The parameter that names types, and the types.
fn named(call: &Call) -> Result<Option<(&'static str, Vec<&str>)>, ApiError> {
    let params = &call.params;
    let is_dropped = call.names_version && &*call.version >= TYPES_UNTIL;
    if params.has("payment_method_types") && is_dropped {
        let message = "The `payment_method_types` parameter is no longer supported. Use \
            `allowed_payment_method_types` or `excluded_payment_method_types`, or let Stripe \
            choose the payment methods.";
        let code = "payment_method_types_no_longer_supported";
        return Err(ApiError::parameter(code, "payment_method_types", message));
    }
    for name in ["payment_method_types", "allowed_payment_method_types"] {
        let types = params.list(name);
        if !types.is_empty() {
            return Ok(Some((name, types)));
        }
    }
    Ok(None)
}

fn check(kind: &str, currency: &str, param: &str) -> Result<(), ApiError> {
    let Some(known) = kinds::named(kind) else {
        let message = format!(
            "The payment method type \"{kind}\" is invalid. Please ensure the provided type is \
             activated in your dashboard (https://dashboard.stripe.com/account/payments/settings) \
             and your account is enabled for any preview features that you are trying to use."
        );
        return Err(ApiError::parameter("payment_intent_invalid_parameter", param, message));
    };
    if currency.is_empty() || known.takes(currency) {
        return Ok(());
    }
    let message = format!(
        "The currency provided ({currency}) is invalid for one or more payment method types on \
         this PaymentIntent: {kind} can be used with {}.",
        known.currencies.replace(' ', ", ")
    );
    Err(ApiError::parameter("payment_intent_invalid_parameter", param, message))
}

/// Refuses a method that an intent does not take.
pub fn check_method(intent: &Value, method: &Value) -> Result<(), ApiError> {
    let kind = text(method, "type");
    let types: Vec<&str> = intent["payment_method_types"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let automatic = &intent["automatic_payment_methods"];
    let known = kinds::of(method);
    let redirects = automatic["allow_redirects"] != "never" || known.course != Course::Redirect;
    let fits = known.takes(text(intent, "currency")) && redirects;
    if types.contains(&kind) || (is(automatic, "enabled") && fits) {
        return Ok(());
    }
    let what = if intent["object"] == "setup_intent" { "SetupIntent" } else { "PaymentIntent" };
    let message = format!(
        "The PaymentMethod provided ({kind}) is not allowed for this {what}. Please attach a \
         PaymentMethod of one of the following types: {} OR update this {what}'s allowed \
         payment_method_types to include \"{kind}\".",
        types.join(", ")
    );
    Err(ApiError::invalid(message)
        .code("payment_intent_incompatible_payment_method")
        .param("payment_method"))
}
