//! Refunds: create, fail, retrieve, update.

use super::super::api_error::{Answer, ApiError};
use super::super::call::{Call, check_step, money};
use super::super::card::{self, Behavior};
use super::super::event::emit;
use super::super::listing;
use super::super::state::Kind;
use super::super::tx::{BalanceEntry, Tx, is, number, text};
use super::{charge_object, refund_money, refund_object};
use serde_json::{Value, json};

/// How long the bank holds a refund that it sends back or pays late.
const ENDS_AFTER_MS: i64 = 2_000;

/// Paths below `/v1/refunds`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", []) => create(call, tx),
        ("GET", []) => {
            let filter = listing::by_fields(&call.params, &["charge", "payment_intent"]);
            listing::page(tx, call, tx.ids(Kind::Refund), &filter)
        }
        ("GET", [id]) => of(tx, id),
        ("POST", [id]) => update(call, tx, id),
        ("POST", [id, "cancel"]) => of(tx, id)
            .and_then(|_| Err(ApiError::invalid("Refunds of card payments cannot be canceled."))),
        _ => return None,
    })
}

/// `POST /v1/test_helpers/refunds/:id/expire`: refunds here wait for nobody's bank details.
pub fn expire(tx: &Tx<'_>, id: &str) -> Answer {
    let refund = of(tx, id)?;
    let message = format!(
        "Only a refund that requires action can expire; this one has the status {}.",
        text(&refund, "status")
    );
    Err(ApiError::invalid(message))
}

fn of(tx: &Tx<'_>, id: &str) -> Answer {
    tx.get(Kind::Refund, id).ok_or_else(|| ApiError::not_found("refund", id))
}

fn create(call: &Call, tx: &mut Tx<'_>) -> Answer {
    if let (false, Some(intent)) =
        (call.params.has("charge"), call.params.filled("payment_intent")?)
    {
        return create_for(call, tx, &charge_of(tx, intent)?);
    }
    let id = call.params.filled("charge")?.ok_or_else(|| {
        ApiError::parameter(
            "parameter_missing",
            "charge",
            "One of the following params should be provided for this request: payment_intent or \
             charge.",
        )
    })?;
    create_for(call, tx, id).map_err(|refusal| match refusal.status {
        404 => ApiError { status: 404, ..refusal.param("charge") },
        _ => refusal,
    })
}

/// The charge that a payment intent succeeded with.
fn charge_of(tx: &Tx<'_>, intent: &str) -> Result<String, ApiError> {
    let missing = || ApiError::no_such("payment_intent", intent, "payment_intent");
    let found = tx.get(Kind::PaymentIntent, intent).ok_or_else(missing)?;
    let charge = tx.get(Kind::Charge, text(&found, "latest_charge"));
    let charge = charge.filter(|charge| charge["status"] == "succeeded").ok_or_else(|| {
        let message =
            format!("This PaymentIntent ({intent}) does not have a successful charge to refund.");
        ApiError::invalid(message).code("charge_not_refundable").param("payment_intent")
    })?;
    Ok(text(&charge, "id").to_owned())
}

/// Refunds a charge named by its path or parameter.
pub fn create_for(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let charge = charge_object::of(tx, id)?;
    let amount = refundable(call, &charge)?;
    let reason = reason(call)?;
    let plan = refund_money::Plan {
        fee: call.params.boolean("refund_application_fee")?.unwrap_or(false),
        transfer: call.params.boolean("reverse_transfer")?.unwrap_or(false),
    };
    plan.check(&charge)?;
    let mut refund = refund_object::new(tx, &charge, amount);
    refund["reason"] = json!(reason);
    call.params.patch_metadata(&mut refund)?;
    let charge = refund_money::give_back(tx, charge, &mut refund, &plan)?;
    match card::behavior(charge_object::card_number(&charge)) {
        Behavior::RefundFails => {
            refund["_due"] = json!(tx.state.clock.now_ms() + ENDS_AFTER_MS);
        }
        Behavior::RefundPends => {
            refund["_due"] = json!(tx.state.clock.now_ms() + ENDS_AFTER_MS);
            refund["status"] = json!("pending");
        }
        _ => {}
    }
    tx.insert(Kind::Refund, Some(id), &refund);
    let account = tx.account.clone();
    emit(tx, "charge.refunded", &account, &charge, None);
    emit(tx, "refund.created", &account, &refund, None);
    Ok(refund)
}

/// The amount to refund, when the charge can be refunded by it.
fn refundable(call: &Call, charge: &Value) -> Result<i64, ApiError> {
    let id = text(charge, "id");
    let refuse = |code, message: String| Err(ApiError::invalid(message).code(code));
    if charge["status"] != "succeeded" {
        let message = format!("Charge {id} is not refundable because it was not successful.");
        return refuse("charge_not_refundable", message);
    }
    if let (Some(intent), false) = (charge["payment_intent"].as_str(), is(charge, "captured")) {
        let message = format!(
            "Charge {id} is not refundable because it has not been captured. Cancel the \
             PaymentIntent {intent} instead."
        );
        return refuse("charge_not_refundable", message);
    }
    if is(charge, "refunded") {
        return refuse(
            "charge_already_refunded",
            format!("Charge {id} has already been refunded."),
        );
    }
    if is(charge, "disputed") {
        let message = format!("Charge {id} has been charged back; cannot issue a refund.");
        return refuse("charge_disputed", message);
    }
    if charge["source_transfer"].is_string() {
        let message =
            "Payments made by a transfer cannot be refunded; reverse the transfer instead.";
        return refuse("charge_not_refundable", message.to_owned());
    }
    let left = number(charge, "amount") - number(charge, "amount_refunded");
    let asked = call.params.amount("amount")?;
    check_step(asked, text(charge, "currency"))?;
    let amount = asked.unwrap_or(left);
    if amount > left {
        let currency = text(charge, "currency");
        let message = format!(
            "Refund amount ({}) is greater than unrefunded amount on charge ({})",
            money(amount, currency),
            money(left, currency)
        );
        return Err(ApiError::invalid(message).param("amount"));
    }
    if !is(charge, "captured") && amount < number(charge, "amount") {
        let message = "You cannot partially refund an uncaptured charge. Instead, capture the \
            charge for an amount less than the original amount";
        return Err(ApiError::invalid(message).param("amount"));
    }
    Ok(amount)
}

fn reason(call: &Call) -> Result<Option<&str>, ApiError> {
    let words = ["duplicate", "fraudulent", "requested_by_customer"];
    call.params.choice("reason", &words)
}

/// The bank pays a refund that was pending.
fn succeed(tx: &mut Tx<'_>, mut refund: Value) {
    let before = refund.clone();
    refund["status"] = json!("succeeded");
    tx.update(&refund);
    let account = tx.account.clone();
    emit(tx, "charge.refund.updated", &account, &refund, Some(&before));
    emit(tx, "refund.updated", &account, &refund, Some(&before));
}

/// The bank pays a pending refund, or sends one back: the money returns to the charge's account.
pub fn end(tx: &mut Tx<'_>, mut refund: Value) {
    if refund["status"] == "pending" {
        return succeed(tx, refund);
    }
    let account = tx.account.clone();
    let Some(mut charge) = tx.get(Kind::Charge, text(&refund, "charge")) else { return };
    let amount = number(&refund, "amount");
    let row = tx.post(&BalanceEntry {
        account: &account,
        kind: "refund_failure",
        amount,
        currency: text(&refund, "currency"),
        stripe_fee: 0,
        application_fee: 0,
        available_on: tx.now,
        source: text(&refund, "id"),
        description: Some("REFUND FAILURE"),
    });
    refund["status"] = json!("failed");
    refund["failure_reason"] = json!("unknown");
    refund["failure_balance_transaction"] = json!(row);
    tx.update(&refund);
    charge["amount_refunded"] = json!(number(&charge, "amount_refunded") - amount);
    charge["refunded"] = json!(false);
    tx.update(&charge);
    emit(tx, "charge.refund.updated", &account, &refund, None);
    emit(tx, "refund.failed", &account, &refund, None);
}

fn update(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let before = of(tx, id)?;
    let mut refund = before.clone();
    call.params.patch_metadata(&mut refund)?;
    tx.update(&refund);
    let account = tx.account.clone();
    emit(tx, "charge.refund.updated", &account, &refund, Some(&before));
    emit(tx, "refund.updated", &account, &refund, Some(&before));
    Ok(refund)
}
