//! Tax calculations: what is collected where the account is registered, by a simple table of rates.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::listing;
use super::super::lookup;
use super::super::params::Params;
use super::super::tx::{Tx, number, text};
use super::tax_place::{self, Tax};
use super::{kind, new, of, stripe_data};
use serde_json::{Value, json};

const OBJECT: &str = "tax.calculation";
/// How long a calculation can become a transaction.
const EXPIRES_AFTER: i64 = 90 * 86_400;
/// The code of what is never taxed.
const NONTAXABLE: &str = "txcd_00000000";
/// The code of what has none.
const GENERAL: &str = "txcd_10000000";

/// `/v1/tax/calculations`; `None` for other paths.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", ["tax", "calculations"]) => create(call, tx),
        ("GET", ["tax", "calculations", id]) => of(tx, OBJECT, id),
        ("GET", ["tax", "calculations", id, "line_items"]) => of(tx, OBJECT, id).and_then(|made| {
            listing::page_of(call, made["_items"].as_array().map_or(&[], Vec::as_slice))
        }),
        _ => return None,
    })
}

/// Where something is taxed, by which tax, and why so.
struct Place {
    country: String,
    state: String,
    tax: Option<Tax>,
    reason: &'static str,
}

fn create(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let params = &call.params;
    let currency = call.currency()?;
    let details = customer(tx, params)?;
    let place = place(tx, &details)?;
    let sent = params.group("line_items").ok_or_else(|| ApiError::missing("line_items"))?;
    let mut items = Vec::new();
    for (at, key) in sent.values().keys().enumerate() {
        let Some(item) = sent.group(key) else { continue };
        items.push(line(tx, &item, at, &place)?);
    }
    let shipping = match params.group("shipping_cost") {
        Some(cost) => shipping(&cost, &place)?,
        None => Value::Null,
    };
    let sum = |name: &str, behavior: Option<&str>| -> i64 {
        let all = items.iter().chain(std::iter::once(&shipping));
        let fits = all.filter(|one| behavior.is_none_or(|word| one["tax_behavior"] == word));
        fits.map(|one| number(one, name)).sum()
    };
    let (added, inside) =
        (sum("amount_tax", Some("exclusive")), sum("amount_tax", Some("inclusive")));
    let breakdown = [(added, "exclusive"), (inside, "inclusive")].map(|(amount, word)| {
        let taxable = sum("amount", Some(word)) - if word == "inclusive" { amount } else { 0 };
        (taxable != 0).then(|| total(&place, amount, taxable, word == "inclusive"))
    });
    let mut made = new(tx, OBJECT, "taxcalc_");
    for (name, value) in [
        ("amount_total", json!(sum("amount", None) + added)),
        ("currency", json!(currency)),
        ("customer", json!(params.filled("customer")?)),
        ("customer_details", details),
        ("expires_at", json!(tx.now + EXPIRES_AFTER)),
        ("shipping_cost", shipping),
        ("tax_amount_exclusive", json!(added)),
        ("tax_amount_inclusive", json!(inside)),
        ("tax_breakdown", breakdown.into_iter().flatten().collect()),
        ("tax_date", json!(params.integer("tax_date")?.unwrap_or(tx.now))),
        ("_items", json!(items)),
    ] {
        made[name] = value;
    }
    if let Some(from) = params.group("ship_from_details") {
        made["ship_from_details"] = json!({"address": address(&from)});
    }
    made.as_object_mut().map(|fields| fields.shift_remove("line_items"));
    tx.insert(kind(OBJECT), None, &made);
    Ok(made)
}

/// Whose tax it is: what the call says, or the customer's own address.
fn customer(tx: &Tx<'_>, params: &Params) -> Result<Value, ApiError> {
    let mut details = json!({"address": null, "address_source": null, "ip_address": null,
        "tax_ids": [], "taxability_override": "none"});
    if let Some(id) = params.filled("customer")? {
        let known = lookup::customer(tx, id)?;
        details["address"] = known["address"].clone();
        details["address_source"] = json!("billing");
        details["taxability_override"] = match text(&known, "tax_exempt") {
            "exempt" => json!("customer_exempt"),
            "reverse" => json!("reverse_charge"),
            _ => json!("none"),
        };
    }
    let sent = params.group("customer_details").unwrap_or_default();
    if sent.has("address") {
        details["address"] = address(&sent);
        details["address_source"] = json!(sent.filled("address_source")?.unwrap_or("billing"));
    }
    sent.patch(&mut details, &["ip_address"])?;
    if let Some(word) = sent.filled("taxability_override")? {
        details["taxability_override"] = json!(word);
    }
    let ids = sent.group("tax_ids").unwrap_or_default();
    details["tax_ids"] = ids.values().values().cloned().collect();
    if details["address"]["country"].as_str().is_none_or(str::is_empty) {
        let message = "The tax of this calculation cannot be determined without the country of the \
            customer. Send customer_details[address][country], or a customer with an address.";
        let refusal = ApiError::invalid(message).code("customer_tax_location_invalid");
        return Err(refusal.param("customer_details[address]"));
    }
    Ok(details)
}

fn address(params: &Params) -> Value {
    let mut made = json!({"city": null, "country": null, "line1": null, "line2": null,
        "postal_code": null, "state": null});
    if let Some(sent) = params.group("address") {
        for (name, value) in sent.values() {
            made[name.as_str()] = value.clone();
        }
    }
    made
}

fn place(tx: &Tx<'_>, details: &Value) -> Result<Place, ApiError> {
    let address = &details["address"];
    let country = text(address, "country").to_uppercase();
    let state = text(address, "state").to_uppercase();
    let tax = tax_place::of(&country, &state);
    let reason = match text(details, "taxability_override") {
        "customer_exempt" => "customer_exempt",
        "reverse_charge" => "reverse_charge",
        _ if !is_registered(tx, &country, &state) => "not_collecting",
        _ if tax.is_none() => "not_subject_to_tax",
        _ => "standard_rated",
    };
    Ok(Place { country, state, tax: tax.filter(|_| reason == "standard_rated"), reason })
}

/// Whether the account collects tax in a place.
fn is_registered(tx: &Tx<'_>, country: &str, state: &str) -> bool {
    let ids = tx.ids(kind("tax.registration"));
    let all = ids.iter().filter_map(|id| tx.get(kind("tax.registration"), id));
    let mut mine = all.filter(|one| {
        let from = number(one, "active_from");
        let ended = one["expires_at"].as_i64().is_some_and(|end| end <= tx.now);
        one["country"] == country && from <= tx.now && !ended
    });
    mine.any(|one| country != "US" || one["country_options"]["us"]["state"] == state)
}

fn line(tx: &mut Tx<'_>, sent: &Params, at: usize, place: &Place) -> Answer {
    let code = match sent.filled("tax_code")? {
        Some(code) if stripe_data::find("tax_codes", code).is_none() => {
            return Err(ApiError::no_such("tax code", code, &sent.full("tax_code")));
        }
        code => code.unwrap_or(GENERAL),
    };
    let amount = sent.integer("amount")?.ok_or_else(|| ApiError::missing(&sent.full("amount")))?;
    let behavior = sent.filled("tax_behavior")?.unwrap_or("exclusive");
    let reference = sent.filled("reference")?.map_or(format!("L{}", at + 1), str::to_owned);
    let mut made = new(tx, "tax.calculation_line_item", "tax_li_");
    let tax = tax_of(place, code, amount, behavior == "inclusive");
    let taxable = if behavior == "inclusive" { amount - tax } else { amount };
    for (name, value) in [
        ("amount", json!(amount)),
        ("amount_tax", json!(tax)),
        ("product", json!(sent.filled("product")?)),
        ("quantity", json!(sent.integer("quantity")?.unwrap_or(1))),
        ("reference", json!(reference)),
        ("tax_behavior", json!(behavior)),
        ("tax_breakdown", json!([breakdown(place, code, tax, taxable)])),
        ("tax_code", json!(code)),
    ] {
        made[name] = value;
    }
    sent.patch_metadata(&mut made)?;
    Ok(made)
}

fn shipping(sent: &Params, place: &Place) -> Answer {
    let amount = sent.integer("amount")?.unwrap_or(0);
    let behavior = sent.filled("tax_behavior")?.unwrap_or("exclusive");
    let code = sent.filled("tax_code")?.unwrap_or("txcd_92010001");
    let tax = tax_of(place, code, amount, behavior == "inclusive");
    let taxable = if behavior == "inclusive" { amount - tax } else { amount };
    let mut made = json!({"amount": amount, "amount_tax": tax, "tax_behavior": behavior,
        "tax_code": code, "tax_breakdown": [breakdown(place, code, tax, taxable)]});
    if let Some(rate) = sent.filled("shipping_rate")? {
        made["shipping_rate"] = json!(rate);
    }
    Ok(made)
}

fn tax_of(place: &Place, code: &str, amount: i64, inclusive: bool) -> i64 {
    let tax = place.tax.filter(|_| code != NONTAXABLE);
    tax.map_or(0, |tax| tax.on(amount, inclusive))
}

fn breakdown(place: &Place, code: &str, tax: i64, taxable: i64) -> Value {
    let is_exempt = code == NONTAXABLE && place.reason == "standard_rated";
    let reason = if is_exempt { "product_exempt" } else { place.reason };
    let is_us = place.country == "US";
    let state = is_us.then_some(place.state.as_str());
    let taxable = if is_exempt { 0 } else { taxable };
    json!({"amount": tax, "sourcing": "destination", "taxable_amount": taxable,
        "taxability_reason": reason,
        "jurisdiction": {"country": place.country, "state": state,
            "display_name": if is_us { &place.state } else { &place.country },
            "level": if is_us { "state" } else { "country" }},
        "tax_rate_details": place.tax.map(|tax| json!({"display_name": tax.kind,
            "percentage_decimal": tax.percentage(), "tax_type": tax.kind}))})
}

fn total(place: &Place, amount: i64, taxable: i64, inclusive: bool) -> Value {
    let state = Some(place.state.as_str()).filter(|state| !state.is_empty());
    let percentage = place.tax.map_or("0".to_owned(), Tax::percentage);
    json!({"amount": amount, "inclusive": inclusive, "taxability_reason": place.reason,
        "taxable_amount": taxable, "tax_rate_details": {"country": place.country,
            "flat_amount": null, "percentage_decimal": percentage,
            "rate_type": place.tax.map(|_| "percentage"), "state": state,
            "tax_type": place.tax.map(|tax| tax.kind)}})
}
