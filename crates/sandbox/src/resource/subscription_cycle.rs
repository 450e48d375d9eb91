//! What time does to subscriptions: the first invoice, renewals, trials, dunning, the end.

use super::super::api_error::ApiError;
use super::super::description::shape::blank;
use super::super::event::emit;
use super::super::tx::{Tx, number, text};
use super::subscription_terms::{INCOMPLETE_SECONDS, owner, period_end};
use super::{
    catalog, invoice, invoice_lines, invoice_pay, kind, of, pending_update, period,
    subscription_items, test_clock,
};
use serde_json::{Value, json};

/// Seconds before the end of a trial that its event is sent.
const TRIAL_NOTICE: i64 = 3 * 86_400;

/// Has the subscription wake at the next thing that happens to it.
pub fn plan(subscription: &mut Value) {
    let mut at = vec![period_end(subscription)];
    at.extend(subscription["cancel_at"].as_i64());
    at.extend(pending_update::expires_at(subscription));
    if let Some(end) = subscription["trial_end"].as_i64()
        && subscription["status"] == "trialing"
        && subscription["_noticed"] != true
    {
        at.push((end - TRIAL_NOTICE).max(number(subscription, "created") + 1));
    }
    if subscription["status"] == "incomplete" {
        at = vec![number(subscription, "created") + INCOMPLETE_SECONDS];
    }
    let ended =
        matches!(text(subscription, "status"), "canceled" | "incomplete_expired" | "paused");
    test_clock::schedule(subscription, at.into_iter().min().filter(|_| !ended));
}

/// The invoice that a subscription begins with, and what its payment decides.
pub fn first_invoice(
    tx: &mut Tx<'_>,
    subscription: &mut Value,
    behavior: &str,
) -> Result<(), ApiError> {
    let mut made = bill(tx, subscription, "subscription_create")?;
    made["_wants_intent"] = json!(behavior == "default_incomplete");
    let waits = number(&made, "amount_due") > 0 && subscription["status"] != "trialing";
    let automatic = subscription["collection_method"] == "charge_automatically";
    if waits && automatic {
        subscription["status"] = json!("incomplete");
    }
    subscription["latest_invoice"] = made["id"].clone();
    plan(subscription);
    tx.update(subscription);
    let made = invoice::finalize(tx, made, Some(true))?;
    if made["status"] == "paid" || !automatic || behavior == "default_incomplete" {
        return Ok(());
    }
    match invoice_pay::attempt(tx, made, None) {
        Ok(_) => Ok(()),
        Err(refusal) if behavior == "error_if_incomplete" => {
            Err(ApiError { keep: false, ..refusal }.status(402))
        }
        Err(_) => Ok(()),
    }
}

/// An invoice with the items of the current period and what is pending, stored as a draft.
pub fn bill(tx: &mut Tx<'_>, subscription: &Value, reason: &str) -> Result<Value, ApiError> {
    let mut made = compose(tx, subscription, reason)?;
    invoice::take_items(tx, &mut made)?;
    tx.put(kind("invoice"), &made);
    let account = tx.account.clone();
    emit(tx, "invoice.created", &account, &made, None);
    Ok(made)
}

/// The subscription's discounts, or else the customer's own.
fn discounts(tx: &Tx<'_>, subscription: &Value) -> Value {
    let own = subscription["discounts"].as_array().is_some_and(|all| !all.is_empty());
    match invoice::of_customer(tx, super::id_of(subscription, "customer")) {
        Some(id) if !own => json!([id]),
        _ => subscription["discounts"].clone(),
    }
}

/// The same without storing it.
pub fn compose(tx: &mut Tx<'_>, subscription: &Value, reason: &str) -> Result<Value, ApiError> {
    let customer = owner(tx, subscription);
    let mut made = invoice::draft(tx, &customer, text(subscription, "currency"));
    let details = json!({"subscription": subscription["id"], "metadata": subscription["metadata"]});
    for (name, value) in [
        ("auto_advance", json!(true)),
        ("billing_reason", json!(reason)),
        ("collection_method", subscription["collection_method"].clone()),
        ("default_tax_rates", subscription["default_tax_rates"].clone()),
        ("discounts", discounts(tx, subscription)),
        (
            "parent",
            json!({"type": "subscription_details", "quote_details": null,
            "subscription_details": details}),
        ),
        ("subscription", subscription["id"].clone()),
        ("_default_tax_rates", subscription["_default_tax_rates"].clone()),
    ] {
        made[name] = value;
    }
    if let Some(days) = subscription["days_until_due"].as_i64() {
        made["due_date"] = json!(tx.now + days * 86_400);
    }
    if reason != "subscription_update" {
        for item in subscription["items"]["data"].as_array().into_iter().flatten() {
            let line = line(tx, subscription, item);
            invoice_lines::add(tx, &mut made, line)?;
        }
    }
    Ok(made)
}

fn line(tx: &Tx<'_>, subscription: &Value, item: &Value) -> Value {
    let product = catalog::product_name(tx, &item["price"]);
    let trial = subscription["status"] == "trialing";
    let quantity = number(item, "quantity");
    let unit = item["price"]["unit_amount"].as_i64().unwrap_or(0);
    let currency = text(subscription, "currency");
    let price = super::super::call::money(unit, currency);
    let interval = text(&item["price"]["recurring"], "interval");
    let description = match trial {
        true => format!("Trial period for {product}"),
        false => format!("{quantity} × {product} (at {price} / {interval})"),
    };
    let mut line = blank("line_item");
    for (name, value) in [
        ("amount", json!(if trial { 0 } else { subscription_items::amount(item) })),
        ("currency", json!(currency)),
        ("description", json!(description)),
        ("discountable", json!(true)),
        ("metadata", subscription["metadata"].clone()),
        (
            "parent",
            json!({"type": "subscription_item_details", "invoice_item_details": null,
            "subscription_item_details": {"invoice_item": null, "proration": false,
                "proration_details": {"credited_items": null}, "subscription": subscription["id"],
                "subscription_item": item["id"]}}),
        ),
        (
            "period",
            json!({"start": item["current_period_start"],
            "end": item["current_period_end"]}),
        ),
        ("pricing", invoice_lines::pricing(&item["price"])),
        ("quantity", json!(quantity)),
        ("quantity_decimal", json!(quantity.to_string())),
        ("subscription", subscription["id"].clone()),
        ("_tax_rates", item["_tax_rates"].clone()),
    ] {
        line[name] = value;
    }
    line
}

/// Something is due: the notice of a trial's end, the end, or a renewal.
pub fn wake(tx: &mut Tx<'_>, mut subscription: Value) -> Result<(), ApiError> {
    let account = tx.account.clone();
    let status = text(&subscription, "status").to_owned();
    if status == "incomplete" {
        return expire(tx, subscription);
    }
    let ends = subscription["cancel_at"].as_i64().is_some_and(|at| at <= tx.now)
        || (subscription["cancel_at_period_end"] == true && period_end(&subscription) <= tx.now);
    if ends {
        end(tx, subscription);
        return Ok(());
    }
    if pending_update::expires_at(&subscription).is_some_and(|at| at <= tx.now) {
        pending_update::give_up(tx, &mut subscription);
        plan(&mut subscription);
        tx.update(&subscription);
        let event = "customer.subscription.pending_update_expired";
        emit(tx, event, &account, &subscription, None);
        return Ok(());
    }
    if period_end(&subscription) > tx.now {
        subscription["_noticed"] = json!(true);
        plan(&mut subscription);
        tx.update(&subscription);
        emit(tx, "customer.subscription.trial_will_end", &account, &subscription, None);
        return Ok(());
    }
    let behavior = &subscription["trial_settings"]["end_behavior"]["missing_payment_method"];
    let behavior = behavior.as_str().unwrap_or("create_invoice").to_owned();
    if status == "trialing" && behavior != "create_invoice" && !can_pay(tx, &subscription) {
        if behavior == "cancel" {
            end(tx, subscription);
        } else {
            pause(tx, subscription);
        }
        return Ok(());
    }
    renew(tx, subscription)
}

/// Whether a renewal has something to be paid with.
fn can_pay(tx: &Tx<'_>, subscription: &Value) -> bool {
    let invoice = json!({"subscription": subscription["id"], "customer": subscription["customer"]});
    invoice_pay::default_method(tx, &invoice).is_some()
}

/// Pauses a subscription whose trial ends without a way to pay.
fn pause(tx: &mut Tx<'_>, mut subscription: Value) {
    let before = subscription.clone();
    subscription["status"] = json!("paused");
    plan(&mut subscription);
    tx.update(&subscription);
    let account = tx.account.clone();
    emit(tx, "customer.subscription.paused", &account, &subscription, None);
    emit(tx, "customer.subscription.updated", &account, &subscription, Some(&before));
}

/// Ends an invoice of a paused collection: `void` or `mark_uncollectible`.
fn end_paused(tx: &mut Tx<'_>, made: Value, behavior: &str) -> Result<Value, ApiError> {
    let made = invoice::finalize(tx, made, Some(false))?;
    match (text(&made, "status"), behavior) {
        ("open", "void") => invoice::void_now(tx, made),
        ("open", _) => invoice::give_up(tx, made),
        _ => Ok(made),
    }
}

fn renew(tx: &mut Tx<'_>, mut subscription: Value) -> Result<(), ApiError> {
    let account = tx.account.clone();
    let before = subscription.clone();
    let start = period_end(&subscription);
    let (interval, count) = subscription_items::rhythm(&subscription);
    let anchor = number(&subscription, "billing_cycle_anchor");
    let next = period::end(anchor, start, &interval, count);
    subscription_items::set_period(&mut subscription, start, next);
    if subscription["status"] == "trialing" {
        subscription["status"] = json!("active");
    }
    plan(&mut subscription);
    tx.update(&subscription);
    let mut made = bill(tx, &subscription, "subscription_cycle")?;
    let paused = text(&subscription["pause_collection"], "behavior");
    made["period_start"] = before["current_period_start"].clone();
    made["period_end"] = json!(start);
    if paused == "keep_as_draft" {
        made["auto_advance"] = json!(false);
    } else if !paused.is_empty() {
        made = end_paused(tx, made, paused)?;
    } else {
        made["automatically_finalizes_at"] = json!(tx.now + invoice::DRAFT_SECONDS);
        test_clock::schedule(&mut made, Some(tx.now + invoice::DRAFT_SECONDS));
    }
    tx.update(&made);
    subscription["latest_invoice"] = made["id"].clone();
    tx.update(&subscription);
    emit(tx, "customer.subscription.updated", &account, &subscription, Some(&before));
    Ok(())
}

fn expire(tx: &mut Tx<'_>, mut subscription: Value) -> Result<(), ApiError> {
    subscription["status"] = json!("incomplete_expired");
    subscription["ended_at"] = json!(tx.now);
    tx.update(&subscription);
    let account = tx.account.clone();
    emit(tx, "customer.subscription.updated", &account, &subscription, None);
    // What begins it cannot be paid any more.
    if let Ok(first) = of(tx, "invoice", text(&subscription, "latest_invoice"))
        && first["status"] == "open"
    {
        invoice::void_now(tx, first)?;
    }
    Ok(())
}

/// Ends a subscription.
pub fn end(tx: &mut Tx<'_>, mut subscription: Value) -> Value {
    for (name, value) in [
        ("status", json!("canceled")),
        ("ended_at", json!(tx.now)),
        ("canceled_at", json!(subscription["canceled_at"].as_i64().unwrap_or(tx.now))),
    ] {
        subscription[name] = value;
    }
    plan(&mut subscription);
    tx.update(&subscription);
    // Older ones stop when they wake.
    if let Ok(latest) = of(tx, "invoice", text(&subscription, "latest_invoice")) {
        stop_collecting(tx, latest);
    }
    let account = tx.account.clone();
    emit(tx, "customer.subscription.deleted", &account, &subscription, None);
    subscription
}

/// What an ended subscription left unpaid is not charged by itself any more; returns whether this
/// is such an invoice.
pub fn stop_collecting(tx: &mut Tx<'_>, mut invoice: Value) -> bool {
    let status = of(tx, "subscription", text(&invoice, "subscription"))
        .map(|subscription| subscription["status"].clone());
    let ended = status.is_ok_and(|status| status == "canceled" || status == "incomplete_expired");
    if ended && matches!(text(&invoice, "status"), "draft" | "open") {
        test_clock::schedule(&mut invoice, None);
        invoice["auto_advance"] = json!(false);
        invoice["next_payment_attempt"] = Value::Null;
        tx.update(&invoice);
    }
    ended
}

/// An invoice of a subscription was paid.
pub fn invoice_paid(tx: &mut Tx<'_>, paid: &Value) {
    let wakes = |status: &str| matches!(status, "incomplete" | "past_due" | "unpaid");
    moved(tx, paid, wakes, "active");
    let Ok(before) = of(tx, "subscription", text(paid, "subscription")) else { return };
    let mut subscription = before.clone();
    if pending_update::apply(&mut subscription, paid) {
        plan(&mut subscription);
        tx.update(&subscription);
        let account = tx.account.clone();
        let applied = "customer.subscription.pending_update_applied";
        emit(tx, applied, &account, &subscription, None);
        emit(tx, "customer.subscription.updated", &account, &subscription, Some(&before));
    }
}

/// An invoice was voided or given up: there is nothing left to wait for.
pub fn invoice_ended(tx: &mut Tx<'_>, ended: &Value) {
    moved(tx, ended, |status| status == "past_due", "active");
}

/// A payment failed; the last failure ends the subscription.
pub fn invoice_failed(tx: &mut Tx<'_>, failed: &Value, is_last: bool) {
    if failed["billing_reason"] != "subscription_cycle" {
        return;
    }
    moved(tx, failed, |status| matches!(status, "active" | "trialing"), "past_due");
    if let Ok(mut subscription) = of(tx, "subscription", text(failed, "subscription"))
        && is_last
        && subscription["status"] == "past_due"
    {
        subscription["cancellation_details"] =
            json!({"comment": null, "feedback": null, "reason": "payment_failed"});
        end(tx, subscription);
    }
}

fn moved(tx: &mut Tx<'_>, invoice: &Value, from: impl Fn(&str) -> bool, to: &str) {
    let Ok(before) = of(tx, "subscription", text(invoice, "subscription")) else { return };
    if !from(text(&before, "status")) || before["latest_invoice"] != invoice["id"] {
        return;
    }
    let mut subscription = before.clone();
    subscription["status"] = json!(to);
    plan(&mut subscription);
    tx.update(&subscription);
    let account = tx.account.clone();
    emit(tx, "customer.subscription.updated", &account, &subscription, Some(&before));
}
