//! Terminal readers: one action at a time, which is in progress until a card is presented.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::params::Params;
use super::super::state::Kind;
use super::super::tx::{Tx, number, text};
use super::{Resource, invoice_pay, named};
use serde_json::{Value, json};

/// Readers.
pub const READER: Resource = Resource {
    create,
    actions: &[
        ("POST", "process_payment_intent", |call, tx, reader| {
            payment(call, tx, reader, "process_payment_intent")
        }),
        ("POST", "collect_payment_method", |call, tx, reader| {
            payment(call, tx, reader, "collect_payment_method")
        }),
        ("POST", "confirm_payment_intent", confirm),
        ("POST", "process_setup_intent", setup),
        ("POST", "refund_payment", refund),
        ("POST", "set_reader_display", display),
        ("POST", "collect_inputs", inputs),
        ("POST", "cancel_action", cancel),
    ],
    ..Resource::new("terminal.reader", "terminal/readers", "tmr_")
};

fn create(call: &Call, tx: &mut Tx<'_>, reader: &mut Value) -> Result<(), ApiError> {
    if let Some(id) = call.params.filled("location")? {
        named(tx, "terminal.location", id, "location")?;
    }
    let id = reader["id"].clone();
    let label = call.params.filled("label")?.map_or(id.clone(), |label| json!(label));
    for (name, value) in [
        ("device_type", json!("simulated_wisepos_e")),
        ("label", label),
        ("serial_number", id),
        ("status", json!("online")),
    ] {
        reader[name] = value;
    }
    Ok(())
}

/// Begins an action, unless another one is in progress.
fn begin(tx: &mut Tx<'_>, mut reader: Value, what: &str, detail: Value) -> Answer {
    if reader["action"]["status"] == "in_progress" {
        let message = "Reader is currently busy processing another request.";
        return Err(ApiError::invalid(message).status(409).code("terminal_reader_busy"));
    }
    let mut action = json!({"api_error": null, "failure_code": null, "failure_message": null,
        "status": "in_progress", "type": what});
    action[what] = detail;
    reader["action"] = action;
    tx.update(&reader);
    Ok(reader)
}

/// Ends the action of a reader: it succeeded, or failed by a refusal.
pub fn end(tx: &mut Tx<'_>, mut reader: Value, refusal: Option<(&str, &str)>) -> Value {
    let status = if refusal.is_some() { "failed" } else { "succeeded" };
    reader["action"]["status"] = json!(status);
    if let Some((code, message)) = refusal {
        reader["action"]["failure_code"] = json!(code);
        reader["action"]["failure_message"] = json!(message);
    }
    tx.update(&reader);
    let account = tx.account.clone();
    emit(tx, &format!("terminal.reader.action_{status}"), &account, &reader, None);
    reader
}

/// The intent of a request, in a state in which a card can pay it.
fn intent(tx: &Tx<'_>, id: &str) -> Answer {
    let found = tx.get(Kind::PaymentIntent, id);
    let found = found.ok_or_else(|| ApiError::no_such("payment_intent", id, "payment_intent"))?;
    let types = found["payment_method_types"].as_array().cloned().unwrap_or_default();
    if !types.contains(&json!("card_present")) {
        let message = "The PaymentIntent must have card_present among its payment method types.";
        return Err(ApiError::invalid(message).param("payment_intent"));
    }
    if !matches!(text(&found, "status"), "requires_payment_method" | "requires_confirmation") {
        let message = format!(
            "The PaymentIntent cannot be processed because it has a status of {}.",
            text(&found, "status")
        );
        let refusal = ApiError::invalid(message).code("intent_invalid_state");
        return Err(refusal.param("payment_intent"));
    }
    Ok(found)
}

fn config(params: &Params, name: &str) -> Value {
    let mut made = json!({});
    let sent = params.group(name).unwrap_or_default();
    for (key, value) in sent.values() {
        match value.as_str() {
            Some("true" | "false") => made[key.as_str()] = json!(value == "true"),
            Some(text) if key == "return_url" => made[key.as_str()] = json!(text),
            _ => {}
        }
    }
    made
}

fn payment(call: &Call, tx: &mut Tx<'_>, reader: Value, what: &str) -> Answer {
    let intent = intent(tx, call.params.required("payment_intent")?)?;
    let key = if what == "process_payment_intent" { "process_config" } else { "collect_config" };
    let mut detail = json!({"payment_intent": intent["id"]});
    if call.params.has(key) {
        detail[key] = config(&call.params, key);
    }
    begin(tx, reader, what, detail)
}

/// Confirms an intent by the card that `collect_payment_method` collected.
fn confirm(call: &Call, tx: &mut Tx<'_>, reader: Value) -> Answer {
    let intent = intent(tx, call.params.required("payment_intent")?)?;
    let collected = &reader["action"]["collect_payment_method"];
    if collected["payment_intent"] != intent["id"] || collected["payment_method"].is_null() {
        let message = "Collect the payment method of this PaymentIntent before you confirm it.";
        return Err(ApiError::invalid(message).param("payment_intent"));
    }
    let method = text(&collected["payment_method"], "id").to_owned();
    let detail = json!({"payment_intent": intent["id"]});
    let reader = begin(tx, reader, "confirm_payment_intent", detail)?;
    Ok(pay(tx, reader, text(&intent, "id"), &method))
}

/// Pays an intent, and ends the action as the payment ends.
pub fn pay(tx: &mut Tx<'_>, reader: Value, intent: &str, method: &str) -> Value {
    let path = format!("payment_intents/{intent}/confirm");
    let paid = invoice_pay::internal(tx, &path, &format!("payment_method={method}"));
    ended(tx, reader, paid)
}

/// Ends an action with what another endpoint answered.
pub fn ended(tx: &mut Tx<'_>, reader: Value, answer: Option<Answer>) -> Value {
    match answer {
        Some(Err(refusal)) => {
            let code = refusal.code.unwrap_or("processing_error");
            end(tx, reader, Some((code, &refusal.message)))
        }
        _ => end(tx, reader, None),
    }
}

fn setup(call: &Call, tx: &mut Tx<'_>, reader: Value) -> Answer {
    let id = call.params.required("setup_intent")?;
    if tx.get(Kind::SetupIntent, id).is_none() {
        return Err(ApiError::no_such("setupintent", id, "setup_intent"));
    }
    begin(tx, reader, "process_setup_intent", json!({"setup_intent": id}))
}

fn refund(call: &Call, tx: &mut Tx<'_>, reader: Value) -> Answer {
    let mut detail = json!({});
    for name in ["charge", "payment_intent"] {
        if let Some(id) = call.params.filled(name)? {
            let kind = if name == "charge" { Kind::Charge } else { Kind::PaymentIntent };
            tx.get(kind, id).ok_or_else(|| ApiError::no_such(name, id, name))?;
            detail[name] = json!(id);
        }
    }
    if detail == json!({}) {
        let message = "One of charge or payment_intent must be provided.";
        return Err(ApiError::invalid(message).code("parameter_missing").param("charge"));
    }
    if let Some(amount) = call.params.amount("amount")? {
        detail["amount"] = json!(amount);
    }
    for name in ["refund_application_fee", "reverse_transfer"] {
        if let Some(flag) = call.params.boolean(name)? {
            detail[name] = json!(flag);
        }
    }
    begin(tx, reader, "refund_payment", detail)
}

fn display(call: &Call, tx: &mut Tx<'_>, reader: Value) -> Answer {
    let mut cart = Value::Null;
    if let Some(sent) = call.params.group("cart") {
        let lines = sent.group("line_items").unwrap_or_default();
        let mut items = Vec::new();
        for line in lines.values().keys().filter_map(|key| lines.group(key)) {
            items.push(json!({"amount": line.integer("amount")?,
                "description": line.text("description")?,
                "quantity": line.integer("quantity")?.unwrap_or(1)}));
        }
        cart = json!({"currency": sent.text("currency")?, "line_items": items,
            "tax": sent.integer("tax")?, "total": sent.integer("total")?});
    }
    let detail = json!({"type": "cart", "cart": cart});
    let reader = begin(tx, reader, "set_reader_display", detail)?;
    Ok(end(tx, reader, None))
}

fn inputs(call: &Call, tx: &mut Tx<'_>, reader: Value) -> Answer {
    let sent = call.params.group("inputs").ok_or_else(|| ApiError::missing("inputs"))?;
    let mut made = Vec::new();
    for one in sent.values().keys().filter_map(|key| sent.group(key)) {
        let mut texts = json!({"description": null, "skip_button": null, "submit_button": null,
            "title": null});
        let shown = one.group("custom_text").unwrap_or_default();
        shown.patch(&mut texts, &["description", "skip_button", "submit_button", "title"])?;
        let mut input = json!({"custom_text": texts, "toggles": null,
            "required": one.boolean("required")?, "type": one.required("type")?});
        if let Some(selection) = one.group("selection") {
            let choices = selection.group("choices").unwrap_or_default();
            let choices: Vec<Value> = choices.values().values().cloned().collect();
            input["selection"] = json!({"choices": choices, "id": null, "text": null});
        }
        made.push(input);
    }
    begin(tx, reader, "collect_inputs", json!({"inputs": made, "metadata": {}}))
}

fn cancel(_: &Call, tx: &mut Tx<'_>, mut reader: Value) -> Answer {
    reader["action"] = Value::Null;
    tx.update(&reader);
    Ok(reader)
}

/// The amount of an intent that a tip is added to.
pub fn with_tip(tx: &mut Tx<'_>, intent: &str, tip: i64) -> Result<(), ApiError> {
    let Some(mut found) = tx.get(Kind::PaymentIntent, intent) else { return Ok(()) };
    found["amount"] = json!(number(&found, "amount") + tip);
    found["amount_details"]["tip"] = json!({"amount": tip});
    tx.update(&found);
    Ok(())
}
