//! A payment intent before it is confirmed: its object, what it carries, and its updates.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::call::{Call, check_minimum, check_step};
use super::super::super::event::emit;
use super::super::super::state::Kind;
use super::super::super::tx::{Tx, number, text};
use super::super::charge_object::Plan;
use super::super::method::resolve;
use super::super::{charge, confirmation_token};
use super::{method_types, unexpected};
use serde_json::{Value, json};
use std::sync::LazyLock;

static BLANK: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("intent.json")).unwrap_or_default());

/// The words of `capture_method`.
pub const CAPTURE_METHODS: &[&str] = &["automatic", "automatic_async", "manual"];

/// An intent with nothing but an amount.
pub fn blank(tx: &mut Tx<'_>, amount: i64, currency: &str) -> Value {
    let mut intent = BLANK.clone();
    let id = tx.id("pi_");
    intent["client_secret"] = json!(tx.id(&format!("{id}_secret_")));
    intent["id"] = json!(id);
    intent["amount"] = json!(amount);
    intent["currency"] = json!(currency);
    intent["created"] = json!(tx.now);
    intent
}

/// Stores a new intent and tells of it.
pub fn begin(tx: &mut Tx<'_>, intent: &Value) {
    tx.insert(Kind::PaymentIntent, None, intent);
    let account = tx.account.clone();
    emit(tx, "payment_intent.created", &account, intent, None);
}

/// Finds the method that the parameters name, and notes it in the intent.
pub fn name_method(
    call: &Call,
    tx: &mut Tx<'_>,
    intent: &mut Value,
) -> Result<Option<Value>, ApiError> {
    let customer = text(intent, "customer").to_owned();
    let owner = (!customer.is_empty()).then_some(customer.as_str());
    confirmation_token::apply(call, tx, intent);
    let Some(method) = resolve::read(&call.params, tx, owner)? else { return Ok(None) };
    method_types::check_method(intent, &method)?;
    intent["payment_method"] = method["id"].clone();
    intent["status"] = json!("requires_confirmation");
    Ok(Some(method))
}

/// The fields that create, update and confirm have in common.
pub fn fill(call: &Call, tx: &Tx<'_>, intent: &mut Value) -> Result<(), ApiError> {
    let params = &call.params;
    for name in ["statement_descriptor", "statement_descriptor_suffix"] {
        charge::check_descriptor(params.text(name)?, name, 22)?;
    }
    params.patch(
        intent,
        &[
            "description",
            "receipt_email",
            "statement_descriptor",
            "statement_descriptor_suffix",
            "transfer_group",
        ],
    )?;
    if params.text("setup_future_usage")? == Some("") {
        intent["setup_future_usage"] = Value::Null;
    } else if let Some(word) =
        params.choice("setup_future_usage", &["off_session", "on_session"])?
    {
        intent["setup_future_usage"] = json!(word);
    }
    if let Some(id) = params.text("customer")?.filter(|id| !id.is_empty()) {
        intent["customer"] = crate::lookup::customer(tx, id)?["id"].clone();
    }
    params.patch_groups(intent, &["shipping", "payment_method_options"]);
    let card = &mut intent["payment_method_options"]["card"];
    if card.is_null() {
        *card = json!({"installments": null, "mandate_options": null, "network": null});
    }
    if card["request_three_d_secure"].is_null() {
        card["request_three_d_secure"] = json!("automatic");
    }
    params.patch_metadata(intent)
}

/// `POST /v1/payment_intents/:id`.
pub fn update(call: &Call, tx: &mut Tx<'_>, mut intent: Value) -> Answer {
    let params = &call.params;
    for field in [
        "amount",
        "currency",
        "payment_method",
        "payment_method_data",
        "source",
        "setup_future_usage",
        "customer",
        "capture_method",
    ] {
        if params.has(field) {
            unexpected::check_update(&intent, field)?;
        }
    }
    if params.has("currency") {
        intent["currency"] = json!(call.currency()?);
    }
    let amount = params.amount("amount")?.unwrap_or_else(|| number(&intent, "amount"));
    check_minimum(amount, text(&intent, "currency"))?;
    check_step(Some(amount), text(&intent, "currency"))?;
    intent["amount"] = json!(amount);
    if let Some(word) = params.choice("capture_method", CAPTURE_METHODS)? {
        intent["capture_method"] = json!(word);
    }
    if let Some(fee) = params.amount("application_fee_amount")? {
        intent["application_fee_amount"] = json!(fee);
    }
    if let Some(group) = params.group("transfer_data")
        && let Some(share) = group.amount("amount")?
        && intent["transfer_data"].is_object()
    {
        intent["transfer_data"]["amount"] = json!(share);
    }
    plan(&intent).check(tx, amount)?;
    if params.has("payment_method_types") || params.has("allowed_payment_method_types") {
        let currency = text(&intent, "currency").to_owned();
        method_types::read(call, tx, &mut intent, &currency)?;
    }
    fill(call, tx, &mut intent)?;
    name_method(call, tx, &mut intent)?;
    tx.update(&intent);
    Ok(intent)
}

/// How an intent shares its money.
pub fn plan(intent: &Value) -> Plan {
    Plan {
        destination: intent["transfer_data"]["destination"].as_str().map(str::to_owned),
        transfer_amount: intent["transfer_data"]["amount"].as_i64(),
        application_fee: intent["application_fee_amount"].as_i64(),
        on_behalf_of: intent["on_behalf_of"].as_str().map(str::to_owned),
    }
}
