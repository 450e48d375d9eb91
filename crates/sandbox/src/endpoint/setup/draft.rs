//! A setup intent before it is confirmed: its object, what it carries, updates, cancellation.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::call::Call;
use super::super::super::event::emit;
use super::super::super::state::Kind;
use super::super::super::tx::{Tx, text};
use super::super::intent::draft::name_method;
use super::super::intent::method_types;
use serde_json::{Value, json};
use std::sync::LazyLock;

static BLANK: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("setup.json")).unwrap_or_default());

/// A refusal with the setup intent in it.
pub fn unexpected(setup: &Value, message: impl Into<String>) -> ApiError {
    ApiError::invalid(message)
        .code("setup_intent_unexpected_state")
        .with_object("setup_intent", setup)
}

/// Refuses an operation on a setup intent that has ended.
pub fn check_open(setup: &Value, verb: &str) -> Result<(), ApiError> {
    let status = text(setup, "status");
    if !["succeeded", "canceled", "processing"].contains(&status) {
        return Ok(());
    }
    let message = match (verb, status) {
        ("confirm", "succeeded") => "You cannot confirm this SetupIntent because it has already \
            succeeded."
            .to_owned(),
        _ => format!(
            "You cannot {verb} this SetupIntent because it has a status of {status}. It must have \
             one of the following statuses: requires_payment_method, requires_confirmation, \
             requires_action."
        ),
    };
    Err(unexpected(setup, message))
}

/// A setup intent with nothing in it.
pub fn blank(tx: &mut Tx<'_>) -> Value {
    let mut setup = BLANK.clone();
    let id = tx.id("seti_");
    setup["client_secret"] = json!(tx.id(&format!("{id}_secret_")));
    setup["id"] = json!(id);
    setup["created"] = json!(tx.now);
    setup
}

/// Stores a new setup intent and tells of it.
pub fn begin(tx: &mut Tx<'_>, setup: &Value) {
    tx.insert(Kind::SetupIntent, None, setup);
    let account = tx.account.clone();
    emit(tx, "setup_intent.created", &account, setup, None);
}

/// The fields that create, update and confirm have in common.
pub fn fill(call: &Call, tx: &Tx<'_>, setup: &mut Value) -> Result<(), ApiError> {
    let params = &call.params;
    params.patch(setup, &["description"])?;
    if let Some(id) = params.text("customer")?.filter(|id| !id.is_empty()) {
        setup["customer"] = crate::lookup::customer(tx, id)?["id"].clone();
    }
    if let Some(own) = params.boolean("attach_to_self")? {
        setup["attach_to_self"] = json!(own);
    }
    params.patch_groups(setup, &["payment_method_options"]);
    let card = &mut setup["payment_method_options"]["card"];
    if card["request_three_d_secure"].is_null() {
        *card = json!({"mandate_options": null, "network": null,
            "request_three_d_secure": "automatic"});
    }
    params.patch_metadata(setup)
}

/// `POST /v1/setup_intents/:id`.
pub fn update(call: &Call, tx: &mut Tx<'_>, mut setup: Value) -> Answer {
    if call.params.has("payment_method") || call.params.has("payment_method_data") {
        check_open(&setup, "update")?;
    }
    if call.params.has("payment_method_types") || call.params.has("allowed_payment_method_types") {
        method_types::read(call, tx, &mut setup, "")?;
    }
    fill(call, tx, &mut setup)?;
    name_method(call, tx, &mut setup)?;
    tx.update(&setup);
    Ok(setup)
}

/// `POST /v1/setup_intents/:id/cancel`.
pub fn cancel(call: &Call, tx: &mut Tx<'_>, setup: Value) -> Answer {
    let reasons = ["abandoned", "duplicate", "requested_by_customer"];
    let reason = call.params.choice("cancellation_reason", &reasons)?;
    end(tx, setup, reason)
}

/// Marks an intent as canceled and tells of it.
pub fn end(tx: &mut Tx<'_>, mut setup: Value, reason: Option<&str>) -> Answer {
    check_open(&setup, "cancel")?;
    setup["status"] = json!("canceled");
    setup["cancellation_reason"] = json!(reason);
    setup["next_action"] = Value::Null;
    tx.update(&setup);
    let account = tx.account.clone();
    emit(tx, "setup_intent.canceled", &account, &setup, None);
    Ok(setup)
}
