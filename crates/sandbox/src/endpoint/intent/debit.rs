//! Debits of bank accounts: micro-deposits, mandates, and the answer of the bank days later.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::call::Call;
use super::super::super::card::DisputeKind;
use super::super::super::event::emit;
use super::super::super::state::Kind;
use super::super::super::tx::{Tx, is, text};
use super::super::method::bank_debit::{self, DebitEnd};
use super::super::method::resolve;
use super::super::{charge, dispute, mandate, microdeposits};
use super::{payment, unexpected};
use serde_json::{Value, json};

/// Starts a debit, or the verification of its bank account.
pub fn begin(call: &Call, tx: &mut Tx<'_>, mut intent: Value, method: &Value) -> Answer {
    let mandate = mandate::accepted(call, tx, &intent, method)?;
    intent["_mandate"] = json!(mandate);
    if microdeposits::are_needed(method) {
        intent["status"] = json!("requires_action");
        intent["next_action"] = microdeposits::next_action(tx, &intent);
        tx.update(&intent);
        let account = tx.account.clone();
        emit(tx, "payment_intent.requires_action", &account, &intent, None);
        return Ok(intent);
    }
    Ok(process(tx, intent, method))
}

/// `POST /v1/payment_intents/:id/verify_microdeposits`.
pub fn verify(call: &Call, tx: &mut Tx<'_>, intent: Value) -> Answer {
    if intent["next_action"]["type"] != "verify_with_microdeposits" {
        let message = "You cannot verify this PaymentIntent with micro-deposits because it does \
            not wait for them.";
        return Err(unexpected::state(&intent, message));
    }
    microdeposits::check(call)?;
    let mut method = resolve::of_intent(tx, &intent);
    method["_verified"] = json!(true);
    tx.update(&method);
    Ok(process(tx, intent, &method))
}

fn process(tx: &mut Tx<'_>, mut intent: Value, method: &Value) -> Value {
    let mut charge = payment::new_charge(tx, &intent, method);
    charge["status"] = json!("pending");
    charge["paid"] = json!(false);
    charge["captured"] = json!(true);
    let kind = text(method, "type");
    charge["payment_method_details"][kind]["mandate"] = intent["_mandate"].clone();
    tx.insert(Kind::Charge, intent["id"].as_str(), &charge);
    payment::keep_method(tx, &intent, method);
    intent["status"] = json!("processing");
    intent["next_action"] = Value::Null;
    intent["latest_charge"] = charge["id"].clone();
    if let Some(ms) = bank_debit::duration_ms(method) {
        intent["_due"] = json!(tx.state.clock.now_ms() + ms);
    }
    tx.update(&intent);
    let account = tx.account.clone();
    emit(tx, "charge.pending", &account, &charge, None);
    emit(tx, "payment_intent.processing", &account, &intent, None);
    intent
}

/// The bank answers.
pub fn end(tx: &mut Tx<'_>, intent: Value) {
    if intent["status"] != "processing" {
        return;
    }
    let method = resolve::of_intent(tx, &intent);
    let Some(charge) = tx.get(Kind::Charge, text(&intent, "latest_charge")) else { return };
    match bank_debit::end(&method) {
        DebitEnd::Failed(code) => {
            let refusal = refusal(code);
            let refusal = charge::decline(tx, charge, refusal);
            payment::fail(tx, intent, &method, refusal);
        }
        end => {
            let id = text(&charge, "id").to_owned();
            // Nothing of a debit can be refused here: all was checked when it began.
            let _ = payment::settle(tx, intent, charge, &method);
            if end == DebitEnd::Disputed
                && let Some(mut charge) = tx.get(Kind::Charge, &id).filter(|c| !is(c, "disputed"))
            {
                let reason = "debit_not_authorized";
                dispute::open(tx, &mut charge, reason, DisputeKind::Chargeback);
            }
        }
    }
}

fn refusal(code: &'static str) -> ApiError {
    let message = match code {
        "insufficient_funds" => {
            "The customer's account has insufficient funds to cover this payment."
        }
        "account_closed" => "The customer's bank account has been closed.",
        "no_account" => "The customer's bank account could not be located.",
        "debit_not_authorized" => {
            "The customer has notified their bank that this payment was unauthorized."
        }
        "charge_exceeds_source_limit"
        | "charge_exceeds_transaction_limit"
        | "payment_limit_exceeded" => "The payment exceeds the limit for debits of this account.",
        _ => "The payment failed.",
    };
    ApiError { status: 402, kind: "card_error", ..ApiError::invalid(message).code(code) }
}
