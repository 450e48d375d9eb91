//! What a checkout session sells: line items of prices, or of prices made for it.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::call::Call;
use super::super::super::params::Params;
use super::super::super::state::{Kind, Stored};
use super::super::super::tx::{Tx, number, text};
use serde_json::{Value, json};

/// The line items of a request.
pub fn read(call: &Call, tx: &mut Tx<'_>, mode: &str) -> Result<Vec<Value>, ApiError> {
    let Some(group) = call.params.group("line_items") else { return Ok(Vec::new()) };
    let mut items = Vec::new();
    for at in group.values().keys() {
        let Some(fields) = group.group(at) else { continue };
        items.push(item(tx, &fields, mode)?);
    }
    let currencies = items.iter().map(|item| text(item, "currency"));
    if currencies.clone().any(|one| currencies.clone().any(|other| one != other)) {
        let message = "All line items of a Checkout Session must have the same currency.";
        return Err(ApiError::invalid(message).param("line_items"));
    }
    Ok(items)
}

fn item(tx: &mut Tx<'_>, fields: &Params, mode: &str) -> Answer {
    let quantity = fields.integer("quantity")?.unwrap_or(1);
    if !(1..=999_999).contains(&quantity) {
        let message = "The quantity of a line item must be between 1 and 999999.";
        return Err(ApiError::invalid(message).param(&fields.full("quantity")));
    }
    let price = match (fields.filled("price")?, fields.group("price_data")) {
        (Some(id), _) => {
            let own = tx.stored(id).filter(|stored| stored.account == tx.account);
            let price = own.map(Stored::value).filter(|price| price["object"] == "price");
            price.ok_or_else(|| ApiError::no_such("price", id, &fields.full("price")))?
        }
        (None, Some(data)) => made(tx, &data)?,
        (None, None) => return Err(ApiError::missing(&fields.full("price"))),
    };
    if mode == "payment" && price["recurring"].is_object() {
        let message = "You specified `payment` mode but passed a recurring price. Either switch \
            to `subscription` mode or use only one-time prices.";
        return Err(ApiError::invalid(message).param("line_items"));
    }
    let amount = number(&price, "unit_amount").saturating_mul(quantity);
    let product = tx.stored(text(&price, "product")).map(|stored| stored.value());
    let name = product.as_ref().map(|product| text(product, "name"));
    let description = name.or(price["_name"].as_str()).unwrap_or("Item").to_owned();
    Ok(json!({
        "id": tx.id("li_"), "object": "item", "adjustable_quantity": null, "amount_discount": 0,
        "amount_subtotal": amount, "amount_tax": 0, "amount_total": amount,
        "currency": price["currency"], "description": description, "metadata": {},
        "price": price, "quantity": quantity,
    }))
}

/// A price made for one session.
fn made(tx: &mut Tx<'_>, data: &Params) -> Answer {
    let currency = data.required("currency")?.to_lowercase();
    let decimal = data.filled("unit_amount_decimal")?.and_then(|text| text.parse::<i64>().ok());
    let unit = data.integer("unit_amount")?.or(decimal);
    let unit = unit.ok_or_else(|| ApiError::missing(&data.full("unit_amount")))?;
    if unit < 0 {
        return Err(ApiError::parameter(
            "parameter_invalid_integer",
            &data.full("unit_amount"),
            "This value must be greater than or equal to 0.",
        ));
    }
    let product = match (data.filled("product")?, data.group("product_data")) {
        (Some(id), _) => {
            let own = tx.stored(id).filter(|stored| stored.account == tx.account);
            own.map(Stored::value)
                .filter(|product| product["object"] == "product")
                .ok_or_else(|| ApiError::no_such("product", id, &data.full("product")))?
        }
        (None, Some(fields)) => {
            json!({"id": tx.id("prod_"), "name": fields.required("name")?})
        }
        (None, None) => return Err(ApiError::missing(&data.full("product_data"))),
    };
    let recurring = data.group("recurring").map(|group| {
        json!({"interval": group.values().get("interval"),
            "interval_count": group.integer("interval_count").ok().flatten().unwrap_or(1),
            "meter": null, "trial_period_days": null, "usage_type": "licensed"})
    });
    Ok(json!({
        "id": tx.id("price_"), "object": "price", "active": false, "billing_scheme": "per_unit",
        "created": tx.now, "currency": currency, "custom_unit_amount": null, "livemode": false,
        "lookup_key": null, "metadata": {}, "nickname": null, "product": product["id"],
        "recurring": recurring, "tax_behavior": "unspecified", "tiers_mode": null,
        "transform_quantity": null,
        "type": if recurring.is_some() { "recurring" } else { "one_time" },
        "unit_amount": unit, "unit_amount_decimal": unit.to_string(), "_name": product["name"],
    }))
}

/// Stores the items of a session; lists show the newest first, and the first item comes first.
pub fn store(tx: &mut Tx<'_>, session: &str, items: &[Value]) {
    for item in items.iter().rev() {
        tx.insert(Kind::SessionItem, Some(session), item);
    }
}
