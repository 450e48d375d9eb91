//! Changes of a subscription that wait for their payment: `payment_behavior=pending_if_incomplete`.

use super::super::tx::{Tx, text};
use super::invoice;
use super::of;
use serde_json::{Value, json};

/// How long a change waits, in seconds: 23 hours.
const WAITS_SECONDS: i64 = 23 * 3_600;
/// What a change of items changes.
const CHANGED: [&str; 4] =
    ["items", "billing_cycle_anchor", "current_period_start", "current_period_end"];

/// Puts a change aside: the subscription is again what it was `before`.
pub fn put_aside(tx: &Tx<'_>, before: &Value, subscription: &mut Value, unpaid: &Value) {
    let wanted = subscription.clone();
    let expires_at = tx.now + WAITS_SECONDS;
    *subscription = before.clone();
    subscription["latest_invoice"] = unpaid.clone();
    subscription["pending_update"] = json!({
        "billing_cycle_anchor": null, "cancel_at_period_end": null, "discount": null,
        "discounts": null, "expires_at": expires_at, "metadata": null,
        "subscription_items": wanted["items"]["data"], "trial_end": null,
        "trial_from_plan": null,
    });
    let changed = CHANGED.map(|name| (name.to_owned(), wanted[name].clone()));
    let fields: serde_json::Map<String, Value> = changed.into_iter().collect();
    subscription["_pending"] =
        json!({"invoice": unpaid, "expires_at": expires_at, "fields": fields});
}

/// When the change that waits is given up, if one does.
pub fn expires_at(subscription: &Value) -> Option<i64> {
    subscription["_pending"]["expires_at"].as_i64()
}

/// Makes the change that waited for this invoice; says whether one did.
pub fn apply(subscription: &mut Value, paid: &Value) -> bool {
    let pending = subscription["_pending"].clone();
    if pending.is_null() || pending["invoice"] != paid["id"] {
        return false;
    }
    for (name, value) in pending["fields"].as_object().into_iter().flatten() {
        subscription[name.as_str()] = value.clone();
    }
    clear(subscription);
    true
}

/// Gives the change up, and voids its invoice.
pub fn give_up(tx: &mut Tx<'_>, subscription: &mut Value) {
    let unpaid = text(&subscription["_pending"], "invoice").to_owned();
    clear(subscription);
    if let Ok(unpaid) = of(tx, "invoice", &unpaid) {
        // One that was paid or voided meanwhile stays as it is.
        let _ = invoice::void_now(tx, unpaid);
    }
}

fn clear(subscription: &mut Value) {
    subscription["pending_update"] = Value::Null;
    if let Some(fields) = subscription.as_object_mut() {
        fields.shift_remove("_pending");
    }
}
