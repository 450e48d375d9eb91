//! Links and keys that are handed out: payment links, file links, ephemeral keys; shipping rates.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::description::shape::blank;
use super::super::listing;
use super::super::params::Params;
use super::super::state::Kind;
use super::super::tx::{Tx, text};
use super::{Resource, catalog};
use serde_json::{Value, json};

/// Payment links.
pub const PAYMENT_LINK: Resource = Resource {
    create: create_link,
    actions: &[("GET", "line_items", link_items)],
    ..Resource::new("payment_link", "payment_links", "plink_")
};

/// Links to files that need no key.
pub const FILE_LINK: Resource = Resource {
    create: create_file_link,
    update: |call, tx, link| {
        if call.params.text("expires_at")? == Some("now") {
            link["expires_at"] = json!(tx.now);
            link["expired"] = json!(true);
        }
        Ok(())
    },
    ..Resource::new("file_link", "file_links", "link_")
};

/// Shipping rates.
pub const SHIPPING_RATE: Resource = Resource {
    create: |call, _, rate| {
        rate["active"] = json!(true);
        rate["type"] = json!("fixed_amount");
        rate["tax_behavior"] = json!(call.params.filled("tax_behavior")?.unwrap_or("unspecified"));
        Ok(())
    },
    ..Resource::new("shipping_rate", "shipping_rates", "shr_")
};

/// Keys for the mobile SDKs.
pub const EPHEMERAL_KEY: Resource =
    Resource { create: create_key, ..Resource::new("ephemeral_key", "ephemeral_keys", "ephkey_") };

/// Requests that are forwarded to another host: they are stored, and none is sent.
pub const FORWARDED: Resource = Resource {
    create: forward,
    ..Resource::new("forwarding.request", "forwarding/requests", "fwdreq_")
};

/// Links at which a merchant accepts Apple's terms; they are not stored.
pub const ONBOARDING_LINK: Resource = Resource {
    create: |_, tx, made| {
        let id = tx.id("");
        made["redirect_url"] = json!(format!("https://terminal.stripe.com/onboarding/{id}"));
        Ok(())
    },
    ..Resource::new("terminal.onboarding_link", "terminal/onboarding_links", "tol_")
};

fn forward(call: &Call, tx: &mut Tx<'_>, made: &mut Value) -> Result<(), ApiError> {
    let id = call.params.required("payment_method")?;
    if tx.get(Kind::Method, id).is_none() {
        return Err(ApiError::no_such("PaymentMethod", id, "payment_method"));
    }
    let sent = call.params.group("request").unwrap_or_default();
    let headers = sent.group("headers").unwrap_or_default();
    let headers: Vec<Value> = headers.values().values().cloned().collect();
    for (name, value) in [
        (
            "request_context",
            json!({"destination_duration": 0, "destination_ip_address": "0.0.0.0"}),
        ),
        (
            "request_details",
            json!({"body": sent.text("body")?.unwrap_or_default(), "headers": headers,
                "http_method": "POST"}),
        ),
        ("response_details", json!({"body": "{}", "headers": [], "status": 200})),
    ] {
        made[name] = value;
    }
    Ok(())
}

fn create_file_link(_: &Call, tx: &mut Tx<'_>, link: &mut Value) -> Result<(), ApiError> {
    let file = text(link, "file");
    if tx.get(Kind::File, file).is_none() {
        return Err(ApiError::no_such("file upload", file, "file"));
    }
    link["url"] = json!(format!("https://files.stripe.com/links/{}", text(link, "id")));
    Ok(())
}

fn create_key(call: &Call, tx: &mut Tx<'_>, key: &mut Value) -> Result<(), ApiError> {
    let kinds = ["customer", "issuing_card", "verification_session"];
    let Some(name) = kinds.into_iter().find(|name| call.params.has(name)) else {
        return Err(ApiError::invalid(
            "You must pass one of customer, issuing_card, or verification_session.",
        ));
    };
    let id = call.params.required(name)?;
    if tx.stored(id).is_none_or(|stored| stored.account != tx.account) {
        return Err(ApiError::no_such(name, id, name));
    }
    key["expires"] = json!(tx.now + 3_600);
    key["secret"] = json!(tx.id("ek_test_"));
    Ok(())
}

fn create_link(call: &Call, tx: &mut Tx<'_>, link: &mut Value) -> Result<(), ApiError> {
    let params = &call.params;
    let sent = params.group("line_items").ok_or_else(|| ApiError::missing("line_items"))?;
    let items = line_items(tx, &sent)?;
    let currency = items.first().map(|item| item["currency"].clone());
    let recurring = items.iter().any(|item| item["price"]["type"] == "recurring");
    link["active"] = json!(true);
    link["currency"] = currency.unwrap_or_default();
    link["_items"] = json!(items);
    link["url"] = json!(format!(
        "{}/buy.stripe.com/test_{}",
        tx.state.base_url,
        &text(link, "id")["plink_".len()..]
    ));
    if link["after_completion"]["type"].is_null() {
        link["after_completion"] =
            json!({"type": "hosted_confirmation", "hosted_confirmation": {"custom_message": null}});
    }
    for (name, word) in [
        ("billing_address_collection", "auto"),
        ("customer_creation", if recurring { "always" } else { "if_required" }),
        ("payment_method_collection", "always"),
        ("submit_type", "auto"),
    ] {
        link[name] = json!(params.filled(name)?.unwrap_or(word));
    }
    if link["tax_id_collection"]["required"].is_null() {
        link["tax_id_collection"]["required"] = json!("never");
    }
    let issuer = &mut link["subscription_data"]["invoice_settings"]["issuer"];
    if issuer["type"].is_null() {
        *issuer = json!({"type": "self"});
    }
    if !recurring && link["invoice_creation"].is_null() {
        link["invoice_creation"] = json!({"enabled": false, "invoice_data": {
            "account_tax_ids": null, "custom_fields": null, "description": null, "footer": null,
            "issuer": null, "metadata": {}, "rendering_options": null}});
    }
    Ok(())
}

/// A session that began at a link is complete: the link may have reached its limit.
pub fn completed(tx: &mut Tx<'_>, session: &Value) {
    let Ok(mut link) = super::of(tx, "payment_link", text(session, "payment_link")) else { return };
    let Some(sessions) = link["restrictions"]["completed_sessions"].as_object_mut() else { return };
    let count = sessions.get("count").and_then(Value::as_i64).unwrap_or(0) + 1;
    let is_last = sessions.get("limit").and_then(Value::as_i64).is_some_and(|most| count >= most);
    sessions.insert("count".to_owned(), json!(count));
    let before = link.clone();
    if is_last {
        link["active"] = json!(false);
    }
    tx.update(&link);
    if is_last {
        super::engine::emit(tx, &PAYMENT_LINK, "updated", &link, Some(&before));
    }
}

/// The items of a link, a session or a quote.
pub fn line_items(tx: &mut Tx<'_>, sent: &Params) -> Result<Vec<Value>, ApiError> {
    let mut items = Vec::new();
    for key in sent.values().keys() {
        let Some(item) = sent.group(key) else { continue };
        let price = match item.group("price_data") {
            Some(data) => catalog::price_of(tx, &data)?,
            None => catalog::price(tx, item.required("price")?, &item.full("price"))?,
        };
        let quantity = item.integer("quantity")?.unwrap_or(1);
        let amount = catalog::amount(&price, quantity);
        let mut made = blank("item");
        made["id"] = json!(tx.id("li_"));
        for (name, value) in [
            ("amount_subtotal", json!(amount)),
            ("amount_total", json!(amount)),
            ("currency", price["currency"].clone()),
            ("description", json!(catalog::product_name(tx, &price))),
            ("quantity", json!(quantity)),
            ("price", price),
        ] {
            made[name] = value;
        }
        items.push(made);
    }
    Ok(items)
}

fn link_items(call: &Call, _: &mut Tx<'_>, link: Value) -> Answer {
    listing::page_of(call, link["_items"].as_array().map_or(&[], Vec::as_slice))
}
