//! Authorizations of issued cards: `pending` → `closed` (captured or declined), `reversed`,
//! `expired`. What is approved is held from the balance until it is captured or released.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::listener::listeners;
use super::super::tx::{Tx, is, number, text};
use super::issuing_money::{self, part, post};
use super::{Resource, issuing_transaction, kind, new};
use serde_json::{Value, json};

/// Authorizations.
pub const AUTHORIZATION: Resource = Resource {
    events: "issuing_authorization",
    actions: &[
        ("POST", "approve", |call, tx, authorization| answer(call, tx, authorization, true)),
        ("POST", "decline", |call, tx, authorization| answer(call, tx, authorization, false)),
    ],
    own_filters: &["card"],
    listed: |call, authorization| {
        let wanted = call.params.text("card").ok().flatten();
        wanted.is_none_or(|id| authorization["card"]["id"] == id)
    },
    ..Resource::new("issuing.authorization", "issuing/authorizations", "iauth_")
};

/// What a test does with them.
pub const TEST: Resource = Resource {
    path: "test_helpers/issuing/authorizations",
    actions: &[
        ("POST", "capture", capture),
        ("POST", "expire", |_, tx, authorization| release(tx, authorization, "expired")),
        ("POST", "finalize_amount", finalize),
        ("POST", "fraud_challenges/respond", respond),
        ("POST", "increment", increment),
        ("POST", "reverse", reverse),
    ],
    ..AUTHORIZATION
};

/// Seconds that an endpoint has to approve or decline.
const DECISION_SECONDS: i64 = 2;

/// `POST /v1/test_helpers/issuing/authorizations`.
pub fn create(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let card = issuing_money::card(call, tx)?;
    let amount = call.params.amount("amount")?.or(call.params.amount("merchant_amount")?);
    let amount = amount.ok_or_else(|| ApiError::missing("amount"))?;
    let currency = issuing_money::currency(call, &card)?;
    begin(call, tx, card, (amount, &currency))
}

/// The path that the Stripe CLI still has: `POST /v1/issuing/cards/:id/test/authorizations`.
pub fn create_on_card(call: &Call, tx: &mut Tx<'_>, card: Value) -> Answer {
    let amount = call.params.amount("held_amount")?;
    let amount = amount.ok_or_else(|| ApiError::missing("held_amount"))?;
    let currency = text(&card, "currency").to_owned();
    begin(call, tx, card, (amount, &currency))
}

fn begin(call: &Call, tx: &mut Tx<'_>, card: Value, (amount, currency): (i64, &str)) -> Answer {
    let mut made = new(tx, "issuing.authorization", "iauth_");
    let method = call.params.filled("authorization_method")?.unwrap_or("online");
    let present = if method == "online" { "not_present" } else { "present" };
    for (name, value) in [
        ("amount", json!(amount)),
        ("amount_details", json!({"atm_fee": null, "cashback_amount": null})),
        ("authorization_method", json!(method)),
        ("card_presence", json!(present)),
        ("cardholder", card["cardholder"]["id"].clone()),
        ("card", card),
        ("currency", json!(currency)),
        ("merchant_amount", json!(amount)),
        ("merchant_currency", json!(currency)),
        ("merchant_data", issuing_money::merchant(call)),
        ("status", json!("pending")),
        (
            "verification_data",
            json!({"address_line1_check": "not_provided", "cvc_check": "match",
                "address_postal_code_check": "not_provided", "expiry_check": "match",
                "authentication_exemption": null, "postal_code": null, "three_d_secure": null}),
        ),
        ("wallet", json!(call.params.filled("wallet")?)),
        ("_controllable", json!(call.params.boolean("is_amount_controllable")?.unwrap_or(false))),
    ] {
        made[name] = value;
    }
    tx.insert(kind("issuing.authorization"), None, &made);
    let account = tx.account.clone();
    if let Some(reason) = refusal(tx, &made) {
        return decide(tx, made, false, reason);
    }
    made["pending_request"] = json!({"amount": amount, "currency": currency,
        "amount_details": made["amount_details"], "is_amount_controllable": made["_controllable"],
        "merchant_amount": amount, "merchant_currency": currency, "network_risk_score": null});
    let request = "issuing_authorization.request";
    let waits = !listeners(tx, request, &account).is_empty();
    if waits {
        made["_due"] = json!((tx.now + DECISION_SECONDS) * 1_000);
        tx.update(&made);
    }
    emit(tx, request, &account, &made, None);
    if waits { Ok(made) } else { decide(tx, made, true, "card_active") }
}

/// Why an authorization is declined before anybody is asked.
fn refusal(tx: &Tx<'_>, made: &Value) -> Option<&'static str> {
    let card = &made["card"];
    match text(card, "status") {
        "canceled" => return Some("card_canceled"),
        "inactive" => return Some("card_inactive"),
        _ => {}
    }
    match text(&card["cardholder"], "status") {
        "blocked" => return Some("cardholder_blocked"),
        "inactive" => return Some("cardholder_inactive"),
        _ => {}
    }
    let limits = [&card["spending_controls"], &card["cardholder"]["spending_controls"]];
    if limits.into_iter().any(|controls| !is_allowed(controls, made)) {
        return Some("spending_controls");
    }
    let available = tx.available(&tx.account, text(made, "currency"));
    (number(made, "amount") > available).then_some("insufficient_funds")
}

/// Whether spending controls allow a payment; limits are those of one authorization.
fn is_allowed(controls: &Value, made: &Value) -> bool {
    let merchant = &made["merchant_data"];
    let has = |name: &str, wanted: &Value| {
        let list = controls[name].as_array().filter(|list| !list.is_empty());
        list.map(|list| list.contains(wanted))
    };
    let pairs = [
        ("categories", &merchant["category"]),
        ("merchant_countries", &merchant["country"]),
        ("card_presences", &made["card_presence"]),
    ];
    let fits = pairs.into_iter().all(|(name, value)| {
        has(&format!("allowed_{name}"), value) != Some(false)
            && has(&format!("blocked_{name}"), value) != Some(true)
    });
    let limits = controls["spending_limits"].as_array().into_iter().flatten();
    let mut single = limits.filter(|limit| limit["interval"] == "per_authorization");
    fits && single.all(|limit| number(made, "amount") <= number(limit, "amount"))
}

/// Approves or declines, and holds what is approved.
fn decide(tx: &mut Tx<'_>, mut made: Value, approved: bool, reason: &str) -> Answer {
    let is_first = made["request_history"].as_array().is_none_or(Vec::is_empty);
    let amount = number(&made, "amount");
    made["pending_request"] = Value::Null;
    made.as_object_mut().map(|fields| fields.shift_remove("_due"));
    made["approved"] = json!(approved);
    note(tx, &mut made, amount, (approved, reason));
    if approved {
        hold(tx, &mut made, amount);
    } else {
        made["amount"] = json!(0);
        made["status"] = json!("closed");
    }
    tx.update(&made);
    let account = tx.account.clone();
    let event = if is_first { "created" } else { "updated" };
    emit(tx, &format!("issuing_authorization.{event}"), &account, &made, None);
    Ok(made)
}

fn note(tx: &Tx<'_>, made: &mut Value, amount: i64, (approved, reason): (bool, &str)) {
    let entry = json!({"amount": amount, "amount_details": made["amount_details"],
        "approved": approved, "authorization_code": null, "created": tx.now,
        "currency": made["currency"], "merchant_amount": amount,
        "merchant_currency": made["merchant_currency"], "network_risk_score": null,
        "reason": reason, "reason_message": null, "requested_at": tx.now});
    if let Some(history) = made["request_history"].as_array_mut() {
        history.push(entry);
    }
}

/// Holds money, or releases it when the amount is negative.
fn hold(tx: &mut Tx<'_>, made: &mut Value, amount: i64) {
    let kind =
        if amount < 0 { "issuing_authorization_release" } else { "issuing_authorization_hold" };
    let row = post(tx, kind, made, -amount);
    if let Some(rows) = made["balance_transactions"].as_array_mut() {
        rows.push(row);
    }
}

/// The endpoint did not answer in time: what the balance and the controls allow is approved.
pub fn decide_late(tx: &mut Tx<'_>, made: Value) {
    if made["pending_request"].is_object() {
        // Nobody waits for the answer.
        let _ = decide(tx, made, true, "webhook_timeout");
    }
}

fn answer(call: &Call, tx: &mut Tx<'_>, mut made: Value, approved: bool) -> Answer {
    if !made["pending_request"].is_object() {
        let message = "This authorization has been approved or declined already.";
        return Err(ApiError::invalid(message));
    }
    call.params.patch_metadata(&mut made)?;
    if let Some(amount) = call.params.amount("amount")? {
        if !is(&made, "_controllable") || amount > number(&made, "amount") {
            let message = "Only an authorization whose amount is controllable can be approved with \
                another amount, of at most what was requested.";
            return Err(ApiError::invalid(message).param("amount"));
        }
        made["amount"] = json!(amount);
    }
    decide(tx, made, approved, if approved { "webhook_approved" } else { "webhook_declined" })
}

fn check_open(made: &Value, what: &str) -> Result<(), ApiError> {
    if made["status"] == "pending" && is(made, "approved") {
        return Ok(());
    }
    let message = format!(
        "You cannot {what} this authorization: it has the status {} and {} approved.",
        text(made, "status"),
        if is(made, "approved") { "was" } else { "was not" }
    );
    Err(ApiError::invalid(message))
}

fn capture(call: &Call, tx: &mut Tx<'_>, mut made: Value) -> Answer {
    check_open(&made, "capture")?;
    let held = number(&made, "amount");
    let amount = call.params.amount("capture_amount")?.unwrap_or(held);
    let closes = call.params.boolean("close_authorization")?.unwrap_or(true);
    // More than was held can be captured; what was held is released either way.
    let released = if closes { held } else { held.min(amount) };
    hold(tx, &mut made, -released);
    let transaction = issuing_transaction::capture(call, tx, &made, amount)?;
    if let Some(all) = made["transactions"].as_array_mut() {
        all.push(transaction);
    }
    made["amount"] = json!(held - released);
    if held == released {
        made["status"] = json!("closed");
    }
    Ok(updated(tx, made))
}

fn updated(tx: &mut Tx<'_>, made: Value) -> Value {
    tx.update(&made);
    let account = tx.account.clone();
    emit(tx, "issuing_authorization.updated", &account, &made, None);
    made
}

/// Releases all that is held, and ends the authorization.
fn release(tx: &mut Tx<'_>, mut made: Value, status: &str) -> Answer {
    check_open(&made, if status == "expired" { "expire" } else { "reverse" })?;
    let held = number(&made, "amount");
    hold(tx, &mut made, -held);
    made["amount"] = json!(0);
    made["status"] = json!(status);
    Ok(updated(tx, made))
}

fn reverse(call: &Call, tx: &mut Tx<'_>, mut made: Value) -> Answer {
    check_open(&made, "reverse")?;
    let held = number(&made, "amount");
    let amount = part(call, "reverse_amount", held, text(&made, "currency"))?;
    if amount == held {
        return release(tx, made, "reversed");
    }
    hold(tx, &mut made, -amount);
    made["amount"] = json!(held - amount);
    Ok(updated(tx, made))
}

fn increment(call: &Call, tx: &mut Tx<'_>, mut made: Value) -> Answer {
    check_open(&made, "increment")?;
    let more = call.params.amount("increment_amount")?;
    let more = more.ok_or_else(|| ApiError::missing("increment_amount"))?;
    let enough = tx.available(&tx.account, text(&made, "currency")) >= more;
    let reason = if enough { "card_active" } else { "insufficient_funds" };
    note(tx, &mut made, more, (enough, reason));
    if enough {
        hold(tx, &mut made, more);
        made["amount"] = json!(number(&made, "amount") + more);
        made["merchant_amount"] = made["amount"].clone();
    }
    Ok(updated(tx, made))
}

fn finalize(call: &Call, tx: &mut Tx<'_>, mut made: Value) -> Answer {
    check_open(&made, "finalize the amount of")?;
    let held = number(&made, "amount");
    let last = part(call, "final_amount", held, text(&made, "currency"))?;
    if last < held {
        hold(tx, &mut made, last - held);
    }
    made["amount"] = json!(last);
    Ok(updated(tx, made))
}

fn respond(call: &Call, tx: &mut Tx<'_>, mut made: Value) -> Answer {
    let confirmed = call.params.boolean("confirmed")?.unwrap_or(false);
    let waiting = made["fraud_challenges"].as_array().is_some_and(|all| !all.is_empty());
    if !waiting {
        let message = "This authorization has no fraud challenge to respond to.";
        return Err(ApiError::invalid(message));
    }
    made["fraud_challenges"][0]["status"] = json!(if confirmed { "verified" } else { "rejected" });
    made["verified_by_fraud_challenge"] = json!(confirmed);
    Ok(updated(tx, made))
}
