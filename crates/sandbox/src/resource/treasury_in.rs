//! Money that reaches a financial account, and what is taken from it: inbound transfers, received
//! credits and debits, and their reversals.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::tx::{Tx, number, text};
use super::treasury_money::{account, book, cash, check_funds, settle};
use super::{Resource, kind, named, new};
use serde_json::{Value, json};

/// Transfers from the owner's own bank account: `processing` → `succeeded` → returned, or `failed`,
/// or `canceled`.
pub const TRANSFER: Resource = Resource {
    create: transfer,
    actions: &[("POST", "cancel", |_, tx, flow| end(tx, flow, "canceled"))],
    ..Resource::new("treasury.inbound_transfer", "treasury/inbound_transfers", "ibt_")
};

/// What a test does with them.
pub const TRANSFER_TEST: Resource = Resource {
    path: "test_helpers/treasury/inbound_transfers",
    actions: &[("POST", "succeed", succeed), ("POST", "fail", fail), ("POST", "return", give_back)],
    ..TRANSFER
};

/// Credits that arrived.
pub const CREDIT: Resource =
    Resource::new("treasury.received_credit", "treasury/received_credits", "rc_");
/// Debits that others took.
pub const DEBIT: Resource =
    Resource::new("treasury.received_debit", "treasury/received_debits", "rd_");
/// Credits that are sent back.
pub const CREDIT_REVERSAL: Resource = Resource {
    create: |call, tx, made| reverse(call, tx, made, "received_credit"),
    ..Resource::new("treasury.credit_reversal", "treasury/credit_reversals", "credrev_")
};
/// Debits that are taken back.
pub const DEBIT_REVERSAL: Resource = Resource {
    create: |call, tx, made| reverse(call, tx, made, "received_debit"),
    ..Resource::new("treasury.debit_reversal", "treasury/debit_reversals", "debrev_")
};

/// The details of a bank account, with the last digits of what a test names.
pub fn bank(sent: &Value, network: &str) -> Value {
    let number = sent["account_number"].as_str().unwrap_or("000123456789");
    let last4 = number.get(number.len().saturating_sub(4)..).unwrap_or_default();
    json!({"type": "us_bank_account",
        "billing_details": {"email": null, "name": "Jenny Rosen", "address": {"city": null,
            "country": null, "line1": null, "line2": null, "postal_code": null, "state": null}},
        "us_bank_account": {"account_holder_type": "individual", "account_type": "checking",
            "bank_name": "Sandbox Bank", "fingerprint": null, "last4": last4, "network": network,
            "routing_number": sent["routing_number"].as_str().unwrap_or("110000000")}})
}

fn transfer(call: &Call, tx: &mut Tx<'_>, flow: &mut Value) -> Result<(), ApiError> {
    account(tx, call.params.required("financial_account")?)?;
    let (amount, currency) = (call.amount()?, call.currency()?);
    for (name, value) in [
        ("cancelable", json!(true)),
        ("currency", json!(currency)),
        ("failure_details", Value::Null),
        ("linked_flows", json!({"received_debit": null})),
        ("origin_payment_method_details", bank(&Value::Null, "ach")),
        ("returned", json!(false)),
        (
            "statement_descriptor",
            json!(call.params.filled("statement_descriptor")?.unwrap_or("Sluicegate")),
        ),
        ("status", json!("processing")),
        (
            "status_transitions",
            json!({"canceled_at": null, "failed_at": null, "succeeded_at": null}),
        ),
    ] {
        flow[name] = value;
    }
    book(tx, flow, "inbound_transfer", [0, amount, 0])
}

/// Ends a transfer that is still processing.
fn end(tx: &mut Tx<'_>, mut flow: Value, status: &str) -> Answer {
    if flow["status"] != "processing" {
        let message = format!(
            "This inbound transfer cannot be changed: it has the status {}.",
            text(&flow, "status")
        );
        return Err(ApiError::invalid(message));
    }
    let amount = number(&flow, "amount");
    let succeeds = status == "succeeded";
    book(tx, &mut flow, "inbound_transfer", [if succeeds { amount } else { 0 }, -amount, 0])?;
    settle(tx, &flow, if succeeds { "posted" } else { "void" });
    flow["status"] = json!(status);
    flow["cancelable"] = json!(false);
    flow["status_transitions"][format!("{status}_at")] = json!(tx.now);
    Ok(told(tx, flow, status))
}

fn told(tx: &mut Tx<'_>, flow: Value, event: &str) -> Value {
    tx.update(&flow);
    let account = tx.account.clone();
    let event = format!("{}.{event}", text(&flow, "object"));
    emit(tx, &event, &account, &flow, None);
    flow
}

fn succeed(_: &Call, tx: &mut Tx<'_>, flow: Value) -> Answer {
    end(tx, flow, "succeeded")
}

fn fail(call: &Call, tx: &mut Tx<'_>, mut flow: Value) -> Answer {
    let sent = call.params.group("failure_details").unwrap_or_default();
    flow["failure_details"] = json!({"code": sent.filled("code")?.unwrap_or("other")});
    end(tx, flow, "failed")
}

/// The bank takes back money that had arrived.
fn give_back(_: &Call, tx: &mut Tx<'_>, mut flow: Value) -> Answer {
    if flow["status"] != "succeeded" || flow["returned"] == true {
        let message = "Only an inbound transfer that succeeded can be returned, and once.";
        return Err(ApiError::invalid(message));
    }
    let amount = number(&flow, "amount");
    book(tx, &mut flow, "inbound_transfer_return", [-amount, 0, 0])?;
    flow["returned"] = json!(true);
    tx.update(&flow);
    Ok(flow)
}

/// `POST /v1/test_helpers/treasury/received_credits` and `received_debits`.
pub fn receive(call: &Call, tx: &mut Tx<'_>, what: &str) -> Option<Answer> {
    let (object, prefix) = match what {
        "received_credits" => (CREDIT.object, CREDIT.prefix),
        "received_debits" => (DEBIT.object, DEBIT.prefix),
        _ => return None,
    };
    Some(received(call, tx, object, prefix))
}

fn received(call: &Call, tx: &mut Tx<'_>, object: &'static str, prefix: &str) -> Answer {
    let into = account(tx, call.params.required("financial_account")?)?;
    let (amount, currency) = (call.amount()?, call.currency()?);
    let is_credit = object == CREDIT.object;
    let fails = !is_credit && cash(&into, &currency) < amount;
    let sent = call.params.group("initiating_payment_method_details").unwrap_or_default();
    let own = sent.values().get("us_bank_account").cloned().unwrap_or_default();
    let mut details = bank(&own, "ach");
    details["us_bank_account"] = json!({"bank_name": "Sandbox Bank",
        "last4": details["us_bank_account"]["last4"],
        "routing_number": details["us_bank_account"]["routing_number"]});
    let mut made = new(tx, object, prefix);
    for (name, value) in [
        ("amount", json!(amount)),
        ("currency", json!(currency)),
        ("description", json!(call.params.text("description")?.unwrap_or("Sandbox transfer"))),
        ("financial_account", into["id"].clone()),
        ("initiating_payment_method_details", details),
        ("network", json!(call.params.required("network")?)),
        ("status", json!(if fails { "failed" } else { "succeeded" })),
    ] {
        made[name] = value;
    }
    made["failure_code"] = if fails { json!("insufficient_funds") } else { Value::Null };
    if !fails {
        let (step, cash) =
            if is_credit { ("received_credit", amount) } else { ("received_debit", -amount) };
        book(tx, &mut made, step, [cash, 0, 0])?;
        settle(tx, &made, "posted");
    }
    let above = text(&into, "id").to_owned();
    tx.insert(kind(object), Some(&above), &made);
    let account = tx.account.clone();
    emit(tx, &format!("{object}.created"), &account, &made, None);
    if is_credit {
        emit(tx, "treasury.received_credit.succeeded", &account, &made, None);
    }
    Ok(made)
}

/// Sends a received credit back, or takes a received debit back.
fn reverse(
    call: &Call,
    tx: &mut Tx<'_>,
    made: &mut Value,
    name: &'static str,
) -> Result<(), ApiError> {
    let is_credit = name == "received_credit";
    let id = call.params.required(name)?;
    let object = if is_credit { CREDIT.object } else { DEBIT.object };
    let mut received = named(tx, object, id, name)?;
    let back = if is_credit { "credit_reversal" } else { "debit_reversal" };
    if received["status"] != "succeeded" || received["linked_flows"][back].is_string() {
        let message = format!("The {} has failed, or was reversed.", name.replace('_', " "));
        return Err(ApiError::invalid(message).param(name));
    }
    let amount = number(&received, "amount");
    if is_credit {
        let from = account(tx, text(&received, "financial_account"))?;
        check_funds(&from, amount, text(&received, "currency"))?;
    }
    received["linked_flows"][back] = made["id"].clone();
    tx.update(&received);
    for field in ["amount", "currency", "financial_account"] {
        made[field] = received[field].clone();
    }
    made[name] = json!(id);
    made["network"] = json!("ach");
    let (status, at) =
        if is_credit { ("posted", "posted_at") } else { ("succeeded", "completed_at") };
    made["status"] = json!(status);
    made["status_transitions"] = json!({at: tx.now});
    let change = if is_credit { -amount } else { amount };
    book(tx, made, back, [change, 0, 0])?;
    settle(tx, made, "posted");
    Ok(())
}
