//! Coupons, promotion codes and discounts.

use super::super::api_error::ApiError;
use super::super::call::Call;
use super::super::identifier;
use super::super::tx::{Tx, number, text};
use super::{Resource, decimal, kind, named, new};
use serde_json::{Value, json};

/// Coupons.
pub const COUPON: Resource =
    Resource { create: create_coupon, ..Resource::new("coupon", "coupons", "") };

/// Promotion codes.
pub const PROMOTION_CODE: Resource = Resource {
    create: create_code,
    listed: |call, code| {
        let coupon = call.params.text("coupon").ok().flatten();
        coupon.is_none_or(|coupon| code["promotion"]["coupon"] == coupon)
    },
    ..Resource::new("promotion_code", "promotion_codes", "promo_")
};

fn create_coupon(call: &Call, tx: &mut Tx<'_>, coupon: &mut Value) -> Result<(), ApiError> {
    let params = &call.params;
    let id = match params.filled("id")? {
        Some(id) => id.to_owned(),
        None => code(tx),
    };
    coupon["id"] = json!(id);
    match (params.integer("amount_off")?, params.filled("percent_off")?) {
        (None, None) => {
            let message = "Must specify amount_off or percent_off.";
            return Err(ApiError::invalid(message).param("percent_off"));
        }
        (Some(_), Some(_)) => {
            let message = "You may only specify one of these parameters: amount_off, percent_off.";
            return Err(ApiError::invalid(message).code("parameters_exclusive"));
        }
        (Some(_), None) => {
            let currency = params.filled("currency")?.ok_or_else(|| {
                ApiError::invalid("You must pass currency when passing amount_off")
                    .param("currency")
            })?;
            coupon["currency"] = json!(currency.to_lowercase());
        }
        (None, Some(_)) => {
            let percent = decimal::read(&coupon["percent_off"]).unwrap_or(0);
            if percent <= 0 || percent > 100 * decimal::ONE {
                let message = "Invalid percent_off: must be greater than 0 and at most 100.";
                return Err(ApiError::invalid(message).param("percent_off"));
            }
        }
    }
    let duration = params.filled("duration")?.unwrap_or("once");
    coupon["duration"] = json!(duration);
    if (duration == "repeating") != params.has("duration_in_months") {
        let message = "duration_in_months is required when duration is repeating, and only then.";
        return Err(ApiError::invalid(message).param("duration_in_months"));
    }
    coupon["valid"] = json!(true);
    Ok(())
}

/// Eight capital letters and digits.
fn code(tx: &mut Tx<'_>) -> String {
    let id = tx.id("");
    identifier::make("", &id, 0)[..8].to_uppercase()
}

fn create_code(call: &Call, tx: &mut Tx<'_>, code_object: &mut Value) -> Result<(), ApiError> {
    let params = &call.params;
    let coupon = match params.group("promotion") {
        Some(promotion) => promotion.required("coupon")?.to_owned(),
        None => params.required("coupon")?.to_owned(),
    };
    let coupon = named(tx, "coupon", &coupon, "promotion[coupon]")?;
    code_object["promotion"] = json!({"type": "coupon", "coupon": coupon["id"]});
    code_object["active"] = json!(params.boolean("active")?.unwrap_or(true));
    let wanted = match params.filled("code")? {
        Some(wanted) => wanted.to_owned(),
        None => code(tx),
    };
    let taken = tx.ids(kind("promotion_code")).into_iter().any(|id| {
        tx.stored(&id).is_some_and(|stored| {
            let other = stored.value();
            other["active"] == true && text(&other, "code").eq_ignore_ascii_case(&wanted)
        })
    });
    if taken {
        let message =
            "An active promotion code with `code: ".to_owned() + &wanted + "` already exists.";
        return Err(ApiError::invalid(message).code("resource_already_exists").param("code"));
    }
    code_object["code"] = json!(wanted);
    Ok(())
}

/// The promotion code, if it is by one, and the coupon, when they can be redeemed.
pub fn usable(tx: &Tx<'_>, by: &Redeemed<'_>) -> Result<(Option<Value>, Value), ApiError> {
    let promotion = match by.promotion_code {
        Some(id) => Some(named(tx, "promotion_code", id, "promotion_code")?),
        None => None,
    };
    let coupon_id = match &promotion {
        Some(code) => text(&code["promotion"], "coupon").to_owned(),
        None => by.coupon.unwrap_or_default().to_owned(),
    };
    let coupon = named(tx, "coupon", &coupon_id, "coupon")?;
    let inactive = promotion.as_ref().is_some_and(|code| !is_open(tx, code, by));
    if inactive || !is_valid(tx, &coupon) {
        return Err(ApiError::invalid(format!("This coupon (`{coupon_id}`) is not valid."))
            .code("coupon_expired")
            .param("coupon"));
    }
    if let Some(currency) = by.currency
        && coupon["amount_off"].is_i64()
        && amount_off(&coupon, currency).is_none()
    {
        let message =
            format!("The coupon `{coupon_id}` takes nothing off an amount in {currency}.");
        return Err(ApiError::invalid(message).param("coupon"));
    }
    Ok((promotion, coupon))
}

/// Whether a promotion code can be used by this customer, for this amount, still.
fn is_open(tx: &Tx<'_>, code: &Value, by: &Redeemed<'_>) -> bool {
    let is_over = code["expires_at"].as_i64().is_some_and(|end| end <= tx.now);
    let used = number(code, "times_redeemed");
    let is_used_up = code["max_redemptions"].as_i64().is_some_and(|most| used >= most);
    let is_theirs = code["customer"].as_str().is_none_or(|owner| by.customer == Some(owner));
    let is_small = by.currency.zip(by.amount).is_some_and(|(currency, amount)| {
        let terms = &code["restrictions"];
        let own = terms["minimum_amount_currency"] == currency;
        let of = if own { terms } else { &terms["currency_options"][currency] };
        terms["minimum_amount"].is_i64()
            && of["minimum_amount"].as_i64().is_none_or(|least| amount < least)
    });
    code["active"] == true && !is_over && !is_used_up && is_theirs && !is_small
}

/// Redeems a coupon or promotion code; counts it, and returns the discount.
pub fn redeem(tx: &mut Tx<'_>, by: &Redeemed<'_>) -> Result<Value, ApiError> {
    let (promotion, mut coupon) = usable(tx, by)?;
    let coupon_id = text(&coupon, "id").to_owned();
    let redeemed = number(&coupon, "times_redeemed") + 1;
    coupon["times_redeemed"] = json!(redeemed);
    if coupon["max_redemptions"].as_i64().is_some_and(|most| redeemed >= most) {
        coupon["valid"] = json!(false);
    }
    tx.update(&coupon);
    if let Some(mut code) = promotion.clone() {
        let redeemed = number(&code, "times_redeemed") + 1;
        code["times_redeemed"] = json!(redeemed);
        if code["max_redemptions"].as_i64().is_some_and(|most| redeemed >= most) {
            code["active"] = json!(false);
        }
        tx.update(&code);
    }
    let mut discount = new(tx, "discount", "di_");
    let end = coupon["duration_in_months"].as_i64().filter(|_| coupon["duration"] == "repeating");
    for (name, value) in [
        ("customer", json!(by.customer)),
        ("subscription", json!(by.subscription)),
        ("promotion_code", json!(by.promotion_code)),
        ("source", json!({"type": "coupon", "coupon": coupon_id})),
        ("start", json!(tx.now)),
        ("end", json!(end.map(|months| super::period::add(tx.now, "month", months)))),
    ] {
        discount[name] = value;
    }
    Ok(discount)
}

/// What is redeemed, and for whom.
#[derive(Debug, Default)]
pub struct Redeemed<'a> {
    /// A coupon's id.
    pub coupon: Option<&'a str>,
    /// A promotion code's id.
    pub promotion_code: Option<&'a str>,
    /// For this customer.
    pub customer: Option<&'a str>,
    /// For this subscription.
    pub subscription: Option<&'a str>,
    /// Off an amount of this currency, when there is one already.
    pub currency: Option<&'a str>,
    /// Off this amount, when it is known.
    pub amount: Option<i64>,
}

fn is_valid(tx: &Tx<'_>, coupon: &Value) -> bool {
    coupon["valid"] == true && coupon["redeem_by"].as_i64().is_none_or(|end| tx.now <= end)
}

/// What a discount takes off an amount of a currency.
pub fn off(tx: &Tx<'_>, discount: &Value, amount: i64, currency: &str) -> i64 {
    let coupon = tx.get(kind("coupon"), text(&discount["source"], "coupon")).unwrap_or_default();
    if coupon["amount_off"].is_i64() {
        return amount_off(&coupon, currency).unwrap_or(0).min(amount);
    }
    decimal::percent(amount, &coupon["percent_off"])
}

/// What a coupon takes off in a currency, if it does.
fn amount_off(coupon: &Value, currency: &str) -> Option<i64> {
    if coupon["currency"] == currency {
        return coupon["amount_off"].as_i64();
    }
    coupon["currency_options"][currency]["amount_off"].as_i64()
}
