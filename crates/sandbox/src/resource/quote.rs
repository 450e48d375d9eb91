//! Quotes: drafts that become open, then a subscription or an invoice.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::listing;
use super::super::tx::{Tx, number, text};
use super::{Resource, invoice_pay, link, pdf};
use serde_json::{Value, json};

/// Days that a quote is open.
const OPEN_SECONDS: i64 = 30 * 86_400;

/// Quotes.
pub const QUOTE: Resource = Resource {
    create,
    update: |call, tx, quote| {
        if quote["status"] != "draft" && call.params.has("line_items") {
            return Err(ApiError::invalid("Only draft quotes can be changed."));
        }
        fill(call, tx, quote)
    },
    actions: &[
        ("POST", "finalize", finalize),
        ("POST", "accept", accept),
        ("POST", "cancel", cancel),
        ("GET", "line_items", items),
        ("GET", "pdf", |_, _, quote| Ok(json!(pdf::of_quote(&quote)))),
        ("GET", "computed_upfront_line_items", items),
    ],
    ..Resource::new("quote", "quotes", "qt_")
};

fn create(call: &Call, tx: &mut Tx<'_>, quote: &mut Value) -> Result<(), ApiError> {
    for (name, value) in [
        ("collection_method", json!("charge_automatically")),
        ("expires_at", json!(tx.now + OPEN_SECONDS)),
        ("invoice_settings", json!({"days_until_due": null, "issuer": {"type": "self"}})),
        ("status", json!("draft")),
    ] {
        if quote[name].is_null() || !call.params.has(name) {
            quote[name] = value;
        }
    }
    quote["subscription_data"]["billing_mode"] = json!({"type": "classic"});
    quote["_items"] = json!([]);
    fill(call, tx, quote)
}

fn fill(call: &Call, tx: &mut Tx<'_>, quote: &mut Value) -> Result<(), ApiError> {
    if let Some(sent) = call.params.group("line_items") {
        quote["_items"] = json!(link::line_items(tx, &sent)?);
    }
    let items = quote["_items"].as_array().cloned().unwrap_or_default();
    let sum = |recurring: bool| -> i64 {
        let kind = if recurring { "recurring" } else { "one_time" };
        let fitting = items.iter().filter(|item| item["price"]["type"] == kind);
        fitting.map(|item| number(item, "amount_total")).sum()
    };
    let total = sum(true) + sum(false);
    let details = json!({"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0});
    let first = items.iter().find(|item| item["price"]["type"] == "recurring");
    let recurring = first.map(|item| {
        json!({"amount_subtotal": sum(true), "amount_total": sum(true),
            "interval": item["price"]["recurring"]["interval"],
            "interval_count": item["price"]["recurring"]["interval_count"],
            "total_details": details})
    });
    for (name, value) in [
        ("amount_subtotal", json!(total)),
        ("amount_total", json!(total)),
        ("currency", items.first().map_or(Value::Null, |item| item["currency"].clone())),
        ("total_details", details.clone()),
        (
            "computed",
            json!({"recurring": recurring, "upfront": {"amount_subtotal": total,
                "amount_total": total, "total_details": details}}),
        ),
    ] {
        quote[name] = value;
    }
    Ok(())
}

fn finalize(_: &Call, tx: &mut Tx<'_>, mut quote: Value) -> Answer {
    if quote["status"] != "draft" || quote["customer"].is_null() {
        let message = "Only draft quotes that have a customer can be finalized.";
        return Err(ApiError::invalid(message));
    }
    let number = super::super::identifier::make("", text(&quote, "id"), 0)[..8].to_uppercase();
    quote["number"] = json!(format!("QT-{number}-0001-1"));
    moved(tx, quote, "open", "finalized")
}

fn accept(_: &Call, tx: &mut Tx<'_>, mut quote: Value) -> Answer {
    if quote["status"] != "open" {
        return Err(ApiError::invalid("Only open quotes can be accepted."));
    }
    let items = quote["_items"].as_array().cloned().unwrap_or_default();
    let customer = text(&quote, "customer").to_owned();
    let recurring = items.iter().any(|item| item["price"]["type"] == "recurring");
    let mut form = format!("customer={customer}");
    for (at, item) in items.iter().filter(|_| recurring).enumerate() {
        let (price, quantity) = (text(&item["price"], "id"), number(item, "quantity"));
        form += &format!("&items[{at}][price]={price}&items[{at}][quantity]={quantity}");
    }
    let path = if recurring { "subscriptions" } else { "invoices" };
    let made = invoice_pay::internal(tx, path, &form);
    let made = made.unwrap_or_else(|| Err(ApiError::invalid("The quote has nothing to sell.")))?;
    for item in items.iter().filter(|_| !recurring) {
        let (price, quantity) = (text(&item["price"], "id"), number(item, "quantity"));
        let form = format!(
            "customer={customer}&invoice={}&pricing[price]={price}&quantity={quantity}",
            text(&made, "id")
        );
        invoice_pay::internal(tx, "invoiceitems", &form).transpose()?;
    }
    let latest = if recurring { made["latest_invoice"].clone() } else { made["id"].clone() };
    quote["invoice"] = latest;
    quote["subscription"] = if recurring { made["id"].clone() } else { Value::Null };
    moved(tx, quote, "accepted", "accepted")
}

fn cancel(_: &Call, tx: &mut Tx<'_>, quote: Value) -> Answer {
    if !matches!(text(&quote, "status"), "draft" | "open") {
        return Err(ApiError::invalid("Only draft and open quotes can be canceled."));
    }
    moved(tx, quote, "canceled", "canceled")
}

fn moved(tx: &mut Tx<'_>, mut quote: Value, status: &str, event: &str) -> Answer {
    quote["status"] = json!(status);
    quote["status_transitions"][format!("{event}_at")] = json!(tx.now);
    tx.update(&quote);
    let account = tx.account.clone();
    emit(tx, &format!("quote.{event}"), &account, &quote, None);
    Ok(quote)
}

fn items(call: &Call, _: &mut Tx<'_>, quote: Value) -> Answer {
    listing::page_of(call, quote["_items"].as_array().map_or(&[], Vec::as_slice))
}
