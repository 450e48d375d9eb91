//! Attaches a payment method to a customer, or releases it.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::card;
use super::super::super::event::emit;
use super::super::super::state::Kind;
use super::super::super::tx::{Tx, is, text};
use super::kinds;
use serde_json::{Value, json};

/// Attaches a method to a customer that exists.
pub fn run(tx: &mut Tx<'_>, method: Value, owner: &str) -> Answer {
    check(&method, owner)?;
    if let behavior @ card::Behavior::Decline(.., card::DeclinedWhen::Attached) =
        card::behavior(text(&method, "_number"))
        && method["type"] == "card"
        && let Some(refusal) = card::refusal(behavior)
    {
        return Err(refusal);
    }
    Ok(put(tx, method, owner))
}

fn check(method: &Value, owner: &str) -> Result<(), ApiError> {
    let id = text(method, "id");
    let refuse = |message: String| Err(ApiError::invalid(message).param("payment_method"));
    match text(method, "customer") {
        "" => {}
        same if same == owner => {}
        _ => {
            return refuse(
                "The payment method you provided has already been attached to a \
                customer."
                    .to_owned(),
            );
        }
    }
    if is(method, "_used") {
        return refuse(used_message(id));
    }
    if !kinds::of(method).is_reusable {
        return refuse(format!(
            "Payment methods of type {} cannot be saved to customers.",
            text(method, "type")
        ));
    }
    Ok(())
}

/// Why a method that was used or detached cannot be used again.
pub fn used_message(id: &str) -> String {
    format!(
        "The provided PaymentMethod was previously used with a PaymentIntent without Customer \
         attachment, shared with a connected account without Customer attachment, or was detached \
         from a Customer. It may not be used again. To use a PaymentMethod multiple times, you \
         must attach it to a Customer first. ({id})"
    )
}

/// Puts a method among its customer's.
pub fn put(tx: &mut Tx<'_>, mut method: Value, owner: &str) -> Value {
    if text(&method, "customer") == owner {
        return method;
    }
    let id = text(&method, "id").to_owned();
    method["customer"] = json!(owner);
    // Taken out and put back, so that it is in its customer's list.
    tx.remove(&id);
    tx.insert(Kind::Method, Some(owner), &method);
    let account = tx.account.clone();
    emit(tx, "payment_method.attached", &account, &method, None);
    method
}

/// Takes a method out of its customer's list; it cannot be used again.
pub fn release(tx: &mut Tx<'_>, before: Value, owner: Value) -> Value {
    let mut method = before.clone();
    method["customer"] = owner;
    method["_used"] = json!(true);
    tx.remove(text(&before, "id"));
    tx.insert(Kind::Method, None, &method);
    let account = tx.account.clone();
    emit(tx, "payment_method.detached", &account, &method, Some(&before));
    method
}
