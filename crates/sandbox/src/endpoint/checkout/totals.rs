//! What a session costs: its items, less a discount, and its shipping.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::call::{Call, check_minimum, money};
use super::super::super::params::Params;
use super::super::super::resource::discount::{self, Redeemed};
use super::super::super::resource::{self, kind, named};
use super::super::super::state::Kind;
use super::super::super::tx::{Tx, number, text};
use serde_json::{Value, json};

/// The largest amount that can be paid at once.
const AMOUNT_MAX: i64 = 99_999_999;

/// Reads discounts and ways of shipping, and adds everything up.
pub fn read(
    call: &Call,
    tx: &mut Tx<'_>,
    session: &mut Value,
    items: &[Value],
) -> Result<(), ApiError> {
    let params = &call.params;
    if let Some(group) = params.group("discounts") {
        if params.has("allow_promotion_codes") {
            let message = "You may only specify one of these parameters: allow_promotion_codes, \
                discounts.";
            return Err(ApiError::invalid(message).code("parameters_exclusive").param("discounts"));
        }
        let all: Vec<Params> = group.values().keys().filter_map(|at| group.group(at)).collect();
        let [one] = &all[..] else {
            let message = "A Checkout Session takes one discount.";
            return Err(ApiError::invalid(message).param("discounts"));
        };
        let (coupon, code) = (one.filled("coupon")?, one.filled("promotion_code")?);
        apply(tx, session, coupon, code)?;
    }
    if let Some(group) = params.group("shipping_options") {
        if session["mode"] != "payment" {
            let message = "`shipping_options` is only supported in `payment` mode.";
            return Err(ApiError::invalid(message).param("shipping_options"));
        }
        let all = group.values().keys().filter_map(|at| group.group(at));
        let currency = text(session, "currency").to_owned();
        let options: Result<Vec<Value>, ApiError> =
            all.map(|one| option(tx, &one, &currency)).collect();
        session["shipping_options"] = json!(options?);
        let first = session["shipping_options"][0]["shipping_rate"].as_str().map(str::to_owned);
        ship(session, first.as_deref().unwrap_or_default());
    }
    add_up(tx, session, items);
    check(number(session, "amount_total"), text(session, "currency"))
}

/// Refuses a total that no payment can have.
pub fn check(total: i64, currency: &str) -> Result<(), ApiError> {
    if total > AMOUNT_MAX {
        let message = format!(
            "The Checkout Session's total amount must be no more than {}",
            money(AMOUNT_MAX, currency)
        );
        return Err(ApiError::parameter("amount_too_large", "line_items", message));
    }
    if total == 0 {
        return Ok(());
    }
    check_minimum(total, currency).map_err(|refusal| {
        let message = "The Checkout Session's total amount due must add up to at least";
        let least = refusal.message.replace("Amount must be at least", message);
        ApiError { message: least, ..refusal }.param("line_items")
    })
}

/// Takes a coupon or a promotion code, which counts as redeemed when the session is complete.
pub fn apply(
    tx: &Tx<'_>,
    session: &mut Value,
    coupon: Option<&str>,
    promotion_code: Option<&str>,
) -> Result<(), ApiError> {
    let by = Redeemed {
        coupon,
        promotion_code,
        customer: session["customer"].as_str(),
        currency: session["currency"].as_str(),
        amount: session["amount_subtotal"].as_i64(),
        ..Redeemed::default()
    };
    let (_, coupon) = discount::usable(tx, &by)?;
    session["discounts"] = json!([{"coupon": coupon["id"], "promotion_code": promotion_code}]);
    Ok(())
}

fn option(tx: &mut Tx<'_>, sent: &Params, currency: &str) -> Answer {
    let rate = match (sent.filled("shipping_rate")?, sent.group("shipping_rate_data")) {
        (Some(id), _) => named(tx, "shipping_rate", id, &sent.full("shipping_rate"))?,
        (None, Some(data)) => {
            let fixed = data.group("fixed_amount");
            let fixed = fixed.ok_or_else(|| ApiError::missing(&data.full("fixed_amount")))?;
            let mut rate = resource::new(tx, "shipping_rate", "shr_");
            let amount = fixed.integer("amount")?.unwrap_or(0);
            let currency = fixed.required("currency")?.to_lowercase();
            for (name, value) in [
                ("active", json!(true)),
                ("display_name", json!(data.required("display_name")?)),
                ("fixed_amount", json!({"amount": amount, "currency": currency})),
                ("tax_behavior", json!("unspecified")),
                ("type", json!("fixed_amount")),
            ] {
                rate[name] = value;
            }
            tx.insert(kind("shipping_rate"), None, &rate);
            rate
        }
        (None, None) => return Err(ApiError::missing(&sent.full("shipping_rate"))),
    };
    let fixed = &rate["fixed_amount"];
    let is_own = fixed["currency"] == currency;
    let of = if is_own { fixed } else { &fixed["currency_options"][currency] };
    let Some(amount) = of["amount"].as_i64().filter(|amount| (0..=AMOUNT_MAX).contains(amount))
    else {
        let message = format!("A shipping rate of this session must be an amount in {currency}.");
        return Err(ApiError::invalid(message).param("shipping_options"));
    };
    Ok(json!({"shipping_amount": amount, "shipping_rate": rate["id"]}))
}

/// Chooses a way of shipping; false when the session does not offer it.
pub fn ship(session: &mut Value, rate: &str) -> bool {
    let mut options = session["shipping_options"].as_array().into_iter().flatten();
    let chosen = options.find(|one| one["shipping_rate"] == rate).cloned();
    let Some(chosen) = chosen else { return false };
    let amount = number(&chosen, "shipping_amount");
    session["shipping_cost"] = json!({"amount_subtotal": amount, "amount_tax": 0,
        "amount_total": amount, "shipping_rate": rate});
    true
}

/// Sets the totals of a session and of its items.
pub fn add_up(tx: &mut Tx<'_>, session: &mut Value, items: &[Value]) {
    let subtotal: i64 = items.iter().map(|item| number(item, "amount_subtotal")).sum();
    let coupon = text(&session["discounts"][0], "coupon").to_owned();
    let off = match tx.get(kind("coupon"), &coupon) {
        Some(_) => {
            let discount = json!({"source": {"coupon": coupon}});
            discount::off(tx, &discount, subtotal, text(session, "currency"))
        }
        // A coupon that was deleted meanwhile was promised on the page.
        None => number(&session["total_details"], "amount_discount"),
    };
    let shipping = number(&session["shipping_cost"], "amount_total");
    let total = subtotal - off + shipping;
    session["amount_subtotal"] = json!(subtotal);
    session["amount_total"] = json!(total);
    session["total_details"]["amount_discount"] = json!(off);
    session["total_details"]["amount_shipping"] = json!(shipping);
    let is_free = total == 0 && session["mode"] != "setup";
    session["payment_status"] = json!(if is_free { "no_payment_required" } else { "unpaid" });
    share(tx, items, subtotal, off);
}

/// Shares a discount among the items by their amounts; the last takes what rounding left.
fn share(tx: &mut Tx<'_>, items: &[Value], subtotal: i64, off: i64) {
    let mut left = off;
    for (at, item) in items.iter().enumerate() {
        let mut item = item.clone();
        let amount = number(&item, "amount_subtotal");
        let is_last = at + 1 == items.len();
        let exact = i128::from(amount) * i128::from(off) / i128::from(subtotal.max(1));
        let own = if is_last { left } else { i64::try_from(exact).unwrap_or(left) };
        left -= own;
        item["amount_discount"] = json!(own);
        item["amount_total"] = json!(amount - own);
        if tx.get(Kind::SessionItem, text(&item, "id")).is_some() {
            tx.update(&item);
        }
    }
}
