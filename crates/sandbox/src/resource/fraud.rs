//! What Radar makes of payments by its test cards: early fraud warnings, and reviews.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::card::{self, Behavior};
use super::super::event::emit;
use super::super::tx::{Tx, text};
use super::{Resource, kind, new};
use serde_json::{Value, json};

/// The card of a payment that its bank warns of.
const WARNED: &str = "4000000000005423";

/// Reviews.
pub const REVIEW: Resource = Resource {
    actions: &[("POST", "approve", approve)],
    ..Resource::new("review", "reviews", "prv_")
};

/// What Radar thinks of a payment that is made elsewhere: here, nothing.
pub const EVALUATION: Resource = Resource {
    create: |_, tx, made| {
        made["created_at"] = json!(tx.now);
        made["recommended_action"] = json!("continue");
        let signal = json!({"evaluated_at": tx.now, "risk_level": "not_assessed", "score": null});
        made["signals"] = json!({"early_fraud_warning": null, "fraudulent_dispute": null,
            "fraudulent_payment": signal});
        Ok(())
    },
    ..Resource::new("radar.payment_evaluation", "radar/payment_evaluations", "peval_")
};

/// A charge succeeded: its card may be one that is warned of, or one whose risk is elevated.
pub fn charge_succeeded(tx: &mut Tx<'_>, charge: &Value) {
    let number = match text(charge, "_number") {
        "" => text(&charge["source"], "_number"),
        number => number,
    };
    if number == WARNED {
        return warn(tx, charge);
    }
    if !number.is_empty() && matches!(card::behavior(number), Behavior::Risk("elevated")) {
        review(tx, charge);
    }
}

fn warn(tx: &mut Tx<'_>, charge: &Value) {
    let mut made = new(tx, "radar.early_fraud_warning", "issfr_");
    made["actionable"] = json!(true);
    made["fraud_type"] = json!("made_with_stolen_card");
    made["charge"] = charge["id"].clone();
    if charge["payment_intent"].is_string() {
        made["payment_intent"] = charge["payment_intent"].clone();
    }
    tx.insert(kind("radar.early_fraud_warning"), None, &made);
    let account = tx.account.clone();
    emit(tx, "radar.early_fraud_warning.created", &account, &made, None);
}

fn review(tx: &mut Tx<'_>, charge: &Value) {
    let mut made = new(tx, "review", "prv_");
    for (name, value) in [
        ("billing_zip", charge["billing_details"]["address"]["postal_code"].clone()),
        ("charge", charge["id"].clone()),
        ("open", json!(true)),
        ("opened_reason", json!("rule")),
        ("reason", json!("rule")),
    ] {
        made[name] = value;
    }
    if charge["payment_intent"].is_string() {
        made["payment_intent"] = charge["payment_intent"].clone();
    }
    tx.insert(kind("review"), None, &made);
    let account = tx.account.clone();
    emit(tx, "review.opened", &account, &made, None);
}

fn approve(_: &Call, tx: &mut Tx<'_>, mut review: Value) -> Answer {
    if review["open"] != true {
        return Err(ApiError::invalid("This review is closed already."));
    }
    review["open"] = json!(false);
    review["reason"] = json!("approved");
    review["closed_reason"] = json!("approved");
    tx.update(&review);
    let account = tx.account.clone();
    emit(tx, "review.closed", &account, &review, None);
    Ok(review)
}
