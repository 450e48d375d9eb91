//! Tax transactions: a calculation that became final, and its reversals.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::listing;
use super::super::tx::{Tx, number};
use super::{kind, named, new, of};
use serde_json::{Value, json};

const OBJECT: &str = "tax.transaction";

/// `/v1/tax/transactions` and associations; `None` for other paths.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", ["tax", "transactions", "create_from_calculation"]) => create(call, tx),
        ("POST", ["tax", "transactions", "create_reversal"]) => reverse(call, tx),
        ("GET", ["tax", "transactions", id]) => of(tx, OBJECT, id),
        ("GET", ["tax", "transactions", id, "line_items"]) => of(tx, OBJECT, id).and_then(|made| {
            listing::page_of(call, made["_items"].as_array().map_or(&[], Vec::as_slice))
        }),
        // No payment intent is linked to a calculation here.
        ("GET", ["tax", "associations", "find"]) => {
            call.params.required("payment_intent").and_then(|id| {
                let message = format!("No tax association found for the payment intent {id}.");
                Err(ApiError::invalid(message).status(404).code("resource_missing"))
            })
        }
        _ => return None,
    })
}

/// Refuses a reference that another transaction has.
fn check_reference(call: &Call, tx: &Tx<'_>) -> Result<String, ApiError> {
    let reference = call.params.required("reference")?;
    let ids = tx.ids(kind(OBJECT));
    let mut all = ids.iter().filter_map(|id| tx.get(kind(OBJECT), id));
    if all.any(|one| one["reference"] == reference) {
        let message = format!("A tax transaction with the reference {reference} exists already.");
        return Err(ApiError::invalid(message).code("resource_already_exists").param("reference"));
    }
    Ok(reference.to_owned())
}

fn create(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let id = call.params.required("calculation")?;
    let calculation = named(tx, "tax.calculation", id, "calculation")?;
    if number(&calculation, "expires_at") <= tx.now {
        let message = "This tax calculation has expired; make a new one.";
        return Err(ApiError::invalid(message).param("calculation"));
    }
    let reference = check_reference(call, tx)?;
    let mut made = new(tx, OBJECT, "tax_");
    let calculated = calculation["_items"].as_array().into_iter().flatten();
    let items: Vec<Value> =
        calculated.map(|item| item_of(tx, item, "transaction", 1, Value::Null)).collect();
    for (name, value) in [
        ("currency", calculation["currency"].clone()),
        ("customer", calculation["customer"].clone()),
        ("customer_details", calculation["customer_details"].clone()),
        ("posted_at", json!(call.params.integer("posted_at")?.unwrap_or(tx.now))),
        ("reference", json!(reference)),
        ("ship_from_details", calculation["ship_from_details"].clone()),
        ("shipping_cost", calculation["shipping_cost"].clone()),
        ("tax_date", calculation["tax_date"].clone()),
        ("type", json!("transaction")),
        ("_items", json!(items)),
    ] {
        made[name] = value;
    }
    call.params.patch_metadata(&mut made)?;
    tx.insert(kind(OBJECT), None, &made);
    Ok(made)
}

fn item_of(tx: &mut Tx<'_>, from: &Value, what: &str, sign: i64, reversal: Value) -> Value {
    let mut item = new(tx, "tax.transaction_line_item", "tax_li_");
    for name in ["metadata", "product", "quantity", "reference", "tax_behavior", "tax_code"] {
        item[name] = from[name].clone();
    }
    item["amount"] = json!(sign * number(from, "amount"));
    item["amount_tax"] = json!(sign * number(from, "amount_tax"));
    item["reversal"] = reversal;
    item["type"] = json!(what);
    item
}

fn reverse(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let id = call.params.required("original_transaction")?;
    let original = named(tx, OBJECT, id, "original_transaction")?;
    if original["type"] != "transaction" {
        let message = "A reversal cannot be reversed.";
        return Err(ApiError::invalid(message).param("original_transaction"));
    }
    let reference = check_reference(call, tx)?;
    let known = original["_items"].as_array().cloned().unwrap_or_default();
    let is_full = call.params.required("mode")? == "full";
    let items = if is_full {
        let reversed = known.iter().map(|item| {
            item_of(tx, item, "reversal", -1, json!({"original_line_item": item["id"]}))
        });
        reversed.collect()
    } else {
        parts(call, tx, &known)?
    };
    let mut made = original.clone();
    made["id"] = json!(tx.id("tax_"));
    for (name, value) in [
        ("created", json!(tx.now)),
        ("metadata", json!({})),
        ("posted_at", json!(tx.now)),
        ("reference", json!(reference)),
        ("reversal", json!({"original_transaction": id})),
        ("type", json!("reversal")),
        ("_items", json!(items)),
    ] {
        made[name] = value;
    }
    let cost = &mut made["shipping_cost"];
    if is_full && cost.is_object() {
        cost["amount"] = json!(-number(cost, "amount"));
        cost["amount_tax"] = json!(-number(cost, "amount_tax"));
    } else {
        made["shipping_cost"] = Value::Null;
    }
    call.params.patch_metadata(&mut made)?;
    tx.insert(kind(OBJECT), None, &made);
    Ok(made)
}

/// The items of a partial reversal: amounts that are negative, of items that exist.
fn parts(call: &Call, tx: &mut Tx<'_>, known: &[Value]) -> Result<Vec<Value>, ApiError> {
    let Some(sent) = call.params.group("line_items") else {
        let message = "A partial reversal needs line_items; flat_amount is not supported here.";
        return Err(ApiError::invalid(message).param("line_items"));
    };
    let mut items = Vec::new();
    for one in sent.values().keys().filter_map(|key| sent.group(key)) {
        let id = one.required("original_line_item")?;
        let Some(original) = known.iter().find(|item| item["id"] == id) else {
            return Err(ApiError::no_such("line item", id, &one.full("original_line_item")));
        };
        let amount = one.integer("amount")?.unwrap_or(0);
        if amount > 0 || -amount > number(original, "amount") {
            let message = "The amount of a reversal is negative, and at most that of its item.";
            return Err(ApiError::invalid(message).param(&one.full("amount")));
        }
        let mut item = item_of(tx, original, "reversal", -1, json!({"original_line_item": id}));
        item["amount"] = json!(amount);
        item["amount_tax"] = json!(one.integer("amount_tax")?.unwrap_or(0));
        item["reference"] = json!(one.required("reference")?);
        if let Some(quantity) = one.integer("quantity")? {
            item["quantity"] = json!(quantity);
        }
        items.push(item);
    }
    Ok(items)
}
