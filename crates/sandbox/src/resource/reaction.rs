//! What an event causes in other resources: a paid intent pays its invoice, an invoice that is
//! paid, fails or ends moves its subscription.

use super::super::tx::Tx;
use super::{
    credit, entitlement, fraud, invoice_pay, link, subscription_cycle, subscription_schedule,
};
use serde_json::Value;

/// Called after each event, with its object.
pub fn after_event(tx: &mut Tx<'_>, event: &str, object: &Value) {
    match event {
        "payment_intent.succeeded" => invoice_pay::intent_succeeded(tx, object),
        "invoice.payment_succeeded" => subscription_cycle::invoice_paid(tx, object),
        "invoice.payment_failed" => {
            let is_last = object["next_payment_attempt"].is_null();
            subscription_cycle::invoice_failed(tx, object, is_last);
        }
        "invoice.voided" | "invoice.marked_uncollectible" => {
            subscription_cycle::invoice_ended(tx, object);
        }
        "checkout.session.completed" => link::completed(tx, object),
        "charge.succeeded" => fraud::charge_succeeded(tx, object),
        "billing.credit_grant.created" => credit::granted(tx, object),
        "customer.subscription.created" | "customer.subscription.updated" => {
            entitlement::subscription_changed(tx, object);
        }
        "customer.subscription.deleted" => {
            subscription_schedule::subscription_ended(tx, object);
            entitlement::subscription_changed(tx, object);
        }
        _ => {}
    }
}
