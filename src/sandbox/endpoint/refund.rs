//! Refunds: asked for, refused, read, changed.

use super::super::call::{Call, money};
use super::super::card::{self, Behaviour};
use super::super::event::emit;
use super::super::listing;
use super::super::refusal::{Answer, Refusal};
use super::super::turn::{Row, Turn, is, number, text};
use super::super::world::Kind;
use super::refund_money;
use serde_json::{Value, json};

/// How long the bank holds a refund it will send back.
const FAILS_AFTER_MS: i64 = 2_000;

/// Paths below `/v1/refunds`.
pub fn route(call: &Call, turn: &mut Turn<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", []) => create(call, turn),
        ("GET", []) => {
            let filter = listing::by_fields(&call.params, &["charge", "payment_intent"]);
            listing::page(turn, call, turn.ids(Kind::Refund), &filter)
        }
        ("GET", [id]) => of(turn, id),
        ("POST", [id]) => update(call, turn, id),
        ("POST", [id, "cancel"]) => of(turn, id)
            .and_then(|_| Err(Refusal::invalid("Refunds of card payments cannot be canceled."))),
        _ => return None,
    })
}

fn of(turn: &Turn<'_>, id: &str) -> Answer {
    turn.get(Kind::Refund, id).ok_or_else(|| Refusal::not_found("refund", id))
}

fn create(call: &Call, turn: &mut Turn<'_>) -> Answer {
    if let (false, Some(intent)) =
        (call.params.has("charge"), call.params.filled("payment_intent")?)
    {
        return Err(Refusal::no_such("payment_intent", intent, "payment_intent"));
    }
    let id = call.params.filled("charge")?.ok_or_else(|| {
        Refusal::parameter(
            "parameter_missing",
            "charge",
            "One of the following params should be provided for this request: payment_intent or \
             charge.",
        )
    })?;
    create_for(call, turn, id).map_err(|refusal| match refusal.status {
        404 => Refusal { status: 404, ..refusal.param("charge") },
        _ => refusal,
    })
}

/// Refunds a charge named by its path or parameter.
pub fn create_for(call: &Call, turn: &mut Turn<'_>, id: &str) -> Answer {
    let charge = super::charge::of(turn, id)?;
    let amount = refundable(call, &charge)?;
    let reason = reason(call)?;
    let plan = refund_money::Plan {
        fee: call.params.boolean("refund_application_fee")?.unwrap_or(false),
        transfer: call.params.boolean("reverse_transfer")?.unwrap_or(false),
    };
    plan.check(&charge)?;
    let mut refund = object(turn, &charge, amount);
    refund["reason"] = json!(reason);
    call.params.patch_metadata(&mut refund)?;
    let charge = refund_money::give_back(turn, charge, &mut refund, &plan)?;
    if card::behaviour(text(&charge["source"], "_number")) == Behaviour::RefundFails {
        refund["_due"] = json!(turn.world.clock.now_ms() + FAILS_AFTER_MS);
    }
    turn.insert(Kind::Refund, Some(id), &refund);
    let account = turn.account.clone();
    emit(turn, "charge.refunded", &account, &charge, None);
    emit(turn, "refund.created", &account, &refund, None);
    Ok(refund)
}

/// The amount to refund, when the charge can be refunded by it.
fn refundable(call: &Call, charge: &Value) -> Result<i64, Refusal> {
    let id = text(charge, "id");
    let refuse = |code, message: String| Err(Refusal::invalid(message).code(code));
    if charge["status"] != "succeeded" {
        let message = format!("Charge {id} is not refundable because it was not successful.");
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
    let amount = call.params.amount("amount")?.unwrap_or(left);
    if amount > left {
        let currency = text(charge, "currency");
        let message = format!(
            "Refund amount ({}) is greater than unrefunded amount on charge ({})",
            money(amount, currency),
            money(left, currency)
        );
        return Err(Refusal::invalid(message).param("amount"));
    }
    if !is(charge, "captured") && amount < number(charge, "amount") {
        let message = "You cannot partially refund an uncaptured charge. Instead, capture the \
            charge for an amount less than the original amount";
        return Err(Refusal::invalid(message).param("amount"));
    }
    Ok(amount)
}

fn reason(call: &Call) -> Result<Option<&str>, Refusal> {
    let words = ["duplicate", "fraudulent", "requested_by_customer"];
    call.params.choice("reason", &words)
}

/// A refund object with no money booked.
pub fn object(turn: &mut Turn<'_>, charge: &Value, amount: i64) -> Value {
    json!({
        "id": turn.id("re_"), "object": "refund", "amount": amount, "balance_transaction": null,
        "charge": charge["id"], "created": turn.now, "currency": charge["currency"],
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": {}, "payment_intent": null, "reason": null, "receipt_number": null,
        "source_transfer_reversal": null, "status": "succeeded", "transfer_reversal": null,
    })
}

/// The bank sends a refund back: the money returns to the charge's account.
pub fn fail(turn: &mut Turn<'_>, mut refund: Value) {
    let account = turn.account.clone();
    let Some(mut charge) = turn.get(Kind::Charge, text(&refund, "charge")) else { return };
    let amount = number(&refund, "amount");
    let row = turn.post(&Row {
        account: &account,
        kind: "refund_failure",
        amount,
        currency: text(&refund, "currency"),
        stripe_fee: 0,
        application_fee: 0,
        available_on: turn.now,
        source: text(&refund, "id"),
        description: Some("REFUND FAILURE"),
    });
    refund["status"] = json!("failed");
    refund["failure_reason"] = json!("unknown");
    refund["failure_balance_transaction"] = json!(row);
    turn.update(&refund);
    charge["amount_refunded"] = json!(number(&charge, "amount_refunded") - amount);
    charge["refunded"] = json!(false);
    turn.update(&charge);
    emit(turn, "charge.refund.updated", &account, &refund, None);
    emit(turn, "refund.failed", &account, &refund, None);
}

fn update(call: &Call, turn: &mut Turn<'_>, id: &str) -> Answer {
    let before = of(turn, id)?;
    let mut refund = before.clone();
    call.params.patch_metadata(&mut refund)?;
    turn.update(&refund);
    let account = turn.account.clone();
    emit(turn, "charge.refund.updated", &account, &refund, Some(&before));
    emit(turn, "refund.updated", &account, &refund, Some(&before));
    Ok(refund)
}
