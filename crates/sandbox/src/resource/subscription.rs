//! Subscriptions: create, retrieve, list, and the operations that have files of their own.

use super::super::api_error::ApiError;
use super::super::call::Call;
use super::super::lookup;
use super::super::params::Params;
use super::super::tx::{Tx, text};
use super::{
    Resource, id_of, invoice, kind, period, subscription_change, subscription_cycle,
    subscription_items, test_clock,
};
use serde_json::{Value, json};

/// Subscriptions. They are stored when they are created, so that their first invoice finds them.
pub const SUBSCRIPTION: Resource = Resource {
    events: "customer.subscription",
    create,
    update: subscription_change::change,
    listed,
    own_filters: &["status", "price", "plan"],
    actions: &[
        ("POST", "resume", subscription_change::resume),
        ("POST", "pause", subscription_change::pause),
        ("DELETE", "discount", subscription_change::drop_discount),
        ("POST", "migrate", subscription_change::migrate),
    ],
    ..Resource::new("subscription", "subscriptions", "sub_")
};

/// Without a status, those that are canceled are left out; `all` and `ended` are groups.
fn listed(call: &Call, subscription: &Value) -> bool {
    let status = text(subscription, "status");
    let ended = matches!(status, "canceled" | "incomplete_expired");
    let has_price = |name: &str| {
        let Ok(Some(wanted)) = call.params.text(name) else { return true };
        let items = subscription["items"]["data"].as_array().into_iter().flatten();
        items.map(|item| id_of(item, "price")).any(|id| id == wanted)
    };
    let fits = match call.params.text("status").ok().flatten() {
        None => !ended,
        Some("all") => true,
        Some("ended") => ended,
        Some(wanted) => wanted == status,
    };
    fits && has_price("price") && has_price("plan")
}

fn create(call: &Call, tx: &mut Tx<'_>, subscription: &mut Value) -> Result<(), ApiError> {
    let params = &call.params;
    let owner = lookup::customer(tx, params.required("customer")?)?;
    test_clock::enter(tx, &owner);
    let sent = params.group("items").ok_or_else(|| ApiError::missing("items"))?;
    fill(subscription, &owner, tx.now);
    let mut items = Vec::new();
    for key in sent.values().keys() {
        if let Some(item) = sent.group(key) {
            items.push(subscription_items::read(tx, &item, subscription)?);
        }
    }
    check_items(&items)?;
    subscription["currency"] = items[0]["price"]["currency"].clone();
    let id = text(subscription, "id").to_owned();
    subscription["items"] = json!({"object": "list", "data": items, "has_more": false,
        "total_count": items.len(), "url": format!("/v1/subscription_items?subscription={id}")});
    subscription["_default_tax_rates"] = json!(params.list("default_tax_rates"));
    subscription["default_tax_rates"] =
        super::tax_rates(tx, &params.list("default_tax_rates"), "default_tax_rates")?;
    check_method(tx, params, &owner)?;
    invoice::discounts(call, tx, subscription)?;
    begin(call, tx, subscription)?;
    // Its first invoice finds it stored; the engine stores it again as it is then.
    tx.insert(kind("subscription"), Some(text(&owner, "id")), subscription);
    if let Some(item) = params.group("add_invoice_items") {
        subscription_change::add_invoice_items(tx, &item, &owner)?;
    }
    let behavior = params.filled("payment_behavior")?.unwrap_or("allow_incomplete").to_owned();
    subscription_cycle::first_invoice(tx, subscription, &behavior)?;
    let stored = tx.get(kind("subscription"), &id).unwrap_or_default();
    tx.remove(&id);
    *subscription = stored;
    Ok(())
}

fn fill(subscription: &mut Value, owner: &Value, now: i64) {
    for (name, value) in [
        ("billing_cycle_anchor", json!(now)),
        ("billing_mode", json!({"type": "classic", "flexible": null})),
        ("created", json!(now)),
        ("customer", owner["id"].clone()),
        ("start_date", json!(now)),
        ("status", json!("active")),
        ("test_clock", owner["test_clock"].clone()),
        (
            "invoice_settings",
            json!({"account_tax_ids": null, "custom_fields": null,
            "description": null, "footer": null, "issuer": {"type": "self"}}),
        ),
        (
            "payment_settings",
            json!({"payment_method_options": null, "payment_method_types": null,
            "save_default_payment_method": "off"}),
        ),
        ("trial_settings", json!({"end_behavior": {"missing_payment_method": "create_invoice"}})),
    ] {
        let sent = subscription[name].take();
        subscription[name] = value;
        for (inner, given) in sent.as_object().into_iter().flatten() {
            if name.ends_with("_settings") && !given.is_null() && inner != "issuer" {
                subscription[name][inner] = given.clone();
            }
        }
    }
    if subscription["collection_method"].is_null() {
        subscription["collection_method"] = json!("charge_automatically");
    }
}

fn check_items(items: &[Value]) -> Result<(), ApiError> {
    let Some(first) = items.first() else { return Err(ApiError::missing("items")) };
    let same = |name: &str| {
        items
            .iter()
            .all(|item| item["price"]["recurring"][name] == first["price"]["recurring"][name])
    };
    if !same("interval") || !same("interval_count") {
        let message = "All prices on a subscription must have the same `recurring.interval` and \
            `recurring.interval_count`.";
        return Err(ApiError::invalid(message).param("items"));
    }
    if items.iter().any(|item| item["price"]["currency"] != first["price"]["currency"]) {
        let message = "All prices on a subscription must have the same `currency`.";
        return Err(ApiError::invalid(message).param("items"));
    }
    Ok(())
}

fn check_method(tx: &Tx<'_>, params: &Params, owner: &Value) -> Result<(), ApiError> {
    let Some(id) = params.filled("default_payment_method")? else { return Ok(()) };
    let own = tx.stored(id).filter(|stored| stored.account == tx.account);
    let found = own.map(|stored| stored.value()).unwrap_or_default();
    let is_theirs = matches!(text(&found, "object"), "payment_method" | "card")
        && found["customer"] == owner["id"];
    if is_theirs {
        return Ok(());
    }
    let message = format!(
        "The customer does not have a payment method with the ID {id}. The payment method must be \
         attached to the customer."
    );
    Err(ApiError::invalid(message).code("resource_missing").param("default_payment_method"))
}

/// The trial, the anchor and the first period.
fn begin(call: &Call, tx: &Tx<'_>, subscription: &mut Value) -> Result<(), ApiError> {
    let params = &call.params;
    let (interval, count) = subscription_items::rhythm(subscription);
    let days = params.integer("trial_period_days")?;
    let of_plan =
        subscription["items"]["data"][0]["price"]["recurring"]["trial_period_days"].as_i64();
    let days = match params.boolean("trial_from_plan")? {
        Some(true) => days.or(of_plan),
        _ => days,
    };
    let trial_end = match params.filled("trial_end")? {
        Some("now") => None,
        Some(_) => params.integer("trial_end")?,
        None => days.filter(|days| *days > 0).map(|days| tx.now + days * 86_400),
    };
    if trial_end.is_some_and(|end| end <= tx.now) {
        let message = "Invalid timestamp: must be an integer Unix timestamp in the future.";
        return Err(ApiError::invalid(message).param("trial_end"));
    }
    let anchor = params.integer("billing_cycle_anchor")?.or(trial_end).unwrap_or(tx.now);
    subscription["billing_cycle_anchor"] = json!(anchor);
    let end = trial_end.unwrap_or_else(|| period::end(anchor, tx.now, &interval, count));
    if trial_end.is_some() {
        subscription["status"] = json!("trialing");
        subscription["trial_start"] = json!(tx.now);
    } else {
        subscription["trial_start"] = Value::Null;
    }
    subscription["trial_end"] = json!(trial_end);
    subscription_items::set_period(subscription, tx.now, end);
    if let Some(at) = params.integer("cancel_at").ok().flatten() {
        subscription["cancel_at"] = json!(at);
    }
    subscription_cycle::plan(subscription);
    Ok(())
}
