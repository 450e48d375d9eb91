//! Disputes of issued cards' transactions: `unsubmitted` → `submitted` → `won` or `lost`.
//!
//! The explanations `winning_evidence` and `losing_evidence` decide a dispute when it is submitted.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::tx::{Tx, number, text};
use super::issuing_money::post;
use super::{Resource, named};
use serde_json::{Value, json};

/// Disputes.
pub const DISPUTE: Resource = Resource {
    events: "issuing_dispute",
    create,
    update,
    actions: &[("POST", "submit", submit)],
    ..Resource::new("issuing.dispute", "issuing/disputes", "idp_")
};

fn create(call: &Call, tx: &mut Tx<'_>, dispute: &mut Value) -> Result<(), ApiError> {
    let id = call.params.required("transaction")?;
    let mut transaction = named(tx, "issuing.transaction", id, "transaction")?;
    if transaction["type"] != "capture" || !transaction["dispute"].is_null() {
        let message = "Only a capture that has no dispute yet can be disputed.";
        return Err(ApiError::invalid(message).param("transaction"));
    }
    let whole = -number(&transaction, "amount");
    let amount = call.params.amount("amount")?.unwrap_or(whole);
    if amount > whole {
        let message = format!("The amount must be at most that of the transaction, {whole}.");
        return Err(ApiError::invalid(message).param("amount"));
    }
    for (name, value) in [
        ("amount", json!(amount)),
        ("balance_transactions", json!([])),
        ("currency", transaction["currency"].clone()),
        ("status", json!("unsubmitted")),
    ] {
        dispute[name] = value;
    }
    dispute.as_object_mut().map(|fields| fields.shift_remove("loss_reason"));
    if dispute["evidence"]["reason"].is_null() {
        dispute["evidence"]["reason"] = json!("other");
    }
    transaction["dispute"] = dispute["id"].clone();
    tx.update(&transaction);
    Ok(())
}

fn update(_: &Call, _: &mut Tx<'_>, dispute: &mut Value) -> Result<(), ApiError> {
    if dispute["status"] != "unsubmitted" {
        let message = "Only a dispute that is not submitted yet can be updated.";
        return Err(ApiError::invalid(message));
    }
    Ok(())
}

fn submit(call: &Call, tx: &mut Tx<'_>, mut dispute: Value) -> Answer {
    if dispute["status"] != "unsubmitted" {
        let message = format!(
            "You cannot submit this dispute because it has the status {}.",
            text(&dispute, "status")
        );
        return Err(ApiError::invalid(message));
    }
    call.params.patch_metadata(&mut dispute)?;
    let reason = text(&dispute["evidence"], "reason").to_owned();
    let explanation = text(&dispute["evidence"][&reason], "explanation").to_owned();
    let account = tx.account.clone();
    dispute["status"] = json!("submitted");
    tx.update(&dispute);
    emit(tx, "issuing_dispute.submitted", &account, &dispute, None);
    match explanation.as_str() {
        "winning_evidence" => win(tx, dispute),
        "losing_evidence" => {
            dispute["loss_reason"] = json!("transaction_authorized");
            Ok(close(tx, dispute, "lost"))
        }
        _ => Ok(dispute),
    }
}

/// The bank gives the money back.
fn win(tx: &mut Tx<'_>, mut dispute: Value) -> Answer {
    let row = post(tx, "issuing_dispute", &dispute, number(&dispute, "amount"));
    dispute["balance_transactions"] = json!([row]);
    let dispute = close(tx, dispute, "won");
    let account = tx.account.clone();
    emit(tx, "issuing_dispute.funds_reinstated", &account, &dispute, None);
    Ok(dispute)
}

fn close(tx: &mut Tx<'_>, mut dispute: Value, status: &str) -> Value {
    dispute["status"] = json!(status);
    tx.update(&dispute);
    let account = tx.account.clone();
    emit(tx, "issuing_dispute.closed", &account, &dispute, None);
    dispute
}
