//! The payment method object.

use super::super::super::card::network;
use super::super::super::tx::{Tx, text};
use serde_json::{Value, json};

/// A payment method without the fields of its type.
pub fn blank(tx: &mut Tx<'_>, kind: &str) -> Value {
    json!({
        "id": tx.id("pm_"), "object": "payment_method", "allow_redisplay": "unspecified",
        "billing_details": {"address": {"city": null, "country": null, "line1": null,
            "line2": null, "postal_code": null, "state": null},
            "email": null, "name": null, "phone": null, "tax_id": null},
        "created": tx.now, "customer": null, "customer_account": null, "livemode": false,
        "metadata": {}, "type": kind,
    })
}

/// A payment method of a card object.
pub fn of_card(tx: &mut Tx<'_>, card: &Value) -> Value {
    let mut method = blank(tx, "card");
    let brand = network(text(card, "brand"));
    method["card"] = json!({
        "brand": brand,
        "checks": {"address_line1_check": card["address_line1_check"],
            "address_postal_code_check": card["address_zip_check"],
            "cvc_check": card["cvc_check"]},
        "country": card["country"], "display_brand": brand, "exp_month": card["exp_month"],
        "exp_year": card["exp_year"], "fingerprint": card["fingerprint"],
        "funding": card["funding"], "generated_from": null, "last4": card["last4"],
        "networks": {"available": [brand], "preferred": null}, "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": true}, "wallet": null,
    });
    let address = &mut method["billing_details"]["address"];
    for (name, from) in [
        ("city", "address_city"),
        ("country", "address_country"),
        ("line1", "address_line1"),
        ("line2", "address_line2"),
        ("postal_code", "address_zip"),
        ("state", "address_state"),
    ] {
        address[name] = card[from].clone();
    }
    method["billing_details"]["name"] = card["name"].clone();
    method["_number"] = card["_number"].clone();
    method
}

/// What a charge says of the method that paid it.
pub fn details(method: &Value) -> Value {
    let kind = text(method, "type");
    let mut own = method[kind].clone();
    if kind == "card" {
        for (name, value) in [
            ("amount_authorized", Value::Null),
            ("authorization_code", Value::Null),
            ("electronic_commerce_indicator", Value::Null),
            ("extended_authorization", json!({"status": "disabled"})),
            ("incremental_authorization", json!({"status": "unavailable"})),
            ("installments", Value::Null),
            ("mandate", Value::Null),
            ("multicapture", json!({"status": "available"})),
            ("network", own["brand"].clone()),
            ("network_token", json!({"used": false})),
            ("network_transaction_id", Value::Null),
            ("overcapture", json!({"status": "unavailable", "maximum_amount_capturable": 0})),
            ("three_d_secure", Value::Null),
            ("transaction_link_id", Value::Null),
        ] {
            own[name] = value;
        }
        for name in ["display_brand", "generated_from", "networks", "three_d_secure_usage"] {
            own.as_object_mut().map(|fields| fields.shift_remove(name));
        }
    }
    if kind == "card_present" {
        present(&mut own, method);
    }
    let mut details = json!({"type": kind});
    details[kind] = if own.is_null() { json!({}) } else { own };
    details
}

/// A presented card has details of its own on a charge.
fn present(own: &mut Value, method: &Value) {
    for (name, value) in [
        ("amount_authorized", Value::Null),
        ("emv_auth_data", Value::Null),
        ("generated_card", Value::Null),
        ("incremental_authorization_supported", json!(false)),
        ("network", own["brand"].clone()),
        ("network_transaction_id", Value::Null),
        ("overcapture_supported", json!(false)),
        ("reader", method["_reader"].clone()),
        ("receipt", Value::Null),
    ] {
        own[name] = value;
    }
    own.as_object_mut().map(|fields| fields.shift_remove("networks"));
}
