//! Creates payment intents.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::call::{Call, check_minimum, check_step};
use super::super::super::tx::Tx;
use super::super::charge_object::Plan;
use super::{confirm, draft, method_types};
use serde_json::{Value, json};

/// Since when captures are asynchronous unless the request says otherwise.
const ASYNC_SINCE: &str = "2024-04-10";

/// `POST /v1/payment_intents`.
pub fn run(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let params = &call.params;
    let (amount, currency) = (call.amount()?, call.currency()?);
    check_minimum(amount, &currency)?;
    check_step(Some(amount), &currency)?;
    let plan = Plan::read(call, tx, amount)?;
    let mut intent = draft::blank(tx, amount, &currency);
    let capture = params.choice("capture_method", draft::CAPTURE_METHODS)?;
    let default = if &*call.version < ASYNC_SINCE { "automatic" } else { "automatic_async" };
    intent["capture_method"] = json!(capture.unwrap_or(default));
    if let Some(word) = params.choice("confirmation_method", &["automatic", "manual"])? {
        intent["confirmation_method"] = json!(word);
    }
    method_types::read(call, tx, &mut intent, &currency)?;
    for (name, value) in [
        ("application_fee_amount", json!(plan.application_fee)),
        ("on_behalf_of", json!(plan.on_behalf_of)),
        ("transfer_data", transfer_data(&plan)),
    ] {
        intent[name] = value;
    }
    draft::fill(call, tx, &mut intent)?;
    let method = draft::name_method(call, tx, &mut intent)?;
    let confirmed = params.boolean("confirm")?.unwrap_or(false);
    if !confirmed {
        for name in ["off_session", "error_on_requires_action", "return_url", "mandate_data"] {
            if params.has(name) {
                return Err(only_confirming(name));
            }
        }
    }
    draft::begin(tx, &intent);
    match (confirmed, method) {
        (false, _) => Ok(intent),
        (true, Some(method)) => confirm::attempt(call, tx, intent, &method),
        (true, None) => Err(confirm::missing_method(&intent)),
    }
}

fn transfer_data(plan: &Plan) -> Value {
    let Some(destination) = &plan.destination else { return Value::Null };
    match plan.transfer_amount {
        Some(amount) => json!({"amount": amount, "destination": destination}),
        None => json!({"destination": destination}),
    }
}

fn only_confirming(name: &str) -> ApiError {
    let message = format!(
        "Received unknown parameter: {name}. You may only use `{name}` when `confirm` is true."
    );
    ApiError::parameter("parameter_unknown", name, message)
}
