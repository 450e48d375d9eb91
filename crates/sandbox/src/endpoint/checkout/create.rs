//! Creates checkout sessions.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::call::Call;
use super::super::super::params::merge;
use super::super::super::state::Kind;
use super::super::super::tx::{Tx, number, text};
use super::super::intent::method_types;
use super::super::setup;
use super::{custom_field, lines, pay, totals};
use serde_json::{Value, json};
use std::sync::LazyLock;

static BLANK: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("session.json")).unwrap_or_default());

/// Seconds a session is open unless the request says otherwise, and at least.
const LIFETIME: i64 = 86_400;
const LIFETIME_MIN: i64 = 1_800;
/// Before this version a payment's intent is made with its session.
const INTENT_LATER_SINCE: &str = "2022-08-01";

/// Texts and groups that are kept as they are.
const TEXTS: &[&str] = &[
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "customer_email",
    "locale",
    "payment_method_collection",
    "return_url",
    "redirect_on_completion",
    "submit_type",
    "success_url",
];
const GROUPS: &[&str] = &[
    "automatic_tax",
    "consent_collection",
    "custom_text",
    "payment_method_options",
    "phone_number_collection",
    "shipping_address_collection",
    "tax_id_collection",
];

/// What would change the total or the page, and does not here: refused rather than ignored.
const NOT_SUPPORTED: &[&str] = &["optional_items"];

/// `POST /v1/checkout/sessions`.
pub fn run(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let params = &call.params;
    let modes = ["payment", "setup", "subscription"];
    let mode = params.choice("mode", &modes)?.ok_or_else(|| ApiError::missing("mode"))?;
    for name in NOT_SUPPORTED {
        if params.has(name) {
            let message = format!("This sandbox does not support `{name}` of Checkout Sessions.");
            return Err(ApiError { saved: false, ..ApiError::invalid(message) }.param(name));
        }
    }
    let mut session = BLANK.clone();
    let id = tx.id("cs_test_");
    session["id"] = json!(id);
    session["mode"] = json!(mode);
    session["created"] = json!(tx.now);
    surface(call, tx, &mut session)?;
    params.patch(&mut session, TEXTS)?;
    params.patch_groups(&mut session, GROUPS);
    params.patch_metadata(&mut session)?;
    if let Some(allows) = params.boolean("allow_promotion_codes")? {
        session["allow_promotion_codes"] = json!(allows);
    }
    payer(call, tx, &mut session, mode)?;
    let items = lines::read(call, tx, mode)?;
    let currency = price(call, &mut session, &items, mode)?;
    method_types::read(call, tx, &mut session, &currency)?;
    session.as_object_mut().map(|fields| fields.shift_remove("automatic_payment_methods"));
    expiry(call, tx, &mut session)?;
    for name in ["payment_intent_data", "setup_intent_data", "subscription_data"] {
        let hidden = format!("_{name}");
        session[hidden.as_str()] = json!({});
        if let Some(data) = params.values().get(name) {
            merge(&mut session[hidden.as_str()], data);
        }
    }
    custom_field::read(call, &mut session)?;
    tx.insert(Kind::Session, None, &session);
    lines::store(tx, &id, &items);
    if mode == "setup" {
        let mut intent = setup::draft::blank(tx);
        intent["customer"] = session["customer"].clone();
        intent["payment_method_types"] = session["payment_method_types"].clone();
        intent["_session"] = json!(id);
        pay::describe(&mut intent, &session["_setup_intent_data"]);
        setup::draft::begin(tx, &intent);
        session["setup_intent"] = intent["id"].clone();
    } else {
        totals::read(call, tx, &mut session, &items)?;
        let is_paid = mode == "payment" && number(&session, "amount_total") > 0;
        if is_paid && &*call.version < INTENT_LATER_SINCE {
            let intent = pay::new_intent(tx, &session);
            session["payment_intent"] = intent["id"].clone();
        }
    }
    tx.update(&session);
    Ok(session)
}

/// Where the page is, and where it leads.
fn surface(call: &Call, tx: &mut Tx<'_>, session: &mut Value) -> Result<(), ApiError> {
    let params = &call.params;
    let id = text(session, "id").to_owned();
    let words =
        ["hosted", "embedded", "custom", "hosted_page", "embedded_page", "elements", "form"];
    let ui = match params.choice("ui_mode", &words)?.unwrap_or("hosted") {
        "hosted_page" => "hosted",
        "embedded_page" | "form" => "embedded",
        "elements" => "custom",
        other => other,
    };
    session["ui_mode"] = json!(ui);
    if ui == "hosted" {
        params.required("success_url")?;
        let base = &tx.state.base_url;
        session["url"] = json!(format!("{base}/checkout.stripe.com/c/pay/{id}"));
        return Ok(());
    }
    for name in ["success_url", "cancel_url"] {
        if params.has(name) {
            let message = format!("You may not provide `{name}` when `ui_mode` is `{ui}`.");
            return Err(ApiError::invalid(message).param(name));
        }
    }
    if params.text("redirect_on_completion")? != Some("never") {
        params.required("return_url")?;
    }
    session["redirect_on_completion"] = json!("always");
    session["client_secret"] = json!(tx.id(&format!("{id}_secret_")));
    Ok(())
}

fn payer(call: &Call, tx: &Tx<'_>, session: &mut Value, mode: &str) -> Result<(), ApiError> {
    let params = &call.params;
    if let Some(id) = params.filled("customer")? {
        if params.has("customer_email") {
            let message = "You may only specify one of these parameters: customer, \
                customer_email.";
            return Err(ApiError::invalid(message).param("customer"));
        }
        session["customer"] = crate::lookup::customer(tx, id)?["id"].clone();
        return Ok(());
    }
    if mode == "payment" {
        let word = params.choice("customer_creation", &["always", "if_required"])?;
        session["customer_creation"] = json!(word.unwrap_or("if_required"));
    }
    Ok(())
}

/// Adds the items up and checks that they can be paid; returns the currency.
fn price(
    call: &Call,
    session: &mut Value,
    items: &[Value],
    mode: &str,
) -> Result<String, ApiError> {
    if mode == "setup" {
        let currency = call.params.filled("currency")?.unwrap_or_default().to_lowercase();
        session["currency"] = if currency.is_empty() { Value::Null } else { json!(currency) };
        session["payment_status"] = json!("no_payment_required");
        return Ok(currency);
    }
    let Some(first) = items.first() else { return Err(ApiError::missing("line_items")) };
    if mode == "subscription" && !items.iter().any(|item| item["price"]["recurring"].is_object()) {
        let message = "You must provide at least one recurring price in `subscription` mode when \
            using prices.";
        return Err(ApiError::invalid(message).param("line_items"));
    }
    let currency = text(first, "currency").to_owned();
    let each = items.iter().map(|item| number(item, "amount_total"));
    let total = each.fold(0_i64, i64::saturating_add);
    totals::check(total, &currency)?;
    session["currency"] = json!(currency);
    // What a promotion code needs at least; discounts and shipping come with totals.rs.
    session["amount_subtotal"] = json!(total);
    Ok(currency)
}

fn expiry(call: &Call, tx: &Tx<'_>, session: &mut Value) -> Result<(), ApiError> {
    let expires = call.params.integer("expires_at")?.unwrap_or(tx.now + LIFETIME);
    if !(tx.now + LIFETIME_MIN - 60..=tx.now + LIFETIME + 60).contains(&expires) {
        let message = "The `expires_at` timestamp must be between 30 minutes and 24 hours from \
            Checkout Session creation.";
        return Err(ApiError::invalid(message).param("expires_at"));
    }
    session["expires_at"] = json!(expires);
    session["_due"] = json!(expires * 1_000);
    Ok(())
}
