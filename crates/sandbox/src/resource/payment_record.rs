//! Records of payments that were made elsewhere: attempts that are reported, and refunds.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::listing;
use super::super::params::Params;
use super::super::tx::{Tx, number, text};
use super::{Resource, kind, named, new};
use serde_json::{Value, json};

const ATTEMPT: &str = "payment_attempt_record";
/// What is counted of a payment, beside its amount.
const AMOUNTS: [&str; 7] = [
    "amount",
    "amount_authorized",
    "amount_canceled",
    "amount_failed",
    "amount_guaranteed",
    "amount_refunded",
    "amount_requested",
];

/// Records.
pub const RECORD: Resource = Resource {
    own_filters: &["created_after", "created_before"],
    listed: |call, record| {
        let bound = |name: &str| call.params.integer(name).ok().flatten();
        let at = number(record, "created");
        bound("created_after").is_none_or(|from| at >= from)
            && bound("created_before").is_none_or(|to| at <= to)
    },
    actions: &[
        ("POST", "report_payment_attempt", attempt),
        ("POST", "report_payment_attempt_canceled", |call, tx, record| {
            outcome(call, tx, record, "canceled")
        }),
        ("POST", "report_payment_attempt_failed", |call, tx, record| {
            outcome(call, tx, record, "failed")
        }),
        ("POST", "report_payment_attempt_guaranteed", |call, tx, record| {
            outcome(call, tx, record, "guaranteed")
        }),
        ("POST", "report_payment_attempt_informational", inform),
        ("POST", "report_refund", refund),
    ],
    ..Resource::new("payment_record", "payment_records", "pr_")
};

/// `/v1/payment_records/report_payment` and `/v1/payment_attempt_records`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", ["payment_records", "report_payment"]) => report(call, tx),
        ("GET", ["payment_attempt_records"]) => {
            call.params.required("payment_record").and_then(|id| {
                let record = named(tx, RECORD.object, id, "payment_record")?;
                listing::page(tx, call, tx.children(kind(ATTEMPT), text(&record, "id")), &|_| true)
            })
        }
        ("GET", ["payment_attempt_records", id]) => super::of(tx, ATTEMPT, id),
        _ => return None,
    })
}

fn report(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let params = &call.params;
    let sent = params.group("amount_requested");
    let sent = sent.ok_or_else(|| ApiError::missing("amount_requested"))?;
    let value =
        sent.amount("value")?.ok_or_else(|| ApiError::missing("amount_requested[value]"))?;
    let currency = sent.required("currency")?.to_lowercase();
    let mut record = new(tx, RECORD.object, RECORD.prefix);
    for name in AMOUNTS {
        let is_asked = matches!(name, "amount" | "amount_requested");
        record[name] = json!({"currency": currency, "value": if is_asked { value } else { 0 }});
    }
    record["reported_by"] = json!("self");
    record["customer_presence"] = json!(params.filled("customer_presence")?);
    let processor = params.group("processor_details").unwrap_or_default();
    let reference = processor.group("custom").unwrap_or_default();
    record["processor_details"] = json!({"type": "custom",
        "custom": {"payment_reference": reference.text("payment_reference")?}});
    describe(params, &mut record)?;
    params.patch_metadata(&mut record)?;
    tx.insert(kind(RECORD.object), None, &record);
    begin(call, tx, record)
}

/// Writes what a report says of the customer, the shipping and the method.
fn describe(params: &Params, record: &mut Value) -> Result<(), ApiError> {
    params.patch(record, &["description"])?;
    if let Some(sent) = params.group("customer_details") {
        let mut details = json!({"customer": null, "email": null, "name": null, "phone": null});
        sent.patch(&mut details, &["customer", "email", "name", "phone"])?;
        record["customer_details"] = details;
    }
    if let Some(sent) = params.group("shipping_details") {
        let mut address = json!({"city": null, "country": null, "line1": null, "line2": null,
            "postal_code": null, "state": null});
        if let Some(given) = sent.group("address") {
            let names = ["city", "country", "line1", "line2", "postal_code", "state"];
            given.patch(&mut address, &names)?;
        }
        record["shipping_details"] = json!({"address": address, "name": sent.text("name")?,
            "phone": sent.text("phone")?});
    }
    let Some(sent) = params.group("payment_method_details") else { return Ok(()) };
    let mut details = json!({"type": "custom", "billing_details": null,
        "payment_method": sent.text("payment_method")?});
    if let Some(custom) = sent.group("custom") {
        details["custom"] = json!({"display_name": custom.text("display_name")?.unwrap_or_default(),
            "type": custom.text("type")?});
    }
    record["payment_method_details"] = details;
    Ok(())
}

/// A new attempt at a payment, with its outcome when that is known.
fn begin(call: &Call, tx: &mut Tx<'_>, mut record: Value) -> Answer {
    let mut made = new(tx, ATTEMPT, "par_");
    for name in AMOUNTS.into_iter().chain([
        "customer_details",
        "customer_presence",
        "description",
        "payment_method_details",
        "processor_details",
        "reported_by",
        "shipping_details",
    ]) {
        made[name] = record[name].clone();
    }
    made["payment_record"] = record["id"].clone();
    made["created"] = json!(call.params.integer("initiated_at")?.unwrap_or(tx.now));
    let above = text(&record, "id").to_owned();
    tx.insert(kind(ATTEMPT), Some(&above), &made);
    record["latest_payment_attempt_record"] = made["id"].clone();
    match call.params.filled("outcome")? {
        Some(word) => end(tx, record, word),
        None => {
            tx.update(&record);
            Ok(record)
        }
    }
}

fn attempt(call: &Call, tx: &mut Tx<'_>, mut record: Value) -> Answer {
    if number(&record["amount_guaranteed"], "value") > 0 {
        let message = "This payment is guaranteed already; no other attempt can be reported.";
        return Err(ApiError::invalid(message));
    }
    for name in ["amount_canceled", "amount_failed"] {
        record[name]["value"] = json!(0);
    }
    describe(&call.params, &mut record)?;
    call.params.patch_metadata(&mut record)?;
    begin(call, tx, record)
}

fn outcome(call: &Call, tx: &mut Tx<'_>, mut record: Value, word: &str) -> Answer {
    let ended = ["amount_canceled", "amount_failed", "amount_guaranteed"];
    if ended.iter().any(|name| number(&record[*name], "value") > 0) {
        let message = "The outcome of the latest payment attempt was reported already.";
        return Err(ApiError::invalid(message));
    }
    call.params.patch_metadata(&mut record)?;
    end(tx, record, word)
}

fn end(tx: &mut Tx<'_>, mut record: Value, word: &str) -> Answer {
    let name = format!("amount_{word}");
    record[&name] = record["amount_requested"].clone();
    Ok(stored(tx, record, &[&name]))
}

/// Stores a record, and the same amounts in its latest attempt.
fn stored(tx: &mut Tx<'_>, record: Value, names: &[&str]) -> Value {
    let latest = text(&record, "latest_payment_attempt_record");
    if let Some(mut attempt) = tx.get(kind(ATTEMPT), latest) {
        for name in names {
            attempt[*name] = record[*name].clone();
        }
        tx.update(&attempt);
    }
    tx.update(&record);
    record
}

fn inform(call: &Call, tx: &mut Tx<'_>, mut record: Value) -> Answer {
    describe(&call.params, &mut record)?;
    call.params.patch_metadata(&mut record)?;
    Ok(stored(tx, record, &["customer_details", "description", "shipping_details"]))
}

fn refund(call: &Call, tx: &mut Tx<'_>, mut record: Value) -> Answer {
    let refunded = number(&record["amount_refunded"], "value");
    let left = number(&record["amount_guaranteed"], "value") - refunded;
    let sent = call.params.group("amount").unwrap_or_default();
    let amount = sent.amount("value")?.unwrap_or(left);
    if amount > left || left == 0 {
        let message = format!("At most {left} of this payment can be refunded.");
        return Err(ApiError::invalid(message).param("amount[value]"));
    }
    record["amount_refunded"]["value"] = json!(refunded + amount);
    call.params.patch_metadata(&mut record)?;
    Ok(stored(tx, record, &["amount_refunded"]))
}
