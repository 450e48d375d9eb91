//! What becomes of a checkout session when its intent is paid, at once or days later.

use super::super::super::event::emit;
use super::super::super::resource;
use super::super::super::resource::discount::{self, Redeemed};
use super::super::super::state::Kind;
use super::super::super::tx::{Tx, number, text};
use super::subscribe;
use serde_json::{Value, json};

/// Follows an intent that changed; returns its session, if it has one.
pub fn after(tx: &mut Tx<'_>, intent: &Value) -> Option<Value> {
    let session = tx.get(Kind::Session, text(intent, "_session"))?;
    let is_setup = intent["object"] == "setup_intent";
    let account = tx.account.clone();
    Some(match (text(&session, "status"), text(intent, "status")) {
        ("open", "succeeded") if is_setup => complete(tx, session, "no_payment_required"),
        ("open", "succeeded") => complete(tx, session, "paid"),
        ("open", "requires_capture" | "processing") => complete(tx, session, "unpaid"),
        ("complete", "succeeded") if session["payment_status"] == "unpaid" => {
            let mut session = session;
            session["payment_status"] = json!("paid");
            tx.update(&session);
            if session["_is_async"] == true {
                emit(tx, "checkout.session.async_payment_succeeded", &account, &session, None);
            }
            session
        }
        ("complete", "requires_payment_method") if session["_is_async"] == true => {
            emit(tx, "checkout.session.async_payment_failed", &account, &session, None);
            session
        }
        _ => session,
    })
}

/// The field of a session that names its intent; a subscription's is its invoice's.
pub fn intent_name(session: &Value) -> &'static str {
    match text(session, "mode") {
        "setup" => "setup_intent",
        "subscription" => "_intent",
        _ => "payment_intent",
    }
}

/// Ends a session whose customer did all that was asked.
pub fn complete(tx: &mut Tx<'_>, mut session: Value, payment_status: &str) -> Value {
    session["status"] = json!("complete");
    session["payment_status"] = json!(payment_status);
    session["url"] = Value::Null;
    let intent = tx.get(Kind::PaymentIntent, text(&session, intent_name(&session)));
    if let Some(intent) = &intent {
        subscribe::keep_method(tx, &session, &intent["payment_method"]);
    }
    session["_is_async"] = json!(intent.is_some_and(|intent| intent["status"] == "processing"));
    session.as_object_mut().map(|fields| fields.shift_remove("_due"));
    tx.update(&session);
    redeem(tx, &session);
    let account = tx.account.clone();
    emit(tx, "checkout.session.completed", &account, &session, None);
    close_link(tx, &session);
    session
}

/// A link that has reached its limit sells nothing more, not even on pages that are open.
fn close_link(tx: &mut Tx<'_>, session: &Value) {
    let Ok(link) = resource::of(tx, "payment_link", text(session, "payment_link")) else { return };
    let sessions = &link["restrictions"]["completed_sessions"];
    let is_full = sessions["limit"].as_i64().is_some_and(|most| number(sessions, "count") >= most);
    if !is_full {
        return;
    }
    for id in tx.ids(Kind::Session) {
        let other = tx.get(Kind::Session, &id).filter(|other| other["payment_link"] == link["id"]);
        if let Some(other) = other {
            super::expire(tx, other);
        }
    }
}

/// Counts the discount of a payment; that of a subscription is redeemed by itself.
fn redeem(tx: &mut Tx<'_>, session: &Value) {
    let one = &session["discounts"][0];
    if session["mode"] == "payment" && one.is_object() {
        let by = Redeemed {
            coupon: one["coupon"].as_str(),
            promotion_code: one["promotion_code"].as_str(),
            customer: session["customer"].as_str(),
            ..Redeemed::default()
        };
        // One that was used up meanwhile was promised on the page.
        drop(discount::redeem(tx, &by));
    }
}

/// The URL that a session leads to, with its id in it.
pub fn end_url(session: &Value) -> Option<String> {
    let url = session["success_url"].as_str().or(session["return_url"].as_str())?;
    let id = text(session, "id");
    Some(url.replace("{CHECKOUT_SESSION_ID}", id).replace("%7BCHECKOUT_SESSION_ID%7D", id))
}
