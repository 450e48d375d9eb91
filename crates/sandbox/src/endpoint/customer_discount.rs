//! A customer's own discount: redeemed with `coupon` or `promotion_code`, and dropped.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::lookup::live_customer;
use super::super::resource::{discount, kind};
use super::super::tx::{Tx, text};
use serde_json::{Value, json};

/// Redeems what the parameters name; an empty one drops the discount.
pub fn redeem(call: &Call, tx: &mut Tx<'_>, customer: &mut Value) -> Result<(), ApiError> {
    let coupon = call.params.text("coupon")?;
    let code = call.params.text("promotion_code")?;
    if coupon.is_none() && code.is_none() {
        return Ok(());
    }
    let coupon = coupon.filter(|id| !id.is_empty());
    let code = code.filter(|id| !id.is_empty());
    if coupon.is_none() && code.is_none() {
        customer["discount"] = Value::Null;
        return Ok(());
    }
    let owner = text(customer, "id").to_owned();
    let by = discount::Redeemed {
        coupon,
        promotion_code: code,
        customer: Some(&owner),
        ..discount::Redeemed::default()
    };
    let made = discount::redeem(tx, &by)?;
    customer["discount"] = made.clone();
    tx.insert(kind("discount"), Some(&owner), &made);
    tx.update(customer);
    let account = tx.account.clone();
    emit(tx, "customer.discount.created", &account, &made, None);
    Ok(())
}

/// `DELETE /v1/customers/:id/discount`.
pub fn drop(tx: &mut Tx<'_>, id: &str) -> Answer {
    let mut customer = live_customer(tx, id)?;
    let mut gone = customer["discount"].take();
    if !gone.is_object() {
        let message = format!("No active discount for customer: {id}");
        return Err(ApiError::invalid(message).status(404).code("resource_missing"));
    }
    tx.update(&customer);
    let account = tx.account.clone();
    emit(tx, "customer.discount.deleted", &account, &gone, None);
    gone["deleted"] = json!(true);
    Ok(gone)
}
