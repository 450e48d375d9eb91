//! Disputes: opened by test cards, answered with evidence, won or lost.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::card::DisputeKind;
use super::super::event::emit;
use super::super::listing;
use super::super::state::Kind;
use super::super::tx::{BalanceEntry, Tx, number, text};
use serde_json::{Value, json};

/// Stripe's fee for a dispute.
const FEE: i64 = 1_500;

/// Paths below `/v1/disputes`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("GET", []) => {
            let filter = listing::by_fields(&call.params, &["charge", "payment_intent"]);
            listing::page(tx, call, tx.ids(Kind::Dispute), &filter)
        }
        ("GET", [id]) => of(tx, id),
        ("POST", [id]) => update(call, tx, id),
        ("POST", [id, "close"]) => of(tx, id).map(|dispute| end(tx, dispute, "lost")),
        _ => return None,
    })
}

fn of(tx: &Tx<'_>, id: &str) -> Answer {
    tx.get(Kind::Dispute, id).ok_or_else(|| ApiError::not_found("dispute", id))
}

/// Opens a dispute over a charge that has just been paid.
pub fn open(tx: &mut Tx<'_>, charge: &mut Value, reason: &str, kind: DisputeKind) {
    let inquiry = kind == DisputeKind::Inquiry;
    let id = tx.id("dp_");
    let account = tx.account.clone();
    let rows = if inquiry { Vec::new() } else { vec![row(tx, charge, &id, -1)] };
    let status = if inquiry { "warning_needs_response" } else { "needs_response" };
    let dispute = json!({
        "id": id, "object": "dispute", "amount": charge["amount_captured"],
        "balance_transaction": rows.first().map(|row| row["id"].clone()),
        "balance_transactions": rows, "charge": charge["id"], "created": tx.now,
        "currency": charge["currency"], "evidence": {}, "evidence_details": {
            "due_by": tx.now + 7 * 86_400, "has_evidence": false, "past_due": false,
            "submission_count": 0, "submission_method": "manual"},
        "is_charge_refundable": inquiry, "livemode": false, "metadata": {},
        "network_reason_code": "10.4", "payment_intent": charge["payment_intent"], "reason": reason, "status": status,
    });
    tx.insert(Kind::Dispute, Some(text(charge, "id")), &dispute);
    charge["disputed"] = json!(!inquiry);
    charge["dispute"] = json!(id);
    tx.update(charge);
    emit(tx, "charge.dispute.created", &account, &dispute, None);
    if !inquiry {
        emit(tx, "charge.dispute.funds_withdrawn", &account, &dispute, None);
    }
}

/// Withdraws the money and a fee, or returns them.
fn row(tx: &mut Tx<'_>, charge: &Value, source: &str, sign: i64) -> Value {
    let account = tx.account.clone();
    let amount = charge.get("amount_captured").or(charge.get("amount"));
    let id = tx.post(&BalanceEntry {
        account: &account,
        kind: "adjustment",
        amount: sign * amount.and_then(Value::as_i64).unwrap_or_default(),
        currency: text(charge, "currency"),
        stripe_fee: if sign < 0 { FEE } else { 0 },
        application_fee: 0,
        available_on: tx.now,
        source,
        description: Some(if sign < 0 { "Chargeback withdrawal" } else { "Chargeback reversal" }),
    });
    tx.get(Kind::Transaction, &id).unwrap_or_default()
}

fn update(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let before = of(tx, id)?;
    let mut dispute = before.clone();
    call.params.patch_groups(&mut dispute, &["evidence"]);
    call.params.patch_metadata(&mut dispute)?;
    let account = tx.account.clone();
    let verdict = dispute["evidence"]["uncategorized_text"].as_str().map(str::to_owned);
    if call.params.has("evidence") {
        dispute["evidence_details"]["has_evidence"] = json!(true);
        let count = number(&dispute["evidence_details"], "submission_count") + 1;
        dispute["evidence_details"]["submission_count"] = json!(count);
    }
    tx.update(&dispute);
    emit(tx, "charge.dispute.updated", &account, &dispute, Some(&before));
    Ok(match verdict.as_deref() {
        Some("winning_evidence") => end(tx, dispute, "won"),
        Some("losing_evidence") => end(tx, dispute, "lost"),
        _ => dispute,
    })
}

/// Ends a dispute; a won one returns the money, once.
fn end(tx: &mut Tx<'_>, mut dispute: Value, status: &str) -> Value {
    if matches!(text(&dispute, "status"), "won" | "lost" | "warning_closed") {
        return dispute;
    }
    let account = tx.account.clone();
    let inquiry = text(&dispute, "status").starts_with("warning");
    dispute["status"] = json!(if inquiry { "warning_closed" } else { status });
    if status == "won" && !inquiry {
        let id = text(&dispute, "id").to_owned();
        let back = row(tx, &dispute, &id, 1);
        if let Some(rows) = dispute["balance_transactions"].as_array_mut() {
            rows.push(back);
        }
        emit(tx, "charge.dispute.funds_reinstated", &account, &dispute, None);
    }
    tx.update(&dispute);
    emit(tx, "charge.dispute.closed", &account, &dispute, None);
    dispute
}
