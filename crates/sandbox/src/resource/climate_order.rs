//! Climate orders: tons of a product that are ordered, paid at once, and can be canceled.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::tx::{Tx, number, text};
use super::{Resource, decimal, stripe_data};
use serde_json::{Value, json};

/// Orders.
pub const ORDER: Resource = Resource {
    create,
    actions: &[("POST", "cancel", cancel)],
    ..Resource::new("climate.order", "climate/orders", "climorder_")
};

fn create(call: &Call, tx: &mut Tx<'_>, order: &mut Value) -> Result<(), ApiError> {
    let id = call.params.required("product")?;
    let product = stripe_data::find("climate/products", id);
    let product = product.ok_or_else(|| ApiError::no_such("climate product", id, "product"))?;
    let currency = call.params.filled("currency")?.unwrap_or("usd").to_lowercase();
    let price = &product["current_prices_per_metric_ton"][&currency];
    if !price.is_object() {
        let message = format!("The product {id} has no price in {currency}.");
        return Err(ApiError::invalid(message).param("currency"));
    }
    // Thousandths of a ton, so that nothing is lost.
    let total = number(price, "amount_total").max(1);
    let thousandths = match (call.params.amount("amount")?, call.params.has("metric_tons")) {
        (Some(_), true) | (None, false) => {
            let message = "You must provide either amount or metric_tons.";
            return Err(ApiError::invalid(message).param("amount"));
        }
        (Some(amount), false) => amount * 1_000 / total,
        (None, true) => {
            let tons = decimal::read(&json!(call.params.text("metric_tons")?)).unwrap_or(0);
            i64::try_from(tons * 1_000 / decimal::ONE).unwrap_or(0)
        }
    };
    if thousandths < 1 {
        let message = "An order is of 0.001 metric tons at least.";
        return Err(ApiError::invalid(message).param("metric_tons"));
    }
    for name in ["amount_fees", "amount_subtotal", "amount_total"] {
        order[name] = json!(number(price, name) * thousandths / 1_000);
    }
    for (name, value) in [
        ("confirmed_at", json!(tx.now)),
        ("currency", json!(currency)),
        ("delivery_details", json!([])),
        ("expected_delivery_year", product["delivery_year"].clone()),
        ("metric_tons", json!(format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000))),
        ("product", json!(id)),
        ("status", json!("confirmed")),
    ] {
        order[name] = value;
    }
    Ok(())
}

fn cancel(_: &Call, tx: &mut Tx<'_>, mut order: Value) -> Answer {
    if !matches!(text(&order, "status"), "awaiting_funds" | "confirmed" | "open") {
        return Err(ApiError::invalid("This order was canceled or delivered already."));
    }
    order["status"] = json!("canceled");
    order["canceled_at"] = json!(tx.now);
    order["cancellation_reason"] = json!("requested");
    tx.update(&order);
    let account = tx.account.clone();
    emit(tx, "climate.order.canceled", &account, &order, None);
    Ok(order)
}
