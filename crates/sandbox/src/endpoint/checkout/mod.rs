//! Checkout sessions: a payment, a saved method or a subscription on a page of the sandbox.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::listing;
use super::super::state::Kind;
use super::super::tx::{Tx, text};
use super::intent::{cancel, unexpected};
use super::setup;
use serde_json::{Value, json};

pub mod create;
pub mod custom_field;
pub mod lines;
pub mod outcome;
pub mod pay;
pub mod payment_page;
pub mod reprice;
pub mod subscribe;
pub mod totals;

/// Paths below `/v1/checkout/sessions`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    let ["sessions", path @ ..] = path else { return None };
    Some(match (call.method, path) {
        ("POST", []) => create::run(call, tx),
        ("GET", []) => {
            let names = ["customer", "payment_intent", "payment_link", "subscription", "status"];
            let filter = listing::by_fields(&call.params, &names);
            listing::page(tx, call, tx.ids(Kind::Session), &filter)
        }
        ("GET", [id]) => of(tx, id),
        ("POST", [id]) => of(tx, id).and_then(|session| update(call, tx, session)),
        ("POST", [id, "expire"]) => of(tx, id).and_then(|session| expire_now(tx, session)),
        ("GET", [id, "line_items"]) => of(tx, id)
            .and_then(|_| listing::page(tx, call, tx.children(Kind::SessionItem, id), &|_| true)),
        _ => return None,
    })
}

/// A session of the account acted on.
pub fn of(tx: &Tx<'_>, id: &str) -> Answer {
    tx.get(Kind::Session, id).ok_or_else(|| ApiError::not_found("checkout.session", id))
}

fn update(call: &Call, tx: &mut Tx<'_>, mut session: Value) -> Answer {
    call.params.patch_metadata(&mut session)?;
    call.params.patch_groups(&mut session, &["collected_information"]);
    tx.update(&session);
    Ok(session)
}

fn expire_now(tx: &mut Tx<'_>, session: Value) -> Answer {
    if session["status"] != "open" {
        let message = format!(
            "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout \
             Session has a status of `{}`.",
            text(&session, "status")
        );
        return Err(ApiError::invalid(message));
    }
    Ok(expire(tx, session))
}

/// Ends a session that was not paid, by request or by the clock.
pub fn expire(tx: &mut Tx<'_>, mut session: Value) -> Value {
    if session["status"] != "open" {
        return session;
    }
    session["status"] = json!("expired");
    session["url"] = Value::Null;
    session.as_object_mut().map(|fields| fields.shift_remove("_due"));
    tx.update(&session);
    end_intent(tx, &session);
    let account = tx.account.clone();
    emit(tx, "checkout.session.expired", &account, &session, None);
    session
}

/// Nothing can be paid any more, not even by an authentication that is under way.
fn end_intent(tx: &mut Tx<'_>, session: &Value) {
    let id = text(session, outcome::intent_name(session));
    if let Some(mut intent) = tx.get(Kind::PaymentIntent, id)
        && unexpected::check_confirm(&intent).is_ok()
    {
        cancel::end(tx, &mut intent, Some("expired"));
    }
    if let Some(intent) = tx.get(Kind::SetupIntent, id) {
        // One that was kept before stays.
        drop(setup::draft::end(tx, intent, Some("abandoned")));
    }
}
