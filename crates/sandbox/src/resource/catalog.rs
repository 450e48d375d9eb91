//! Products, prices and plans.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::description::bound;
use super::super::description::shape::{blank, blank_group};
use super::super::params::Params;
use super::super::tx::{Tx, text};
use super::{Resource, decimal, engine, id_of, kind, named, new, of};
use serde_json::{Value, json};

/// Products.
pub const PRODUCT: Resource = Resource {
    create: create_product,
    update: |_, tx, product| default_price(tx, product),
    delete: delete_product,
    listed: |call, product| {
        let ids = call.params.list("ids");
        ids.is_empty() || ids.contains(&text(product, "id"))
    },
    ..Resource::new("product", "products", "prod_")
};

/// Prices.
pub const PRICE: Resource = Resource {
    create: create_price,
    update: update_price,
    listed: |call, price| {
        let keys = call.params.list("lookup_keys");
        keys.is_empty() || keys.contains(&text(price, "lookup_key"))
    },
    ..Resource::new("price", "prices", "price_")
};

/// Plans: prices as they were before 2020.
pub const PLAN: Resource =
    Resource { create: create_plan, ..Resource::new("plan", "plans", "plan_") };

fn create_product(call: &Call, tx: &mut Tx<'_>, product: &mut Value) -> Result<(), ApiError> {
    let params = &call.params;
    if let Some(id) = params.filled("id")? {
        product["id"] = json!(id);
    }
    params.required("name")?;
    product["active"] = json!(params.boolean("active")?.unwrap_or(true));
    product["type"] = json!(params.filled("type")?.unwrap_or("service"));
    product["updated"] = json!(tx.now);
    for name in ["description", "unit_label", "statement_descriptor", "tax_code", "default_price"] {
        if product.get(name).is_none() {
            product[name] = Value::Null;
        }
    }
    let Some(data) = params.group("default_price_data") else { return Ok(()) };
    let mut price = new(tx, "price", "price_");
    fill_price(tx, &data, &mut price)?;
    price["product"] = product["id"].clone();
    tx.insert(kind("price"), None, &price);
    engine::emit(tx, &PRICE, "created", &price, None);
    product["default_price"] = price["id"].clone();
    Ok(())
}

fn default_price(tx: &mut Tx<'_>, product: &mut Value) -> Result<(), ApiError> {
    let wanted = text(product, "default_price");
    if wanted.is_empty() {
        return Ok(());
    }
    let price = named(tx, "price", wanted, "default_price")?;
    if price["product"] != product["id"] {
        let message = format!("The price `{wanted}` does not belong to this product.");
        return Err(ApiError::invalid(message).param("default_price"));
    }
    Ok(())
}

fn delete_product(_: &Call, tx: &mut Tx<'_>, product: &mut Value) -> Result<(), ApiError> {
    let prices = tx.ids(kind("price"));
    let has_price = prices
        .iter()
        .filter_map(|id| tx.stored(id))
        .any(|stored| stored.value()["product"] == product["id"]);
    if !has_price {
        return Ok(());
    }
    Err(ApiError::invalid(
        "This product cannot be deleted because it has one or more user-created prices.",
    ))
}

fn create_price(call: &Call, tx: &mut Tx<'_>, price: &mut Value) -> Result<(), ApiError> {
    let params = &call.params;
    fill_price(tx, params, price)?;
    price["product"] = match (params.filled("product")?, params.group("product_data")) {
        (Some(id), None) => named(tx, "product", id, "product")?["id"].clone(),
        (None, Some(data)) => json!(product_of(tx, &data)?),
        (None, None) => return Err(ApiError::missing("product")),
        (Some(_), Some(_)) => {
            let message = "You may only specify one of these parameters: product, product_data.";
            return Err(ApiError::invalid(message).code("parameters_exclusive").param("product"));
        }
    };
    lookup_key(params, tx, price)
}

/// Makes the product that `product_data` describes.
pub fn product_of(tx: &mut Tx<'_>, data: &Params) -> Result<String, ApiError> {
    let id = data.filled("id")?.map(str::to_owned);
    let mut product = new(tx, "product", "prod_");
    if let Some(id) = id {
        product["id"] = json!(id);
    }
    product["name"] = json!(data.required("name")?);
    product["active"] = json!(data.boolean("active")?.unwrap_or(true));
    product["type"] = json!("service");
    product["updated"] = json!(tx.now);
    for name in ["description", "unit_label", "statement_descriptor", "tax_code", "default_price"] {
        product[name] = Value::Null;
    }
    data.patch(&mut product, &["description", "unit_label", "statement_descriptor", "tax_code"])?;
    data.patch_metadata(&mut product)?;
    tx.insert(kind("product"), None, &product);
    engine::emit(tx, &PRODUCT, "created", &product, None);
    Ok(text(&product, "id").to_owned())
}

/// Makes a price out of `price_data`; it is not active, as at Stripe.
pub fn price_of(tx: &mut Tx<'_>, data: &Params) -> Answer {
    let mut price = new(tx, "price", "price_");
    fill_price(tx, data, &mut price)?;
    price["active"] = json!(false);
    price["product"] = match data.group("product_data") {
        Some(product) => json!(product_of(tx, &product)?),
        None => {
            let id = data.required("product")?;
            named(tx, "product", id, &data.full("product"))?["id"].clone()
        }
    };
    tx.insert(kind("price"), None, &price);
    Ok(price)
}

/// The parts of a price that `default_price_data` and `price_data` have too.
fn fill_price(_: &Tx<'_>, params: &Params, price: &mut Value) -> Result<(), ApiError> {
    let currency = params.required("currency")?.to_lowercase();
    price["currency"] = json!(currency);
    price["active"] = json!(params.boolean("active")?.unwrap_or(true));
    let tiered = params.filled("billing_scheme")? == Some("tiered");
    price["billing_scheme"] = json!(if tiered { "tiered" } else { "per_unit" });
    price["tax_behavior"] = json!(params.filled("tax_behavior")?.unwrap_or("unspecified"));
    price["type"] = json!("one_time");
    if let Some(recurring) = params.group("recurring") {
        price["type"] = json!("recurring");
        if !price["recurring"].is_object() {
            price["recurring"] = blank_group("recurring");
        }
        let filled = &mut price["recurring"];
        filled["interval"] = json!(recurring.required("interval")?);
        filled["interval_count"] = json!(recurring.integer("interval_count")?.unwrap_or(1));
        filled["usage_type"] = json!(recurring.filled("usage_type")?.unwrap_or("licensed"));
    }
    if params.has("custom_unit_amount") {
        let sent = params.group("custom_unit_amount").unwrap_or_default();
        let bound = |name: &str| sent.integer(name);
        price["custom_unit_amount"] = json!({"maximum": bound("maximum")?,
            "minimum": bound("minimum")?, "preset": bound("preset")?});
        return Ok(());
    }
    if tiered {
        price["tiers"] = tiers(params)?;
        price["unit_amount_decimal"] = Value::Null;
        return Ok(());
    }
    let decimal = params.filled("unit_amount_decimal")?;
    let exact = match (params.integer("unit_amount")?, decimal) {
        (Some(amount), _) => i128::from(amount) * decimal::ONE,
        (None, Some(decimal)) => decimal::read(&json!(decimal)).unwrap_or(0),
        (None, None) => return Err(ApiError::missing(&params.full("unit_amount"))),
    };
    let whole = exact % decimal::ONE == 0;
    price["unit_amount"] = if whole { json!(decimal::round(exact)) } else { Value::Null };
    price["unit_amount_decimal"] = json!(decimal::write(exact));
    Ok(())
}

fn tiers(params: &Params) -> Result<Value, ApiError> {
    let sent = params.group("tiers").ok_or_else(|| ApiError::missing("tiers"))?;
    let mut tiers = Vec::new();
    for key in sent.values().keys() {
        let Some(tier) = sent.group(key) else { continue };
        let up_to = tier.filled("up_to")?.filter(|end| *end != "inf");
        let up_to = up_to.map(|end| end.parse::<i64>());
        let mut made = json!({"flat_amount": null, "flat_amount_decimal": null,
            "unit_amount": null, "unit_amount_decimal": null, "up_to": up_to.and_then(Result::ok)});
        for name in ["flat_amount", "unit_amount"] {
            let decimal = format!("{name}_decimal");
            if let Some(amount) = tier.integer(name)? {
                made[name] = json!(amount);
                made[&decimal] = json!(amount.to_string());
            } else if let Some(amount) = tier.filled(&decimal)? {
                made[&decimal] = json!(amount);
            }
        }
        tiers.push(made);
    }
    match tiers.last() {
        Some(last) if last["up_to"].is_null() => Ok(json!(tiers)),
        _ => Err(ApiError::invalid(
            "The last tier must have its `up_to` set to `inf`, so that every quantity has a price.",
        )
        .param("tiers")),
    }
}

fn update_price(call: &Call, tx: &mut Tx<'_>, price: &mut Value) -> Result<(), ApiError> {
    lookup_key(&call.params, tx, price)
}

/// A lookup key belongs to one price; it moves only when the call says so.
fn lookup_key(params: &Params, tx: &mut Tx<'_>, price: &mut Value) -> Result<(), ApiError> {
    let Some(key) = params.text("lookup_key")?.filter(|key| !key.is_empty()) else { return Ok(()) };
    let id = text(price, "id").to_owned();
    let holder = tx.ids(kind("price")).into_iter().find_map(|other| {
        let found = tx.stored(&other)?.value();
        (found["lookup_key"] == key && found["id"] != id.as_str()).then_some(found)
    });
    let Some(mut holder) = holder else { return Ok(()) };
    if params.boolean("transfer_lookup_key")? != Some(true) {
        let message = format!("A price (`{}`) already uses that lookup key.", text(&holder, "id"));
        return Err(ApiError::invalid(message).code("resource_already_exists").param("lookup_key"));
    }
    let before = holder.clone();
    holder["lookup_key"] = Value::Null;
    tx.update(&holder);
    engine::emit(tx, &PRICE, "updated", &holder, Some(&before));
    Ok(())
}

fn create_plan(call: &Call, tx: &mut Tx<'_>, plan: &mut Value) -> Result<(), ApiError> {
    let params = &call.params;
    if let Some(id) = params.filled("id")? {
        plan["id"] = json!(id);
    }
    for (name, value) in [
        ("active", json!(params.boolean("active")?.unwrap_or(true))),
        ("billing_scheme", json!(params.filled("billing_scheme")?.unwrap_or("per_unit"))),
        ("interval_count", json!(params.integer("interval_count")?.unwrap_or(1))),
        ("usage_type", json!(params.filled("usage_type")?.unwrap_or("licensed"))),
        ("currency", json!(params.required("currency")?.to_lowercase())),
    ] {
        plan[name] = value;
    }
    if let Some(amount) = params.integer("amount")? {
        plan["amount_decimal"] = json!(amount.to_string());
    }
    plan["product"] = match params.group("product") {
        Some(data) => json!(product_of(tx, &data)?),
        None => match params.filled("product")? {
            Some(id) => named(tx, "product", id, "product")?["id"].clone(),
            None => Value::Null,
        },
    };
    // The same id as a price: everything that takes a price takes it.
    Ok(())
}

/// Offers of a trial at one price, which go over to another one; no subscription takes them.
pub const TRIAL_OFFER: Resource = Resource {
    create: |call, tx, offer| {
        offer["price"] = named(tx, "price", call.params.required("price")?, "price")?["id"].clone();
        let end = call.params.group("end_behavior").unwrap_or_default();
        let next = end.group("transition").unwrap_or_default();
        let id = next.required("price")?;
        named(tx, "price", id, "end_behavior[transition][price]")?;
        offer["end_behavior"] = json!({"type": "transition", "transition": {"price": id}});
        offer["active"] = json!(call.params.boolean("active")?.unwrap_or(true));
        Ok(())
    },
    ..Resource::new("product_catalog.trial_offer", "product_catalog/trial_offers", "tro_")
};

/// A price by its id, or a plan in the shape of one.
pub fn price(tx: &Tx<'_>, id: &str, param: &str) -> Answer {
    match tx.get(kind("plan"), id) {
        Some(plan) => Ok(as_price(&plan)),
        None => named(tx, "price", id, param),
    }
}

fn as_price(plan: &Value) -> Value {
    let mut price = blank("price");
    for name in ["id", "active", "created", "currency", "nickname", "metadata", "product"] {
        price[name] = plan[name].clone();
    }
    for (name, value) in [
        ("billing_scheme", plan["billing_scheme"].clone()),
        ("type", json!("recurring")),
        ("tax_behavior", json!("unspecified")),
        ("unit_amount", plan["amount"].clone()),
        ("unit_amount_decimal", plan["amount_decimal"].clone()),
        (
            "recurring",
            json!({"interval": plan["interval"], "interval_count": plan["interval_count"],
                "meter": null, "trial_period_days": plan["trial_period_days"],
                "usage_type": plan["usage_type"]}),
        ),
    ] {
        price[name] = value;
    }
    price
}

/// A recurring price in the shape of a plan, as subscription items have it.
pub fn as_plan(price: &Value) -> Value {
    let mut plan = blank("plan");
    let names = ["id", "active", "billing_scheme", "created", "currency", "nickname", "metadata"];
    for name in names {
        plan[name] = price[name].clone();
    }
    plan["product"] = json!(id_of(price, "product"));
    plan["amount"] = price["unit_amount"].clone();
    plan["amount_decimal"] = price["unit_amount_decimal"].clone();
    for name in ["interval", "interval_count", "usage_type", "trial_period_days", "meter"] {
        plan[name] = price["recurring"][name].clone();
    }
    plan
}

/// More than an invoice can have: nothing is calculated with larger amounts.
const BEYOND: i64 = bound::LARGEST + 1;

/// What a quantity costs.
pub fn amount(price: &Value, quantity: i64) -> i64 {
    let transform = &price["transform_quantity"];
    let quantity = match transform["divide_by"].as_i64() {
        Some(by) if by > 0 && transform["round"] == "up" => (quantity + by - 1) / by,
        Some(by) if by > 0 => quantity / by,
        _ => quantity,
    };
    let exact = |value: &Value, name: &str| {
        let decimal = decimal::read(&value[format!("{name}_decimal")]);
        decimal.or(decimal::read(&value[name])).unwrap_or(0)
    };
    if price["billing_scheme"] != "tiered" {
        return decimal::round(exact(price, "unit_amount") * i128::from(quantity)).min(BEYOND);
    }
    let mut total = 0;
    let mut below = 0;
    for tier in price["tiers"].as_array().into_iter().flatten() {
        let end = tier["up_to"].as_i64().unwrap_or(i64::MAX);
        let is_last = quantity <= end;
        let graduated = price["tiers_mode"] == "graduated";
        let units = if graduated { quantity.min(end) - below } else { quantity };
        if graduated || is_last {
            total += exact(tier, "unit_amount") * i128::from(units) + exact(tier, "flat_amount");
        }
        if is_last {
            break;
        }
        below = end;
    }
    decimal::round(total).min(BEYOND)
}

/// The product of a price, for names on invoices.
pub fn product_name(tx: &Tx<'_>, price: &Value) -> String {
    let product = of(tx, "product", id_of(price, "product")).unwrap_or_default();
    text(&product, "name").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_are_graduated_or_by_volume() {
        let tier = |up_to: Option<i64>, unit: i64, flat: i64| json!({"up_to": up_to, "unit_amount": unit, "flat_amount": flat});
        let mut price = json!({"billing_scheme": "tiered", "tiers_mode": "graduated",
            "tiers": [tier(Some(5), 500, 0), tier(None, 400, 100)]});
        assert_eq!(amount(&price, 3), 1_500);
        assert_eq!(amount(&price, 7), 5 * 500 + 2 * 400 + 100);
        price["tiers_mode"] = json!("volume");
        assert_eq!(amount(&price, 7), 7 * 400 + 100);
        assert_eq!(amount(&price, 5), 2_500);
    }

    #[test]
    fn decimals_and_packages() {
        let price = json!({"billing_scheme": "per_unit", "unit_amount_decimal": "0.5"});
        assert_eq!(amount(&price, 3), 2);
        let price = json!({"billing_scheme": "per_unit", "unit_amount": 1_000,
            "transform_quantity": {"divide_by": 10, "round": "up"}});
        assert_eq!(amount(&price, 11), 2_000);
    }
}
