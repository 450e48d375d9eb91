//! Invoice items: what a customer will be invoiced for.

use super::super::api_error::ApiError;
use super::super::call::Call;
use super::super::lookup;
use super::super::params::Params;
use super::super::tx::{Tx, text};
use super::{Resource, catalog, decimal, invoice_lines, named, test_clock};
use serde_json::{Value, json};

/// Invoice items.
pub const INVOICE_ITEM: Resource = Resource {
    create,
    update: change,
    delete: remove,
    listed: |call, item| {
        let pending = call.params.text("pending").ok().flatten();
        pending.is_none_or(|pending| item["invoice"].is_null() == (pending == "true"))
    },
    ..Resource::new("invoiceitem", "invoiceitems", "ii_")
};

fn create(call: &Call, tx: &mut Tx<'_>, item: &mut Value) -> Result<(), ApiError> {
    let params = &call.params;
    let owner = lookup::customer(tx, params.required("customer")?)?;
    test_clock::enter(tx, &owner);
    item["test_clock"] = owner["test_clock"].clone();
    item["date"] = json!(tx.now);
    item["discountable"] = json!(params.boolean("discountable")?.unwrap_or(true));
    if !params.has("period") {
        item["period"] = json!({"start": tx.now, "end": tx.now});
    }
    item["quantity"] = json!(params.integer("quantity")?.unwrap_or(1));
    fill(params, tx, item)?;
    let rates = params.list("tax_rates");
    item["tax_rates"] = super::tax_rates(tx, &rates, "tax_rates")?;
    item["_tax_rates"] = json!(rates);
    if let Some(id) = params.filled("subscription")? {
        let parent = json!({"subscription": id});
        item["parent"] = json!({"type": "subscription_details", "subscription_details": parent});
        item["subscription"] = json!(id);
    }
    if let Some(id) = params.filled("invoice")? {
        let mut invoice = named(tx, "invoice", id, "invoice")?;
        invoice_lines::check_draft(&invoice)?;
        invoice_lines::add(tx, &mut invoice, invoice_lines::of_item(item))?;
        tx.update(&invoice);
    }
    Ok(())
}

/// The amount, of an amount or of a price and quantity.
fn fill(params: &Params, tx: &mut Tx<'_>, item: &mut Value) -> Result<(), ApiError> {
    let price = match (params.group("pricing"), params.group("price_data")) {
        (Some(pricing), _) => {
            Some(catalog::price(tx, pricing.required("price")?, "pricing[price]")?)
        }
        (None, Some(data)) => Some(catalog::price_of(tx, &data)?),
        (None, None) => match params.filled("price")? {
            Some(id) => Some(catalog::price(tx, id, "price")?),
            None => None,
        },
    };
    let quantity = item["quantity"].as_i64().unwrap_or(1);
    item["quantity_decimal"] = json!(quantity.to_string());
    if let Some(price) = price {
        item["amount"] = json!(catalog::amount(&price, quantity));
        item["currency"] = price["currency"].clone();
        item["pricing"] = invoice_lines::pricing(&price);
        if item["description"].is_null() {
            item["description"] = json!(catalog::product_name(tx, &price));
        }
        return Ok(());
    }
    let unit = match params.filled("unit_amount_decimal")? {
        Some(unit) => decimal::read(&json!(unit)),
        None => params.integer("unit_amount")?.map(|unit| i128::from(unit) * decimal::ONE),
    };
    let amount = match (params.integer("amount")?, unit) {
        (Some(amount), _) => Some(amount),
        (None, Some(unit)) => Some(decimal::round(unit * i128::from(quantity))),
        (None, None) => None,
    };
    item["amount"] = json!(amount.ok_or_else(|| ApiError::missing("amount"))?);
    item["currency"] = json!(params.required("currency")?.to_lowercase());
    Ok(())
}

fn change(call: &Call, tx: &mut Tx<'_>, item: &mut Value) -> Result<(), ApiError> {
    let params = &call.params;
    if let Some(amount) = params.integer("amount")? {
        item["amount"] = json!(amount);
    }
    let id = text(item, "invoice").to_owned();
    if id.is_empty() {
        return Ok(());
    }
    let mut invoice = named(tx, "invoice", &id, "invoice")?;
    invoice_lines::check_draft(&invoice)?;
    invoice_lines::replace(tx, &mut invoice, item)?;
    tx.update(&invoice);
    Ok(())
}

fn remove(_: &Call, tx: &mut Tx<'_>, item: &mut Value) -> Result<(), ApiError> {
    let id = text(item, "invoice").to_owned();
    if id.is_empty() {
        return Ok(());
    }
    let mut invoice = named(tx, "invoice", &id, "invoice")?;
    invoice_lines::check_draft(&invoice)?;
    invoice_lines::remove(tx, &mut invoice, |line| {
        line["parent"]["invoice_item_details"]["invoice_item"] == item["id"]
    })?;
    tx.update(&invoice);
    Ok(())
}
