//! The totals of an invoice: discounts, then taxes, in integers.

use super::super::api_error::ApiError;
use super::super::description::bound;
use super::super::tx::{Tx, number, text};
use super::{decimal, discount, kind, named};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Calculates everything that follows from the lines.
pub fn update(tx: &Tx<'_>, invoice: &mut Value) -> Result<(), ApiError> {
    let mut lines = invoice["lines"]["data"].as_array().cloned().unwrap_or_default();
    let subtotal = subtotal(&lines)?;
    let discounts = take_discounts(tx, invoice, &mut lines);
    let discounted: i64 = discounts.iter().map(|(_, amount)| amount).sum();
    let mut taxes: BTreeMap<String, Value> = BTreeMap::new();
    let (mut exclusive, mut inclusive) = (0, 0);
    for line in &mut lines {
        let taken: i64 = amounts(&line["discount_amounts"]);
        let taxable = number(line, "amount") - taken;
        let rates = rates(line, invoice);
        let mut of_line = Vec::new();
        for id in rates {
            let rate = named(tx, "tax_rate", &id, "tax_rates")?;
            let is_inclusive = rate["inclusive"] == true;
            let tax = if is_inclusive {
                decimal::included(taxable, &rate["percentage"])
            } else {
                decimal::percent(taxable, &rate["percentage"])
            };
            *(if is_inclusive { &mut inclusive } else { &mut exclusive }) += tax;
            let behavior = if is_inclusive { "inclusive" } else { "exclusive" };
            let base = if is_inclusive { taxable - tax } else { taxable };
            let made = json!({"amount": tax, "tax_behavior": behavior,
                "tax_rate_details": {"tax_rate": id}, "taxability_reason": "not_available",
                "taxable_amount": base, "type": "tax_rate_details"});
            add_up(&mut taxes, &id, &made);
            of_line.push(made);
        }
        line["taxes"] = json!(of_line);
    }
    invoice["lines"]["data"] = json!(lines);
    let shown = discounts.iter().map(|(id, amount)| json!({"discount": id, "amount": amount}));
    let total = subtotal - discounted + exclusive;
    let total_discounts: Vec<Value> = shown.collect();
    for (name, value) in [
        ("subtotal", json!(subtotal)),
        ("subtotal_excluding_tax", json!(subtotal - inclusive)),
        ("total", json!(total)),
        ("total_excluding_tax", json!(subtotal - discounted - inclusive)),
        ("total_discount_amounts", json!(total_discounts)),
        ("total_taxes", json!(taxes.into_values().collect::<Vec<_>>())),
        ("tax", json!(exclusive + inclusive)),
        ("amount_due", json!(total.max(0))),
        ("amount_remaining", json!(total.max(0))),
    ] {
        invoice[name] = value;
    }
    Ok(())
}

fn subtotal(lines: &[Value]) -> Result<i64, ApiError> {
    let exact: i128 = lines.iter().map(|line| i128::from(number(line, "amount"))).sum();
    let sum = i64::try_from(exact).ok().filter(|sum| sum.abs() <= bound::LARGEST);
    sum.ok_or_else(|| {
        let message = format!("The lines of an invoice must not add up to over {}", bound::LARGEST);
        ApiError { code: Some("amount_too_large"), ..ApiError::invalid(message) }
    })
}

fn amounts(list: &Value) -> i64 {
    list.as_array().into_iter().flatten().map(|one| number(one, "amount")).sum()
}

fn rates(line: &Value, invoice: &Value) -> Vec<String> {
    let own = line["_tax_rates"].as_array().filter(|own| !own.is_empty());
    let rates = own.or(invoice["_default_tax_rates"].as_array());
    let ids = rates.into_iter().flatten().filter_map(Value::as_str);
    ids.map(str::to_owned).collect()
}

fn add_up(taxes: &mut BTreeMap<String, Value>, id: &str, made: &Value) {
    match taxes.get_mut(id) {
        Some(sum) => {
            for name in ["amount", "taxable_amount"] {
                sum[name] = json!(number(sum, name) + number(made, name));
            }
        }
        None => {
            taxes.insert(id.to_owned(), made.clone());
        }
    }
}

/// Takes the invoice's discounts off its lines, one after another; returns each with its sum.
fn take_discounts(tx: &Tx<'_>, invoice: &Value, lines: &mut [Value]) -> Vec<(String, i64)> {
    for line in lines.iter_mut() {
        line["discount_amounts"] = json!([]);
    }
    let ids = invoice["discounts"].as_array().cloned().unwrap_or_default();
    let mut taken = Vec::new();
    for id in ids.iter().filter_map(Value::as_str) {
        let Some(discount) = tx.get(kind("discount"), id) else { continue };
        let rests: Vec<i64> = lines.iter().map(rest).collect();
        let base: i64 = rests.iter().sum();
        let off = discount::off(tx, &discount, base.max(0), text(invoice, "currency"));
        let mut left = off;
        let last = rests.iter().rposition(|rest| *rest > 0);
        for (at, line) in lines.iter_mut().enumerate() {
            let part = if Some(at) == last { left } else { decimal::share(off, rests[at], base) };
            if part != 0 {
                left -= part;
                if let Some(list) = line["discount_amounts"].as_array_mut() {
                    list.push(json!({"amount": part, "discount": id}));
                }
            }
        }
        taken.push((id.to_owned(), off));
    }
    taken
}

fn rest(line: &Value) -> i64 {
    if line["discountable"] == false {
        return 0;
    }
    (number(line, "amount") - amounts(&line["discount_amounts"])).max(0)
}

/// Whether there is nothing to pay.
pub fn is_free(invoice: &Value) -> bool {
    number(invoice, "amount_remaining") <= 0 && !text(invoice, "id").is_empty()
}
