//! The subscription of a checkout session: it begins incomplete, and its first invoice is what the
//! customer pays.

use super::super::super::api_error::ApiError;
use super::super::super::resource::{self, invoice_pay};
use super::super::super::state::Kind;
use super::super::super::tx::{Tx, text};
use serde_json::{Value, json};

/// Makes the subscription; returns the intent of its first invoice, if it costs something.
pub fn begin(tx: &mut Tx<'_>, session: &mut Value) -> Result<Option<Value>, ApiError> {
    let form = form(tx, session);
    let unknown = || ApiError::invalid("This sandbox has no subscriptions.");
    let made = invoice_pay::internal(tx, "subscriptions", &form).ok_or_else(unknown)??;
    // The operation gives it back; what is stored is what its invoice made of it.
    let invoice = resource::of(tx, "invoice", text(&made, "latest_invoice")).unwrap_or_default();
    session["subscription"] = made["id"].clone();
    session["invoice"] = invoice["id"].clone();
    let Some(mut intent) = tx.get(Kind::PaymentIntent, text(&invoice, "payment_intent")) else {
        return Ok(None);
    };
    intent["_session"] = session["id"].clone();
    tx.update(&intent);
    session["_intent"] = intent["id"].clone();
    Ok(Some(intent))
}

fn form(tx: &mut Tx<'_>, session: &Value) -> String {
    let mut sent = form_urlencoded::Serializer::new(String::new());
    sent.append_pair("customer", text(session, "customer"));
    sent.append_pair("payment_behavior", "default_incomplete");
    let (mut items, mut extras) = (0, 0);
    for id in tx.children(Kind::SessionItem, text(session, "id")) {
        let Some(item) = tx.get(Kind::SessionItem, &id) else { continue };
        store_price(tx, &item["price"]);
        let (group, at) = if item["price"]["recurring"].is_object() {
            ("items", &mut items)
        } else {
            ("add_invoice_items", &mut extras)
        };
        sent.append_pair(&format!("{group}[{at}][price]"), text(&item["price"], "id"));
        sent.append_pair(&format!("{group}[{at}][quantity]"), &item["quantity"].to_string());
        *at += 1;
    }
    let discount = &session["discounts"][0];
    let promotion = discount["promotion_code"].as_str().map(|id| ("promotion_code", id));
    let coupon = discount["coupon"].as_str().map(|id| ("coupon", id));
    if let Some((name, id)) = promotion.or(coupon) {
        sent.append_pair(&format!("discounts[0][{name}]"), id);
    }
    let data = &session["_subscription_data"];
    for name in ["description", "trial_period_days", "trial_end"] {
        if let Some(value) = data[name].as_str() {
            sent.append_pair(name, value);
        }
    }
    for (name, value) in data["metadata"].as_object().into_iter().flatten() {
        sent.append_pair(&format!("metadata[{name}]"), value.as_str().unwrap_or_default());
    }
    sent.finish()
}

/// A price that was made for the session is found by the subscription only when it is stored.
fn store_price(tx: &mut Tx<'_>, price: &Value) {
    if tx.stored(text(price, "id")).is_some() {
        return;
    }
    let mut made = resource::new(tx, "price", "price_");
    for (name, value) in price.as_object().into_iter().flatten() {
        made[name.as_str()] = value.clone();
    }
    tx.insert(resource::kind("price"), None, &made);
    if tx.stored(text(price, "product")).is_none() {
        let mut product = resource::new(tx, "product", "prod_");
        product["id"] = price["product"].clone();
        product["name"] = price["_name"].clone();
        product["active"] = json!(true);
        tx.insert(resource::kind("product"), None, &product);
    }
}

/// The customer paid: later invoices are charged by the same method.
pub fn keep_method(tx: &mut Tx<'_>, session: &Value, method: &Value) {
    let id = text(session, "subscription");
    if let Ok(mut subscription) = resource::of(tx, "subscription", id)
        && method.is_string()
    {
        subscription["default_payment_method"] = method.clone();
        tx.update(&subscription);
    }
}
