//! Disputes: opened by test cards, answered with evidence, won or lost.

use super::super::call::Call;
use super::super::event::emit;
use super::super::listing;
use super::super::refusal::{Answer, Refusal};
use super::super::turn::{Row, Turn, number, text};
use super::super::world::Kind;
use serde_json::{Value, json};

/// What Stripe asks for a dispute.
const FEE: i64 = 1_500;

/// Paths below `/v1/disputes`.
pub fn route(call: &Call, turn: &mut Turn<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("GET", []) => {
            let filter = listing::by_fields(&call.params, &["charge", "payment_intent"]);
            listing::page(turn, call, turn.ids(Kind::Dispute), &filter)
        }
        ("GET", [id]) => of(turn, id),
        ("POST", [id]) => update(call, turn, id),
        ("POST", [id, "close"]) => of(turn, id).map(|dispute| end(turn, dispute, "lost")),
        _ => return None,
    })
}

fn of(turn: &Turn<'_>, id: &str) -> Answer {
    turn.get(Kind::Dispute, id).ok_or_else(|| Refusal::not_found("dispute", id))
}

/// Opens a dispute over a charge that has just been paid.
pub fn open(turn: &mut Turn<'_>, charge: &mut Value, reason: &str, inquiry: bool) {
    let id = turn.id("dp_");
    let account = turn.account.clone();
    let rows = if inquiry { Vec::new() } else { vec![row(turn, charge, &id, -1)] };
    let status = if inquiry { "warning_needs_response" } else { "needs_response" };
    let dispute = json!({
        "id": id, "object": "dispute", "amount": charge["amount_captured"],
        "balance_transaction": rows.first().map(|row| row["id"].clone()),
        "balance_transactions": rows, "charge": charge["id"], "created": turn.now,
        "currency": charge["currency"], "evidence": {}, "evidence_details": {
            "due_by": turn.now + 7 * 86_400, "has_evidence": false, "past_due": false,
            "submission_count": 0},
        "is_charge_refundable": inquiry, "livemode": false, "metadata": {},
        "network_reason_code": "10.4", "payment_intent": null, "reason": reason, "status": status,
    });
    turn.insert(Kind::Dispute, Some(text(charge, "id")), &dispute);
    charge["disputed"] = json!(!inquiry);
    charge["dispute"] = json!(id);
    turn.update(charge);
    emit(turn, "charge.dispute.created", &account, &dispute, None);
    if !inquiry {
        emit(turn, "charge.dispute.funds_withdrawn", &account, &dispute, None);
    }
}

/// Takes the money (and a fee), or gives it back.
fn row(turn: &mut Turn<'_>, charge: &Value, source: &str, sign: i64) -> Value {
    let account = turn.account.clone();
    let amount = charge.get("amount_captured").or(charge.get("amount"));
    let id = turn.post(&Row {
        account: &account,
        kind: "adjustment",
        amount: sign * amount.and_then(Value::as_i64).unwrap_or_default(),
        currency: text(charge, "currency"),
        stripe_fee: if sign < 0 { FEE } else { 0 },
        application_fee: 0,
        available_on: turn.now,
        source,
        description: Some(if sign < 0 { "Chargeback withdrawal" } else { "Chargeback reversal" }),
    });
    turn.get(Kind::Transaction, &id).unwrap_or_default()
}

fn update(call: &Call, turn: &mut Turn<'_>, id: &str) -> Answer {
    let before = of(turn, id)?;
    let mut dispute = before.clone();
    call.params.patch_groups(&mut dispute, &["evidence"]);
    call.params.patch_metadata(&mut dispute)?;
    let account = turn.account.clone();
    let verdict = dispute["evidence"]["uncategorized_text"].as_str().map(str::to_owned);
    if call.params.has("evidence") {
        dispute["evidence_details"]["has_evidence"] = json!(true);
        let count = number(&dispute["evidence_details"], "submission_count") + 1;
        dispute["evidence_details"]["submission_count"] = json!(count);
    }
    turn.update(&dispute);
    emit(turn, "charge.dispute.updated", &account, &dispute, Some(&before));
    Ok(match verdict.as_deref() {
        Some("winning_evidence") => end(turn, dispute, "won"),
        Some("losing_evidence") => end(turn, dispute, "lost"),
        _ => dispute,
    })
}

/// Ends a dispute; a won one gives the money back, once.
fn end(turn: &mut Turn<'_>, mut dispute: Value, status: &str) -> Value {
    if matches!(text(&dispute, "status"), "won" | "lost" | "warning_closed") {
        return dispute;
    }
    let account = turn.account.clone();
    let inquiry = text(&dispute, "status").starts_with("warning");
    dispute["status"] = json!(if inquiry { "warning_closed" } else { status });
    if status == "won" && !inquiry {
        let id = text(&dispute, "id").to_owned();
        let back = row(turn, &dispute, &id, 1);
        if let Some(rows) = dispute["balance_transactions"].as_array_mut() {
            rows.push(back);
        }
        emit(turn, "charge.dispute.funds_reinstated", &account, &dispute, None);
    }
    turn.update(&dispute);
    emit(turn, "charge.dispute.closed", &account, &dispute, None);
    dispute
}
