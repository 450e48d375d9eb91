//! `POST /v1/invoices/create_preview`: the invoice that would be made, which is not stored.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::lookup;
use super::super::params::Params;
use super::super::tx::{Tx, number, text};
use super::subscription_terms::{owner, period_end};
use super::{
    invoice, invoice_lines, invoice_totals, named, period, subscription_cycle, subscription_items,
    test_clock,
};
use serde_json::{Value, json};

/// Invoice items that a preview can add, as at Stripe.
const ITEMS_MAX: usize = 250;

/// Composes the preview; the operation keeps nothing of it.
pub fn run(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let params = &call.params;
    let details = params.group("subscription_details");
    let existing = match params.filled("subscription")? {
        Some(id) => Some(named(tx, "subscription", id, "subscription")?),
        None => None,
    };
    let payer = match (&existing, params.filled("customer")?) {
        (_, Some(id)) => lookup::customer(tx, id)?,
        (Some(subscription), None) => owner(tx, subscription),
        (None, None) => json!({"id": null, "balance": 0}),
    };
    test_clock::enter(tx, &payer);
    let mut made = match (existing, details) {
        (Some(subscription), _) => next(tx, subscription)?,
        (None, Some(details)) => first(tx, &payer, &details)?,
        (None, None) => {
            let currency = params.filled("currency")?.unwrap_or("usd").to_lowercase();
            let mut made = invoice::draft(tx, &payer, &currency);
            invoice::take_items(tx, &mut made)?;
            made
        }
    };
    if let Some(items) = params.group("invoice_items") {
        if items.values().len() > ITEMS_MAX {
            let message = format!("A preview can have at most {ITEMS_MAX} invoice items.");
            return Err(ApiError::invalid(message).param("invoice_items"));
        }
        let currency = text(&made, "currency").to_owned();
        for key in items.values().keys() {
            if let Some(item) = items.group(key) {
                let line = invoice_lines::read(tx, &item, &currency)?;
                invoice_lines::add(tx, &mut made, line)?;
            }
        }
    }
    if params.has("discounts") {
        invoice::discounts(call, tx, &mut made)?;
    }
    invoice_totals::update(tx, &mut made)?;
    let (balance, total) = (number(&payer, "balance"), number(&made, "total"));
    let applied = (-balance).min(total.max(0));
    let due = total.max(0) - applied;
    for (name, value) in [
        ("id", json!(tx.id("upcoming_in_"))),
        ("amount_due", json!(due)),
        ("amount_remaining", json!(due)),
        ("starting_balance", json!(balance)),
        ("ending_balance", json!(balance + applied)),
    ] {
        made[name] = value;
    }
    tx.discard();
    Ok(made)
}

/// The next invoice of a subscription.
fn next(tx: &mut Tx<'_>, mut subscription: Value) -> Answer {
    let start = period_end(&subscription);
    let (interval, count) = subscription_items::rhythm(&subscription);
    let anchor = number(&subscription, "billing_cycle_anchor");
    subscription["status"] = json!("active");
    let end = period::end(anchor, start, &interval, count);
    subscription_items::set_period(&mut subscription, start, end);
    let mut made = subscription_cycle::compose(tx, &subscription, "upcoming")?;
    invoice::take_items(tx, &mut made)?;
    made["next_payment_attempt"] = json!(start + invoice::DRAFT_SECONDS);
    Ok(made)
}

/// The first invoice of a subscription that does not exist yet.
fn first(tx: &mut Tx<'_>, payer: &Value, details: &Params) -> Answer {
    let sent = details.group("items").ok_or_else(|| ApiError::missing("subscription_details"))?;
    let mut subscription = super::super::description::shape::blank("subscription");
    let mut items = Vec::new();
    for key in sent.values().keys() {
        if let Some(item) = sent.group(key) {
            items.push(subscription_items::read(tx, &item, &subscription)?);
        }
    }
    subscription["currency"] = json!(items.first().map(|item| item["price"]["currency"].clone()));
    subscription["customer"] = payer["id"].clone();
    subscription["collection_method"] = json!("charge_automatically");
    subscription["items"]["data"] = json!(items);
    let (interval, count) = subscription_items::rhythm(&subscription);
    let end = period::end(tx.now, tx.now, &interval, count);
    subscription_items::set_period(&mut subscription, tx.now, end);
    subscription_cycle::compose(tx, &subscription, "upcoming")
}
