//! Changes of a subscription: items with proration, cancellation, pause and resume.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::params::Params;
use super::super::tx::{Tx, number, text};
use super::subscription_terms::{owner, period_end};
use super::{
    catalog, decimal, engine, invoice, invoice_lines, invoice_pay, kind, new, period,
    subscription_cycle, subscription_items, test_clock,
};
use serde_json::{Value, json};

/// `POST /v1/subscriptions/sub_1`.
pub fn change(call: &Call, tx: &mut Tx<'_>, subscription: &mut Value) -> Result<(), ApiError> {
    let params = &call.params;
    if matches!(text(subscription, "status"), "canceled" | "incomplete_expired") {
        let message = "A canceled subscription can only update its cancellation_details and \
            metadata.";
        let only = ["metadata", "cancellation_details", "expand"];
        if params.values().keys().any(|name| !only.contains(&name.as_str())) {
            return Err(ApiError::invalid(message));
        }
        return Ok(());
    }
    test_clock::enter(tx, subscription);
    invoice::discounts(call, tx, subscription)?;
    if let Some(flag) = params.boolean("cancel_at_period_end")? {
        subscription["cancel_at_period_end"] = json!(flag);
        subscription["cancel_at"] =
            if flag { json!(period_end(subscription)) } else { Value::Null };
        subscription["canceled_at"] = if flag { json!(tx.now) } else { Value::Null };
        subscription["cancellation_details"]["reason"] =
            if flag { json!("cancellation_requested") } else { Value::Null };
    }
    if params.text("trial_end")? == Some("now") && subscription["status"] == "trialing" {
        return end_trial(tx, subscription);
    }
    if let Some(end) = params.integer("trial_end").ok().flatten() {
        subscription["status"] = json!("trialing");
        subscription["trial_end"] = json!(end);
        subscription["billing_cycle_anchor"] = json!(end);
        subscription_items::set_period(subscription, tx.now, end);
    }
    if let Some(items) = params.group("items") {
        let before = subscription.clone();
        for key in items.values().keys() {
            if let Some(item) = items.group(key) {
                apply(tx, &item, subscription)?;
            }
        }
        settle(call, tx, &before, subscription)?;
    }
    if let Some(items) = params.group("add_invoice_items") {
        let customer = owner(tx, subscription);
        add_invoice_items(tx, &items, &customer)?;
    }
    subscription_cycle::plan(subscription);
    Ok(())
}

/// One item of the parameters: changed, deleted or added.
fn apply(tx: &mut Tx<'_>, sent: &Params, subscription: &mut Value) -> Result<(), ApiError> {
    let period = (number(subscription, "current_period_start"), period_end(subscription));
    let Some(id) = sent.filled("id")? else {
        let mut item = subscription_items::read(tx, sent, subscription)?;
        (item["current_period_start"], item["current_period_end"]) =
            (json!(period.0), json!(period.1));
        if let Some(items) = subscription["items"]["data"].as_array_mut() {
            items.push(item);
        }
        return Ok(());
    };
    let items = subscription["items"]["data"].as_array_mut();
    let items = items.ok_or_else(|| ApiError::not_found("subscription item", id))?;
    let Some(at) = items.iter().position(|item| item["id"] == id) else {
        return Err(ApiError::no_such("subscription item", id, &sent.full("id")));
    };
    if sent.boolean("deleted")? == Some(true) {
        if items.len() == 1 {
            let message = "A subscription must have at least one active item.";
            return Err(ApiError::invalid(message).param("items"));
        }
        items.remove(at);
        return Ok(());
    }
    subscription_items::change(tx, sent, &mut items[at])
}

/// Books what a change of items costs or gives back.
fn settle(
    call: &Call,
    tx: &mut Tx<'_>,
    before: &Value,
    subscription: &mut Value,
) -> Result<(), ApiError> {
    let behavior = call.params.filled("proration_behavior")?.unwrap_or("create_prorations");
    let count = subscription["items"]["data"].as_array().map_or(0, Vec::len);
    subscription["items"]["total_count"] = json!(count);
    let rhythm = subscription_items::rhythm(subscription);
    let new_rhythm = subscription_items::rhythm(before) != rhythm;
    let at = call.params.integer("proration_date")?.unwrap_or(tx.now);
    if subscription["status"] == "trialing" {
        return Ok(());
    }
    if behavior != "none" {
        prorate(tx, before, subscription, at, new_rhythm);
    }
    if new_rhythm {
        // Another interval begins a new period now, and is invoiced at once.
        subscription["billing_cycle_anchor"] = json!(tx.now);
        let end = period::end(tx.now, tx.now, &rhythm.0, rhythm.1);
        subscription_items::set_period(subscription, tx.now, end);
    }
    if !new_rhythm && behavior != "always_invoice" {
        return Ok(());
    }
    let reason = if new_rhythm { "subscription_cycle" } else { "subscription_update" };
    tx.update(subscription);
    let mut made = subscription_cycle::bill(tx, subscription, reason)?;
    made["billing_reason"] = json!("subscription_update");
    subscription["latest_invoice"] = made["id"].clone();
    tx.update(subscription);
    let made = invoice::finalize(tx, made, Some(true))?;
    if made["status"] == "open" && made["collection_method"] == "charge_automatically" {
        let _ = invoice_pay::attempt(tx, made, None);
    }
    Ok(())
}

/// Pending items: the rest of the period back for what was, and due for what is.
fn prorate(tx: &mut Tx<'_>, before: &Value, after: &Value, at: i64, new_rhythm: bool) {
    let (start, end) = (number(before, "current_period_start"), period_end(before));
    let (length, left) = (end - start, (end - at).clamp(0, end - start));
    let old = before["items"]["data"].as_array().cloned().unwrap_or_default();
    let new = after["items"]["data"].as_array().cloned().unwrap_or_default();
    let same = |one: &Value, other: &Value| {
        ["id", "quantity"].iter().all(|name| one[*name] == other[*name])
            && one["price"]["id"] == other["price"]["id"]
    };
    for item in &old {
        if new_rhythm || !new.iter().any(|other| same(item, other)) {
            let amount = -decimal::share(subscription_items::amount(item), left, length);
            pending(tx, after, item, amount, ("Unused time on", at, end));
        }
    }
    for item in new.iter().filter(|_| !new_rhythm) {
        if !old.iter().any(|other| same(item, other)) {
            let amount = decimal::share(subscription_items::amount(item), left, length);
            pending(tx, after, item, amount, ("Remaining time on", at, end));
        }
    }
}

fn pending(
    tx: &mut Tx<'_>,
    subscription: &Value,
    item: &Value,
    amount: i64,
    (what, from, to): (&str, i64, i64),
) {
    let quantity = number(item, "quantity");
    let product = catalog::product_name(tx, &item["price"]);
    let times = if quantity == 1 { String::new() } else { format!("{quantity} × ") };
    let mut made = new(tx, "invoiceitem", "ii_");
    for (name, value) in [
        ("amount", json!(amount)),
        ("currency", subscription["currency"].clone()),
        ("customer", subscription["customer"].clone()),
        ("date", json!(tx.now)),
        ("description", json!(format!("{what} {times}{product}"))),
        (
            "parent",
            json!({"type": "subscription_details", "subscription_details":
            {"subscription": subscription["id"], "subscription_item": item["id"]}}),
        ),
        ("period", json!({"start": from, "end": to})),
        ("pricing", invoice_lines::pricing(&item["price"])),
        ("proration", json!(true)),
        ("quantity", json!(quantity)),
        ("quantity_decimal", json!(quantity.to_string())),
        ("test_clock", subscription["test_clock"].clone()),
        ("_tax_rates", item["_tax_rates"].clone()),
    ] {
        made[name] = value;
    }
    tx.insert(kind("invoiceitem"), made["customer"].as_str(), &made);
    let account = tx.account.clone();
    emit(tx, "invoiceitem.created", &account, &made, None);
}

/// One-off items that go onto the next invoice.
pub fn add_invoice_items(tx: &mut Tx<'_>, sent: &Params, customer: &Value) -> Result<(), ApiError> {
    for key in sent.values().keys() {
        let Some(one) = sent.group(key) else { continue };
        let line = invoice_lines::read(tx, &one, "usd")?;
        let price = catalog::price(tx, one.required("price")?, &one.full("price"))?;
        let mut item = new(tx, "invoiceitem", "ii_");
        for name in ["amount", "description", "period", "pricing", "quantity", "quantity_decimal"] {
            item[name] = line[name].clone();
        }
        item["currency"] = price["currency"].clone();
        item["customer"] = customer["id"].clone();
        item["date"] = json!(tx.now);
        item["discountable"] = json!(true);
        item["test_clock"] = customer["test_clock"].clone();
        tx.insert(kind("invoiceitem"), item["customer"].as_str(), &item);
    }
    Ok(())
}

fn end_trial(tx: &mut Tx<'_>, subscription: &mut Value) -> Result<(), ApiError> {
    let (interval, count) = subscription_items::rhythm(subscription);
    subscription["status"] = json!("active");
    subscription["trial_end"] = json!(tx.now);
    subscription["billing_cycle_anchor"] = json!(tx.now);
    let end = period::end(tx.now, tx.now, &interval, count);
    subscription_items::set_period(subscription, tx.now, end);
    subscription_cycle::plan(subscription);
    tx.update(subscription);
    let made = subscription_cycle::bill(tx, subscription, "subscription_cycle")?;
    subscription["latest_invoice"] = made["id"].clone();
    tx.update(subscription);
    let made = invoice::finalize(tx, made, Some(true))?;
    if made["status"] == "open" {
        let _ = invoice_pay::attempt(tx, made, None);
    }
    let id = text(subscription, "id").to_owned();
    *subscription = tx.get(kind("subscription"), &id).unwrap_or_default();
    Ok(())
}

/// `DELETE /v1/subscriptions/sub_1`: canceled now.
pub fn cancel(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let mut subscription = super::of(tx, "subscription", id)?;
    if matches!(text(&subscription, "status"), "canceled" | "incomplete_expired") {
        return Err(ApiError::not_found("subscription", id));
    }
    test_clock::enter(tx, &subscription);
    let prorate_now = call.params.boolean("prorate")? == Some(true);
    if prorate_now {
        let mut empty = subscription.clone();
        empty["items"]["data"] = json!([]);
        prorate(tx, &subscription, &empty, tx.now, false);
    }
    subscription["canceled_at"] = json!(tx.now);
    engine::copy(call, &mut subscription)?;
    subscription["cancellation_details"]["reason"] = json!("cancellation_requested");
    for name in ["comment", "feedback"] {
        if subscription["cancellation_details"].get(name).is_none() {
            subscription["cancellation_details"][name] = Value::Null;
        }
    }
    if call.params.boolean("invoice_now")? == Some(true) {
        let made = subscription_cycle::bill(tx, &subscription, "subscription_update")?;
        subscription["latest_invoice"] = made["id"].clone();
        invoice::finalize(tx, made, Some(true))?;
    }
    Ok(subscription_cycle::end(tx, subscription))
}

/// `POST /v1/subscriptions/sub_1/pause`.
pub fn pause(_: &Call, tx: &mut Tx<'_>, subscription: Value) -> Answer {
    moved(tx, subscription, "paused", "customer.subscription.paused")
}

/// `POST /v1/subscriptions/sub_1/resume`.
pub fn resume(_: &Call, tx: &mut Tx<'_>, subscription: Value) -> Answer {
    if subscription["status"] != "paused" {
        let message = "Only paused subscriptions can be resumed.";
        return Err(ApiError::invalid(message));
    }
    moved(tx, subscription, "active", "customer.subscription.resumed")
}

fn moved(tx: &mut Tx<'_>, mut subscription: Value, status: &str, event: &str) -> Answer {
    test_clock::enter(tx, &subscription);
    subscription["status"] = json!(status);
    subscription_cycle::plan(&mut subscription);
    tx.update(&subscription);
    let account = tx.account.clone();
    emit(tx, event, &account, &subscription, None);
    Ok(subscription)
}

/// `DELETE /v1/subscriptions/sub_1/discount`.
pub fn drop_discount(_: &Call, tx: &mut Tx<'_>, mut subscription: Value) -> Answer {
    let id = subscription["discounts"][0].as_str().unwrap_or_default().to_owned();
    let discount = super::of(tx, "discount", &id)?;
    subscription["discounts"] = json!([]);
    tx.update(&subscription);
    let account = tx.account.clone();
    emit(tx, "customer.discount.deleted", &account, &discount, None);
    let mut gone = discount;
    gone["deleted"] = json!(true);
    Ok(gone)
}

/// `POST /v1/subscriptions/sub_1/migrate`: the mode is stored; both bill alike here.
pub fn migrate(_: &Call, tx: &mut Tx<'_>, mut subscription: Value) -> Answer {
    if subscription["billing_mode"]["type"] == "flexible" {
        return Err(ApiError::invalid("This subscription's billing mode is flexible already."));
    }
    let before = subscription.clone();
    subscription["billing_mode"] = json!({"type": "flexible", "updated_at": tx.now,
        "flexible": {"proration_discounts": "included"}});
    tx.update(&subscription);
    let account = tx.account.clone();
    emit(tx, "customer.subscription.updated", &account, &subscription, Some(&before));
    Ok(subscription)
}

/// A subscription with an item added or changed by the item's own endpoint.
pub fn with_item(call: &Call, tx: &mut Tx<'_>, before: Value, id: Option<&str>) -> Answer {
    test_clock::enter(tx, &before);
    let mut sent = call.params.clone();
    if let Some(id) = id {
        sent.set("id", id);
    }
    let mut subscription = before.clone();
    apply(tx, &sent, &mut subscription)?;
    saved(call, tx, &before, subscription)
}

/// A subscription without one of its items.
pub fn without_item(call: &Call, tx: &mut Tx<'_>, before: Value, id: &str) -> Answer {
    test_clock::enter(tx, &before);
    let mut sent = call.params.clone();
    sent.set("id", id);
    sent.set("deleted", "true");
    let mut subscription = before.clone();
    apply(tx, &sent, &mut subscription)?;
    saved(call, tx, &before, subscription)
}

fn saved(call: &Call, tx: &mut Tx<'_>, before: &Value, mut subscription: Value) -> Answer {
    settle(call, tx, before, &mut subscription)?;
    tx.update(&subscription);
    let account = tx.account.clone();
    emit(tx, "customer.subscription.updated", &account, &subscription, Some(before));
    Ok(subscription)
}
