//! What the files of subscriptions share: whose one is, and when its period ends.

use super::super::state::Kind;
use super::super::tx::{Tx, number};
use super::id_of;
use serde_json::Value;

/// Seconds that an incomplete subscription waits for its first payment.
pub const INCOMPLETE_SECONDS: i64 = 23 * 3_600;

/// The customer of a subscription.
pub fn owner(tx: &Tx<'_>, subscription: &Value) -> Value {
    tx.get(Kind::Customer, id_of(subscription, "customer")).unwrap_or_default()
}

/// The end of the current period.
pub fn period_end(subscription: &Value) -> i64 {
    number(subscription, "current_period_end")
}
