//! The lines of an invoice.

use super::super::api_error::ApiError;
use super::super::description::shape::blank;
use super::super::params::Params;
use super::super::tx::{Tx, text};
use super::{catalog, id_of, invoice_totals};
use serde_json::{Value, json};

/// Refuses to change an invoice that is finalized.
pub fn check_draft(invoice: &Value) -> Result<(), ApiError> {
    if invoice["status"] == "draft" {
        return Ok(());
    }
    Err(ApiError::invalid("This invoice is no longer editable").code("invoice_not_editable"))
}

/// What a line costs, of a price.
pub fn pricing(price: &Value) -> Value {
    json!({"type": "price_details", "unit_amount_decimal": price["unit_amount_decimal"],
        "price_details": {"price": price["id"], "product": id_of(price, "product")}})
}

/// The line of an invoice item; its id is given when it is added.
pub fn of_item(item: &Value) -> Value {
    let mut line = blank("line_item");
    let names =
        ["amount", "currency", "description", "discountable", "metadata", "period", "pricing"];
    for name in names.into_iter().chain(["quantity", "quantity_decimal", "_tax_rates"]) {
        line[name] = item[name].clone();
    }
    line["subscription"] = item["parent"]["subscription_details"]["subscription"].clone();
    line["parent"] = json!({"type": "invoice_item_details", "subscription_item_details": null,
        "invoice_item_details": {"invoice_item": item["id"], "proration": item["proration"],
            "proration_details": null, "subscription": line["subscription"]}});
    line
}

/// A line that `add_lines` or `create_preview` describes.
pub fn read(tx: &mut Tx<'_>, sent: &Params, currency: &str) -> Result<Value, ApiError> {
    let mut line = blank("line_item");
    let quantity = sent.integer("quantity")?.unwrap_or(1);
    let price = match (sent.group("pricing"), sent.group("price_data"), sent.filled("price")?) {
        (Some(pricing), ..) => {
            Some(catalog::price(tx, pricing.required("price")?, &pricing.full("price"))?)
        }
        (None, Some(data), _) => Some(catalog::price_of(tx, &data)?),
        (None, None, Some(id)) => Some(catalog::price(tx, id, &sent.full("price"))?),
        (None, None, None) => None,
    };
    line["currency"] = json!(currency);
    line["quantity"] = json!(quantity);
    line["quantity_decimal"] = json!(quantity.to_string());
    line["discountable"] = json!(sent.boolean("discountable")?.unwrap_or(true));
    line["period"] = json!({"start": tx.now, "end": tx.now});
    line["description"] = json!(sent.text("description")?);
    line["_tax_rates"] = json!(sent.list("tax_rates"));
    line["amount"] = match &price {
        Some(price) => json!(catalog::amount(price, quantity)),
        None => json!(sent.integer("amount")?.unwrap_or(0)),
    };
    if let Some(price) = price {
        line["pricing"] = pricing(&price);
        if line["description"].is_null() {
            line["description"] = json!(catalog::product_name(tx, &price));
        }
    }
    sent.patch_metadata(&mut line)?;
    Ok(line)
}

fn lines(invoice: &mut Value) -> &mut Vec<Value> {
    if !invoice["lines"]["data"].is_array() {
        invoice["lines"] = json!({"object": "list", "data": [], "has_more": false});
        let url = format!("/v1/invoices/{}/lines", text(invoice, "id"));
        invoice["lines"]["url"] = json!(url);
    }
    match &mut invoice["lines"]["data"] {
        Value::Array(lines) => lines,
        _ => unreachable!("the list was just made"),
    }
}

/// Lines of an invoice, at most.
const LINES_MAX: usize = 250;

/// Adds a line and the totals it changes.
pub fn add(tx: &mut Tx<'_>, invoice: &mut Value, mut line: Value) -> Result<(), ApiError> {
    if line["currency"] != invoice["currency"] && !lines(invoice).is_empty() {
        let message = "The currency of a line must be that of its invoice.";
        return Err(ApiError::invalid(message).param("currency"));
    }
    if lines(invoice).len() >= LINES_MAX {
        let message = format!("An invoice can have at most {LINES_MAX} line items.");
        return Err(ApiError::invalid(message));
    }
    line["id"] = json!(tx.id("il_"));
    line["invoice"] = invoice["id"].clone();
    line["subtotal"] = line["amount"].clone();
    lines(invoice).push(line);
    invoice_totals::update(tx, invoice)
}

/// Writes a changed invoice item into its line.
pub fn replace(tx: &mut Tx<'_>, invoice: &mut Value, item: &Value) -> Result<(), ApiError> {
    for line in lines(invoice) {
        if line["parent"]["invoice_item_details"]["invoice_item"] == item["id"] {
            let fresh = of_item(item);
            for name in ["amount", "description", "metadata", "period", "quantity"] {
                line[name] = fresh[name].clone();
            }
            line["subtotal"] = line["amount"].clone();
        }
    }
    invoice_totals::update(tx, invoice)
}

/// Removes lines and what they added to the totals.
pub fn remove(
    tx: &mut Tx<'_>,
    invoice: &mut Value,
    is_gone: impl Fn(&Value) -> bool,
) -> Result<(), ApiError> {
    lines(invoice).retain(|line| !is_gone(line));
    invoice_totals::update(tx, invoice)
}

/// A line of an invoice, by its id.
pub fn find<'i>(invoice: &'i mut Value, id: &str) -> Result<&'i mut Value, ApiError> {
    let found = lines(invoice).iter_mut().find(|line| line["id"] == id);
    found.ok_or_else(|| ApiError::not_found("invoice line item", id))
}
