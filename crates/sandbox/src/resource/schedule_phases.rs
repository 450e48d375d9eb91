//! The phases of a subscription schedule: read from parameters or a subscription, and written as
//! the parameters of the subscription that they make.

use super::super::api_error::ApiError;
use super::super::params::Params;
use super::super::tx::{Tx, number, text};
use super::{catalog, id_of, period};
use form_urlencoded::Serializer;
use serde_json::{Value, json};

/// Fields of a phase that are sent and shown under the same name, and its subscription has too.
const TEXTS: [&str; 4] =
    ["collection_method", "default_payment_method", "description", "on_behalf_of"];

/// The phases that parameters describe, from `start` on.
pub fn read(tx: &mut Tx<'_>, sent: &Params, start: i64) -> Result<Vec<Value>, ApiError> {
    let mut phases = Vec::new();
    let mut from = start;
    for key in sent.values().keys() {
        let Some(one) = sent.group(key) else { continue };
        let phase = phase(tx, &one, from)?;
        from = number(&phase, "end_date");
        phases.push(phase);
    }
    if phases.is_empty() {
        return Err(ApiError::missing("phases"));
    }
    Ok(phases)
}

fn phase(tx: &mut Tx<'_>, sent: &Params, from: i64) -> Result<Value, ApiError> {
    let start = match sent.text("start_date")? {
        Some("now") => tx.now,
        _ => sent.integer("start_date").ok().flatten().unwrap_or(from),
    };
    let listed = sent.group("items").ok_or_else(|| ApiError::missing(&sent.full("items")))?;
    let mut items = Vec::new();
    let mut rhythm = ("month".to_owned(), 1);
    let mut currency = Value::Null;
    for key in listed.values().keys() {
        let Some(item) = listed.group(key) else { continue };
        let price = match item.group("price_data") {
            Some(data) => catalog::price_of(tx, &data)?,
            None => {
                let name = if item.has("plan") { "plan" } else { "price" };
                catalog::price(tx, item.required(name)?, &item.full(name))?
            }
        };
        let recurring = &price["recurring"];
        if !recurring.is_object() {
            let message = "The price specified is set to `type=one_time` but this field only \
                accepts prices with `type=recurring`.";
            return Err(ApiError::invalid(message).param(&item.full("price")));
        }
        rhythm = (text(recurring, "interval").into(), number(recurring, "interval_count").max(1));
        currency = price["currency"].clone();
        let mut made = json!({"billing_thresholds": null, "discounts": [], "metadata": {},
            "plan": price["id"], "price": price["id"],
            "quantity": item.integer("quantity")?.unwrap_or(1),
            "tax_rates": super::tax_rates(tx, &item.list("tax_rates"), &item.full("tax_rates"))?});
        item.patch_metadata(&mut made)?;
        items.push(made);
    }
    if items.is_empty() {
        return Err(ApiError::missing(&sent.full("items")));
    }
    let end = end(tx, sent, start, &rhythm)?;
    let mut phase = json!({"currency": currency, "start_date": start, "end_date": end,
        "items": items, "metadata": {}, "trial_end": null, "add_invoice_items": [],
        "proration_behavior": sent.filled("proration_behavior")?.unwrap_or("create_prorations")});
    sent.patch(&mut phase, &TEXTS)?;
    sent.patch_metadata(&mut phase)?;
    if let Some(anchor) = sent.filled("billing_cycle_anchor")? {
        phase["billing_cycle_anchor"] = json!(anchor);
    }
    phase["discounts"] = discounts(sent)?;
    let rates = sent.list("default_tax_rates");
    phase["default_tax_rates"] = super::tax_rates(tx, &rates, &sent.full("default_tax_rates"))?;
    if sent.boolean("trial")? == Some(true) {
        phase["trial_end"] = json!(end);
    } else if let Some(at) = sent.integer("trial_end").ok().flatten() {
        phase["trial_end"] = json!(at);
    }
    if let Some(settings) = sent.group("invoice_settings")
        && let Some(days) = settings.integer("days_until_due")?
    {
        phase["invoice_settings"] = json!({"days_until_due": days, "account_tax_ids": null,
            "custom_fields": null, "description": null, "footer": null, "issuer": null});
    }
    Ok(phase)
}

/// The end of a phase: named, counted in intervals of its price, or one interval later.
fn end(tx: &Tx<'_>, sent: &Params, start: i64, rhythm: &(String, i64)) -> Result<i64, ApiError> {
    let ways = ["end_date", "iterations", "duration"];
    if ways.iter().filter(|name| sent.has(name)).count() > 1 {
        let message = "You may only specify one of these parameters: end_date, iterations, \
            duration.";
        return Err(ApiError::invalid(message).param(&sent.full("end_date")));
    }
    let end = if sent.text("end_date")? == Some("now") {
        tx.now
    } else if let Some(end) = sent.integer("end_date")? {
        end
    } else if let Some(span) = sent.group("duration") {
        period::add(
            start,
            span.required("interval")?,
            span.integer("interval_count")?.unwrap_or(1).max(1),
        )
    } else {
        let count = sent.integer("iterations")?.unwrap_or(1);
        if !(1..=1_000).contains(&count) {
            let message = "The iterations of a phase are from 1 to 1000.";
            return Err(ApiError::invalid(message).param(&sent.full("iterations")));
        }
        period::add(start, &rhythm.0, rhythm.1 * count)
    };
    if end <= start && sent.text("end_date")? != Some("now") {
        let message = "The end date of a phase must be after its start date.";
        return Err(ApiError::invalid(message).param(&sent.full("end_date")));
    }
    Ok(end)
}

fn discounts(sent: &Params) -> Result<Value, ApiError> {
    let mut made = Vec::new();
    let list = sent.group("discounts").unwrap_or_default();
    for one in list.values().keys().filter_map(|key| list.group(key)) {
        made.push(json!({"coupon": one.filled("coupon")?, "discount": one.filled("discount")?,
            "promotion_code": one.filled("promotion_code")?}));
    }
    Ok(json!(made))
}

/// The one phase of a subscription that exists: its current period.
pub fn of_subscription(subscription: &Value) -> Value {
    let items = subscription["items"]["data"].as_array().into_iter().flatten();
    let items: Vec<Value> = items
        .map(|item| {
            json!({"billing_thresholds": null, "discounts": [], "metadata": item["metadata"],
                "plan": item["price"]["id"], "price": item["price"]["id"],
                "quantity": item["quantity"], "tax_rates": item["tax_rates"]})
        })
        .collect();
    json!({"currency": subscription["currency"], "items": items, "metadata": {},
        "start_date": subscription["current_period_start"], "discounts": [],
        "end_date": subscription["current_period_end"], "add_invoice_items": [],
        "proration_behavior": "create_prorations", "default_tax_rates": [],
        "trial_end": subscription["trial_end"]})
}

/// The parameters of a subscription in a phase; `existing` are its items that the phase ends.
pub fn form(phase: &Value, schedule: &Value, existing: &[Value], now: i64) -> String {
    let mut form = Serializer::new(String::new());
    let mut at = 0;
    let mut kept: Vec<&Value> = existing.iter().collect();
    for item in phase["items"].as_array().into_iter().flatten() {
        let price = id_of(item, "price");
        let key = |name: &str| format!("items[{at}][{name}]");
        if let Some(old) = kept.iter().position(|old| id_of(old, "price") == price) {
            form.append_pair(&key("id"), text(kept.remove(old), "id"));
        } else {
            form.append_pair(&key("price"), price);
        }
        form.append_pair(&key("quantity"), &number(item, "quantity").to_string());
        at += 1;
    }
    for old in kept {
        form.append_pair(&format!("items[{at}][id]"), text(old, "id"));
        form.append_pair(&format!("items[{at}][deleted]"), "true");
        at += 1;
    }
    for name in TEXTS {
        let own = phase[name].as_str().or(schedule["default_settings"][name].as_str());
        if let Some(value) = own.filter(|_| name != "on_behalf_of") {
            form.append_pair(name, value);
        }
    }
    for (key, value) in phase["metadata"].as_object().into_iter().flatten() {
        form.append_pair(&format!("metadata[{key}]"), value.as_str().unwrap_or_default());
    }
    for (at, one) in phase["discounts"].as_array().into_iter().flatten().enumerate() {
        for name in ["coupon", "discount", "promotion_code"] {
            if let Some(id) = one[name].as_str() {
                form.append_pair(&format!("discounts[{at}][{name}]"), id);
            }
        }
    }
    for rate in phase["default_tax_rates"].as_array().into_iter().flatten() {
        form.append_pair("default_tax_rates[]", text(rate, "id"));
    }
    if let Some(end) = phase["trial_end"].as_i64().filter(|end| *end > now) {
        form.append_pair("trial_end", &end.to_string());
    }
    if let Some(days) = phase["invoice_settings"]["days_until_due"].as_i64() {
        form.append_pair("days_until_due", &days.to_string());
    }
    form.finish()
}
