//! Charges: create, decline, retrieve, update, expire.

use super::super::api_error::{Answer, ApiError};
use super::super::call::{Call, check_minimum, check_step};
use super::super::card::{self, Behavior};
use super::super::event::emit;
use super::super::listing;
use super::super::state::Kind;
use super::super::tx::{Tx, is, number, text};
use super::charge_object::{self, Plan};
use super::funding::Funding;
use super::{capture, charge_money, dispute, refund};
use serde_json::{Value, json};

/// Seconds an authorization holds.
const AUTHORIZED_SECONDS: i64 = 7 * 86_400;

/// Paths below `/v1/charges`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", []) => create(call, tx),
        ("GET", []) => listing::page(
            tx,
            call,
            tx.ids(Kind::Charge),
            &listing::by_fields(&call.params, &["customer", "transfer_group", "payment_intent"]),
        ),
        ("GET", [id]) => charge_object::of(tx, id),
        ("POST", [id]) => update(call, tx, id),
        ("POST", [id, "capture"]) => {
            charge_object::of(tx, id).and_then(|charge| capture::run(call, tx, charge))
        }
        ("GET", [id, "refunds"]) => charge_object::of(tx, id)
            .and_then(|_| listing::page(tx, call, tx.children(Kind::Refund, id), &|_| true)),
        ("POST", [id, "refunds"]) => refund::create_for(call, tx, id),
        ("POST", [id, "refund"]) => {
            refund::create_for(call, tx, id).and_then(|_| charge_object::of(tx, id))
        }
        ("GET", [id, "refunds", refund]) => tx
            .get(Kind::Refund, refund)
            .filter(|found| found["charge"] == *id)
            .ok_or_else(|| ApiError::not_found("refund", refund)),
        _ => return None,
    })
}

fn create(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let params = &call.params;
    let amount = call.amount()?;
    let currency = call.currency()?;
    check_minimum(amount, &currency)?;
    check_step(Some(amount), &currency)?;
    let capture = params.boolean("capture")?.unwrap_or(true);
    let plan = Plan::read(call, tx, amount)?;
    let funding = Funding::read(call, tx)?;
    let mut charge = charge_object::new(tx, amount, &currency, &funding, &plan);
    fill(call, &mut charge)?;
    params.patch(&mut charge, &["transfer_group"])?;
    for (name, most) in [("statement_descriptor", 22), ("statement_descriptor_suffix", 22)] {
        check_descriptor(params.text(name)?, name, most)?;
    }
    params.patch(&mut charge, &["statement_descriptor", "statement_descriptor_suffix"])?;
    if plan.destination.is_some() {
        // The charge is created before its transfer.
        tx.insert(Kind::Charge, None, &charge);
    }
    let refused = card::refusal(funding.behavior);
    if let Some(refusal) = refused.or_else(|| card::authentication_required(funding.behavior)) {
        return Err(decline(tx, charge, refusal));
    }
    let account = tx.account.clone();
    if capture {
        charge_money::collect(tx, &mut charge, amount)?;
    } else {
        charge["captured"] = json!(false);
        charge["_due"] = json!((tx.now + AUTHORIZED_SECONDS) * 1_000);
    }
    tx.put(Kind::Charge, &charge);
    emit(tx, "charge.succeeded", &account, &charge, None);
    if let Behavior::Dispute(reason, kind) = funding.behavior
        && capture
    {
        dispute::open(tx, &mut charge, reason, kind);
    }
    Ok(charge)
}

/// Refuses what Stripe does not print on statements.
pub fn check_descriptor(text: Option<&str>, name: &str, most: usize) -> Result<(), ApiError> {
    let Some(text) = text else { return Ok(()) };
    if text.chars().count() > most {
        let message = format!(
            "The statement descriptor must be at most {most} characters. You provided: {text}"
        );
        return Err(ApiError { saved: false, ..ApiError::invalid(message) }.param(name));
    }
    if text.contains(['<', '>', '\'', '"', '*']) {
        let message = "Statement descriptors may not contain the characters <, >, ', \", or *.";
        return Err(ApiError { saved: false, ..ApiError::invalid(message) }.param(name));
    }
    Ok(())
}

/// Stores a declined charge; the card error names it.
pub fn decline(tx: &mut Tx<'_>, mut charge: Value, mut refusal: ApiError) -> ApiError {
    let decline_code = refusal.decline_code;
    let blocked = decline_code == Some("fraudulent");
    charge["status"] = json!("failed");
    charge["paid"] = json!(false);
    charge["captured"] = json!(false);
    charge["amount_captured"] = json!(0);
    charge["failure_code"] = json!(refusal.code);
    charge["failure_message"] = json!(refusal.message);
    charge["receipt_url"] = Value::Null;
    charge["outcome"] = json!({
        "network_status": if blocked { "not_sent_to_network" } else { "declined_by_network" },
        "reason": decline_code.or(refusal.code),
        "risk_level": if blocked { "highest" } else { "normal" },
        "risk_score": if blocked { 92 } else { 21 },
        "seller_message": if blocked {
            "Stripe blocked this payment as too risky."
        } else {
            "The bank did not return any further details with this decline."
        },
        "type": if blocked { "blocked" } else { "issuer_declined" },
    });
    tx.put(Kind::Charge, &charge);
    let account = tx.account.clone();
    emit(tx, "charge.failed", &account, &charge, None);
    refusal.charge = Some(text(&charge, "id").into());
    refusal.keep = true;
    refusal
}

fn fill(call: &Call, charge: &mut Value) -> Result<(), ApiError> {
    call.params.patch(charge, &["description", "receipt_email"])?;
    call.params.patch_groups(charge, &["shipping", "fraud_details", "level3", "radar_options"]);
    call.params.patch_metadata(charge)
}

fn update(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let before = charge_object::of(tx, id)?;
    let mut charge = before.clone();
    fill(call, &mut charge)?;
    if let Some(customer) = call.params.filled("customer")? {
        charge["customer"] = crate::lookup::customer(tx, customer)?["id"].clone();
    }
    if let Some(group) = call.params.filled("transfer_group")? {
        let set = text(&charge, "transfer_group");
        if !set.is_empty() && set != group {
            return Err(ApiError::invalid("You cannot change the transfer_group of a charge.")
                .param("transfer_group"));
        }
        charge["transfer_group"] = json!(group);
    }
    tx.update(&charge);
    let account = tx.account.clone();
    emit(tx, "charge.updated", &account, &charge, Some(&before));
    Ok(charge)
}

/// Releases an authorization that was not captured in time.
pub fn expire(tx: &mut Tx<'_>, mut charge: Value) {
    if is(&charge, "captured") || is(&charge, "refunded") {
        return;
    }
    charge["refunded"] = json!(true);
    charge["amount_refunded"] = json!(number(&charge, "amount"));
    charge["_expired"] = json!(true);
    tx.update(&charge);
    let account = tx.account.clone();
    emit(tx, "charge.expired", &account, &charge, None);
}
