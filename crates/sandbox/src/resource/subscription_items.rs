//! The items of a subscription: prices and quantities, and their periods.

use super::super::api_error::{Answer, ApiError};
use super::super::description::shape::blank;
use super::super::params::Params;
use super::super::tx::{Tx, number, text};
use super::catalog;
use serde_json::{Value, json};

/// An item as the parameters describe it; its period is set with the subscription's.
pub fn read(tx: &mut Tx<'_>, sent: &Params, subscription: &Value) -> Answer {
    let price = price(tx, sent)?.ok_or_else(|| ApiError::missing(&sent.full("price")))?;
    let mut item = blank("subscription_item");
    item["id"] = json!(tx.id("si_"));
    item["created"] = json!(tx.now);
    item["subscription"] = subscription["id"].clone();
    item["quantity"] = json!(sent.integer("quantity")?.unwrap_or(1));
    let rates = sent.list("tax_rates");
    item["tax_rates"] = super::tax_rates(tx, &rates, &sent.full("tax_rates"))?;
    item["_tax_rates"] = json!(rates);
    sent.patch_metadata(&mut item)?;
    set_price(&mut item, &price)?;
    Ok(item)
}

/// Changes an item; absent parameters leave it as it is.
pub fn change(tx: &mut Tx<'_>, sent: &Params, item: &mut Value) -> Result<(), ApiError> {
    if let Some(price) = price(tx, sent)? {
        set_price(item, &price)?;
    }
    if let Some(quantity) = sent.integer("quantity")? {
        item["quantity"] = json!(quantity);
    }
    if sent.has("tax_rates") {
        let rates = sent.list("tax_rates");
        item["tax_rates"] = super::tax_rates(tx, &rates, &sent.full("tax_rates"))?;
        item["_tax_rates"] = json!(rates);
    }
    sent.patch_metadata(item)
}

fn price(tx: &mut Tx<'_>, sent: &Params) -> Result<Option<Value>, ApiError> {
    if let Some(data) = sent.group("price_data") {
        return catalog::price_of(tx, &data).map(Some);
    }
    for name in ["price", "plan"] {
        if let Some(id) = sent.filled(name)? {
            return catalog::price(tx, id, &sent.full(name)).map(Some);
        }
    }
    Ok(None)
}

fn set_price(item: &mut Value, price: &Value) -> Result<(), ApiError> {
    if price["type"] != "recurring" {
        let message = "The price specified is set to `type=one_time` but this field only accepts \
            prices with `type=recurring`.";
        return Err(ApiError::invalid(message).param("items[0][price]"));
    }
    item["plan"] = catalog::as_plan(price);
    item["price"] = price.clone();
    Ok(())
}

/// What an item costs for a whole period.
pub fn amount(item: &Value) -> i64 {
    if item["price"]["recurring"]["usage_type"] == "metered" {
        return 0;
    }
    catalog::amount(&item["price"], number(item, "quantity"))
}

/// The rhythm of a subscription: that of its first item.
pub fn rhythm(subscription: &Value) -> (String, i64) {
    let recurring = &subscription["items"]["data"][0]["price"]["recurring"];
    (text(recurring, "interval").to_owned(), number(recurring, "interval_count").max(1))
}

/// Writes the period into the subscription and its items.
pub fn set_period(subscription: &mut Value, start: i64, end: i64) {
    // Up to 2025 the subscription has the period, from then on its items.
    subscription["current_period_start"] = json!(start);
    subscription["current_period_end"] = json!(end);
    for item in subscription["items"]["data"].as_array_mut().into_iter().flatten() {
        item["current_period_start"] = json!(start);
        item["current_period_end"] = json!(end);
    }
}
