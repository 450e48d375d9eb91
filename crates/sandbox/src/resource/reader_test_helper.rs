//! What a test does at a reader: presents a card, fills in inputs, or lets their time pass.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::state::Kind;
use super::super::tx::{Tx, text};
use super::Resource;
use super::invoice_pay::internal;
use super::reader::{READER, end, ended, pay, with_tip};
use serde_json::{Value, json};

/// What a test does with them.
pub const TEST: Resource = Resource {
    path: "test_helpers/terminal/readers",
    actions: &[
        ("POST", "present_payment_method", present),
        ("POST", "succeed_input_collection", fill_inputs),
        ("POST", "timeout_input_collection", time_out),
    ],
    ..READER
};

/// The card that is presented when none is named.
const CARD: &str = "4242424242424242";

/// Presents a card to the action in progress.
pub fn present(call: &Call, tx: &mut Tx<'_>, reader: Value) -> Answer {
    let action = reader["action"].clone();
    if action["status"] != "in_progress" || action["type"] == "collect_inputs" {
        let message = "The reader has no action in progress that a card could be presented to.";
        return Err(ApiError::invalid(message).code("terminal_reader_invalid_action"));
    }
    let what = text(&action, "type").to_owned();
    let detail = &action[&what];
    match what.as_str() {
        "process_payment_intent" => {
            let intent = text(detail, "payment_intent");
            if let Some(tip) = call.params.amount("amount_tip")? {
                with_tip(tx, intent, tip)?;
            }
            let method = presented(call, tx, &reader)?;
            Ok(pay(tx, reader, intent, text(&method, "id")))
        }
        "collect_payment_method" => {
            let method = presented(call, tx, &reader)?;
            let mut reader = reader;
            reader["action"][&what]["payment_method"] = method;
            Ok(end(tx, reader, None))
        }
        "process_setup_intent" => {
            let card = card(call, tx)?;
            let path = format!("setup_intents/{}/confirm", text(detail, "setup_intent"));
            let form = format!("payment_method={}", text(&card, "id"));
            let confirmed = internal(tx, &path, &form);
            let mut reader = reader;
            reader["action"][&what]["generated_card"] = card["id"].clone();
            Ok(ended(tx, reader, confirmed))
        }
        _ => refund(tx, reader),
    }
}

fn refund(tx: &mut Tx<'_>, mut reader: Value) -> Answer {
    let detail = reader["action"]["refund_payment"].clone();
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in detail.as_object().into_iter().flatten() {
        match value {
            Value::String(text) => form.append_pair(name, text),
            other => form.append_pair(name, &other.to_string()),
        };
    }
    let made = internal(tx, "refunds", &form.finish());
    if let Some(Ok(refund)) = &made {
        reader["action"]["refund_payment"]["refund"] = refund["id"].clone();
    }
    Ok(ended(tx, reader, made))
}

/// The presented card, as a payment method of type `card`.
fn card(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let kinds = ["card_present", "interac_present", "card"];
    let named = kinds.iter().find_map(|kind| call.params.group(kind));
    let named = named.unwrap_or_default();
    let number = named.filled("number")?.unwrap_or(CARD);
    let month = named.integer("exp_month")?.unwrap_or(12);
    let year = named.integer("exp_year")?.unwrap_or(2040);
    let form =
        format!("type=card&card[number]={number}&card[exp_month]={month}&card[exp_year]={year}");
    let made = internal(tx, "payment_methods", &form);
    let made = made.unwrap_or_else(|| Err(ApiError::missing("card_present")))?;
    let id = text(&made, "id");
    tx.get(Kind::Method, id).ok_or_else(|| ApiError::no_such("PaymentMethod", id, "card"))
}

/// The presented card, as a payment method of type `card_present`.
fn presented(call: &Call, tx: &mut Tx<'_>, reader: &Value) -> Answer {
    let mut method = card(call, tx)?;
    let card = method["card"].take();
    method.as_object_mut().map(|fields| fields.shift_remove("card"));
    method["type"] = json!("card_present");
    let mut present = json!({"brand_product": null, "cardholder_name": null, "description": null,
        "issuer": null, "iin": null, "offline": null, "preferred_locales": [],
        "networks": {"available": [card["brand"]], "preferred": null},
        "read_method": "contactless_emv"});
    for name in
        ["brand", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "wallet"]
    {
        present[name] = card[name].clone();
    }
    present.as_object_mut().map(|fields| fields.shift_remove("wallet"));
    method["card_present"] = present;
    method["_reader"] = reader["id"].clone();
    tx.update(&method);
    Ok(method)
}

/// The inputs that the reader asks for, or a refusal.
fn asked(reader: &Value) -> Result<Vec<Value>, ApiError> {
    let action = &reader["action"];
    if action["status"] != "in_progress" || action["type"] != "collect_inputs" {
        let message = "The reader is not collecting inputs.";
        return Err(ApiError::invalid(message).code("terminal_reader_invalid_action"));
    }
    Ok(action["collect_inputs"]["inputs"].as_array().cloned().unwrap_or_default())
}

/// Fills in every input, or only those that are required.
pub fn fill_inputs(call: &Call, tx: &mut Tx<'_>, mut reader: Value) -> Answer {
    let skips = call.params.filled("skip_non_required_inputs")? == Some("all");
    let mut inputs = asked(&reader)?;
    for input in &mut inputs {
        let kind = text(input, "type").to_owned();
        let is_skipped = skips && input["required"] != true;
        input["skipped"] = json!(is_skipped);
        let value = match kind.as_str() {
            "email" => "jenny.rosen@example.com",
            "phone" => "+18005550100",
            "numeric" => "12345",
            "signature" => "file_sandbox_signature",
            _ => "Jenny Rosen",
        };
        if kind == "selection" {
            let first = input["selection"]["choices"][0].clone();
            if !is_skipped {
                input["selection"]["id"] = first["id"].clone();
                input["selection"]["text"] = first["text"].clone();
            }
        } else {
            input[&kind] = json!({"value": if is_skipped { Value::Null } else { json!(value) }});
        }
    }
    reader["action"]["collect_inputs"]["inputs"] = json!(inputs);
    Ok(end(tx, reader, None))
}

/// The person did not answer in time.
pub fn time_out(_: &Call, tx: &mut Tx<'_>, reader: Value) -> Answer {
    asked(&reader)?;
    Ok(end(tx, reader, Some(("customer_canceled", "The customer did not answer in time."))))
}
