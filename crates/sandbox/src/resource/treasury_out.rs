//! Money that leaves a financial account: outbound payments and transfers.
//!
//! `processing` → `posted` → `returned`, or `failed`, or `canceled`; a test moves them.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::tx::{Tx, number, text};
use super::treasury_money::{account, book, check_funds, settle};
use super::{Resource, treasury_in};
use serde_json::{Value, json};

/// Payments to others.
pub const PAYMENT: Resource = Resource {
    create,
    actions: &[("POST", "cancel", |_, tx, flow| undo(tx, flow, "canceled"))],
    ..Resource::new("treasury.outbound_payment", "treasury/outbound_payments", "obp_")
};

/// Transfers to the owner's own bank account.
pub const TRANSFER: Resource = Resource {
    object: "treasury.outbound_transfer",
    events: "treasury.outbound_transfer",
    path: "treasury/outbound_transfers",
    prefix: "obt_",
    ..PAYMENT
};

const TESTS: &[(&str, &str, super::Action)] = &[
    ("POST", "post", |_, tx, flow| post(tx, flow)),
    ("POST", "fail", |_, tx, flow| undo(tx, flow, "failed")),
    ("POST", "return", give_back),
];

/// What a test does with payments.
pub const PAYMENT_TEST: Resource = Resource {
    path: "test_helpers/treasury/outbound_payments",
    update: track,
    actions: TESTS,
    ..PAYMENT
};

/// What a test does with transfers.
pub const TRANSFER_TEST: Resource = Resource {
    path: "test_helpers/treasury/outbound_transfers",
    update: track,
    actions: TESTS,
    ..TRANSFER
};

fn create(call: &Call, tx: &mut Tx<'_>, flow: &mut Value) -> Result<(), ApiError> {
    let from = account(tx, call.params.required("financial_account")?)?;
    let (amount, currency) = (call.amount()?, call.currency()?);
    check_funds(&from, amount, &currency)?;
    let details = destination(call, tx)?;
    for (name, value) in [
        ("cancelable", json!(true)),
        ("currency", json!(currency)),
        ("destination_payment_method_details", details),
        ("expected_arrival_date", json!(tx.now + 2 * 86_400)),
        ("returned_details", Value::Null),
        (
            "statement_descriptor",
            json!(call.params.filled("statement_descriptor")?.unwrap_or("Sluicegate")),
        ),
        ("status", json!("processing")),
        ("tracking_details", Value::Null),
    ] {
        flow[name] = value;
    }
    flow["status_transitions"] =
        json!({"canceled_at": null, "failed_at": null, "posted_at": null, "returned_at": null});
    let word = text(flow, "object").trim_start_matches("treasury.").to_owned();
    book(tx, flow, &word, [-amount, 0, amount])
}

/// Where the money goes: a bank account, or another financial account.
fn destination(call: &Call, tx: &Tx<'_>) -> Answer {
    let params = &call.params;
    if let Some(data) = params.group("destination_payment_method_data") {
        if let Some(id) = data.filled("financial_account")? {
            account(tx, id)?;
            let mut details = treasury_in::bank(&Value::Null, "ach");
            details.as_object_mut().map(|fields| fields.shift_remove("us_bank_account"));
            details["type"] = json!("financial_account");
            details["financial_account"] = json!({"id": id, "network": "stripe"});
            return Ok(details);
        }
        let bank = data.group("us_bank_account").unwrap_or_default();
        let fields = json!({"account_number": bank.text("account_number")?,
            "routing_number": bank.text("routing_number")?});
        return Ok(treasury_in::bank(&fields, "ach"));
    }
    if params.filled("destination_payment_method")?.is_none() {
        let message = "Name a destination_payment_method, or destination_payment_method_data.";
        let refusal = ApiError::invalid(message).code("parameter_missing");
        return Err(refusal.param("destination_payment_method"));
    }
    Ok(treasury_in::bank(&Value::Null, "ach"))
}

/// The network's own numbers for a payment.
fn track(call: &Call, _: &mut Tx<'_>, flow: &mut Value) -> Result<(), ApiError> {
    let sent = call.params.group("tracking_details").unwrap_or_default();
    let kind = sent.required("type")?;
    let mut details = json!({"type": kind});
    details[kind] = match sent.group(kind) {
        Some(own) if kind == "ach" => json!({"trace_id": own.text("trace_id")?}),
        Some(own) => json!({"chips": own.text("chips")?, "imad": own.text("imad")?,
            "omad": own.text("omad")?}),
        None => return Err(ApiError::missing(&sent.full(kind))),
    };
    flow["tracking_details"] = details;
    Ok(())
}

fn check(flow: &Value, status: &str, what: &str) -> Result<(), ApiError> {
    if flow["status"] == status {
        return Ok(());
    }
    let message = format!(
        "You cannot {what} this object because it has the status {}; it must be {status}.",
        text(flow, "status")
    );
    Err(ApiError::invalid(message))
}

fn moved(tx: &mut Tx<'_>, mut flow: Value, status: &str) -> Value {
    flow["status"] = json!(status);
    flow["cancelable"] = json!(false);
    flow["status_transitions"][format!("{status}_at")] = json!(tx.now);
    tx.update(&flow);
    let account = tx.account.clone();
    let event = format!("{}.{status}", text(&flow, "object"));
    emit(tx, &event, &account, &flow, None);
    flow
}

fn step(flow: &Value, what: &str) -> String {
    format!("{}_{what}", text(flow, "object").trim_start_matches("treasury."))
}

fn post(tx: &mut Tx<'_>, mut flow: Value) -> Answer {
    check(&flow, "processing", "post")?;
    let (name, amount) = (step(&flow, "posting"), number(&flow, "amount"));
    book(tx, &mut flow, &name, [0, 0, -amount])?;
    settle(tx, &flow, "posted");
    Ok(moved(tx, flow, "posted"))
}

/// Cancels or fails: the money is back in the account.
fn undo(tx: &mut Tx<'_>, mut flow: Value, status: &str) -> Answer {
    let what = if status == "failed" { "failure" } else { "cancellation" };
    check(&flow, "processing", if status == "failed" { "fail" } else { "cancel" })?;
    let (name, amount) = (step(&flow, what), number(&flow, "amount"));
    book(tx, &mut flow, &name, [amount, 0, -amount])?;
    settle(tx, &flow, "void");
    Ok(moved(tx, flow, status))
}

/// The receiving bank sends posted money back.
fn give_back(call: &Call, tx: &mut Tx<'_>, mut flow: Value) -> Answer {
    check(&flow, "posted", "return")?;
    let sent = call.params.group("returned_details").unwrap_or_default();
    let code = sent.filled("code")?.unwrap_or("declined");
    let (name, amount) = (step(&flow, "return"), number(&flow, "amount"));
    book(tx, &mut flow, &name, [amount, 0, 0])?;
    flow["returned_details"] = json!({"code": code, "transaction": flow["transaction"]});
    Ok(moved(tx, flow, "returned"))
}
