//! Features of products, and what customers are entitled to by their subscriptions.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::identifier;
use super::super::listing;
use super::super::lookup;
use super::super::state::Kind;
use super::super::tx::{Tx, text};
use super::{Resource, id_of, kind, named};
use serde_json::{Value, json};

/// The features of a product.
pub const PRODUCT_FEATURE: Resource = Resource {
    create: |call, tx, made| {
        let id = call.params.required("entitlement_feature")?;
        made["entitlement_feature"] = named(tx, "entitlements.feature", id, "entitlement_feature")?;
        Ok(())
    },
    ..Resource::new("product_feature", "products/*/features", "prodft_")
};

/// `/v1/entitlements/active_entitlements`; `None` for other paths.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("GET", ["entitlements", "active_entitlements"]) => list(call, tx),
        ("GET", ["entitlements", "active_entitlements", id]) => {
            let customers = tx.ids(Kind::Customer);
            let all = customers.iter().flat_map(|customer| of_customer(tx, customer));
            let found = all.into_iter().find(|one| one["id"] == *id);
            found.ok_or_else(|| ApiError::not_found("active entitlement", id))
        }
        _ => return None,
    })
}

fn list(call: &Call, tx: &Tx<'_>) -> Answer {
    let customer = lookup::customer(tx, call.params.required("customer")?)?;
    listing::page_of(call, &of_customer(tx, text(&customer, "id")))
}

/// The features of all products that a customer subscribes to now.
fn of_customer(tx: &Tx<'_>, customer: &str) -> Vec<Value> {
    let mut features: Vec<Value> = Vec::new();
    for id in tx.children(kind("subscription"), customer) {
        let Some(subscription) = tx.get(kind("subscription"), &id) else { continue };
        if !matches!(text(&subscription, "status"), "active" | "trialing" | "past_due") {
            continue;
        }
        for item in subscription["items"]["data"].as_array().into_iter().flatten() {
            let product = id_of(&item["price"], "product");
            for feature in tx.children(kind("product_feature"), product) {
                let found = tx.get(kind("product_feature"), &feature).unwrap_or_default();
                let feature = found["entitlement_feature"].clone();
                if !features.contains(&feature) {
                    features.push(feature);
                }
            }
        }
    }
    features.iter().map(|feature| entitlement(customer, feature)).collect()
}

fn entitlement(customer: &str, feature: &Value) -> Value {
    let of = format!("{customer}/{}", text(feature, "id"));
    json!({"id": identifier::make("ent_test_", &of, 0), "livemode": false,
        "object": "entitlements.active_entitlement", "feature": feature["id"],
        "lookup_key": feature["lookup_key"]})
}

/// A subscription began, changed or ended: tells what its customer is entitled to, if that changed.
pub fn subscription_changed(tx: &mut Tx<'_>, subscription: &Value) {
    let id = id_of(subscription, "customer").to_owned();
    let Some(mut customer) = tx.get(Kind::Customer, &id) else { return };
    let now = json!(of_customer(tx, &id));
    let before = customer["_entitlements"].as_array().cloned().unwrap_or_default();
    if now == json!(before) || customer.get("deleted").is_some() {
        return;
    }
    customer["_entitlements"] = now.clone();
    tx.update(&customer);
    let url = format!("/v1/entitlements/active_entitlements?customer={id}");
    let summary = json!({"object": "entitlements.active_entitlement_summary", "customer": id,
        "livemode": false,
        "entitlements": {"object": "list", "data": now, "has_more": false, "url": url}});
    let account = tx.account.clone();
    emit(tx, "entitlements.active_entitlement_summary.updated", &account, &summary, None);
}
