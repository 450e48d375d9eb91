//! `/v1/subscription_items`: changes of the subscription, which has the rules.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::tx::Tx;
use super::{kind, listing_of, subscription_change};
use serde_json::{Value, json};

/// `/v1/subscription_items`: changes of the subscription, which has the rules.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    let ["subscription_items", rest @ ..] = path else { return None };
    Some(match (call.method, rest) {
        ("GET", []) => subscription(tx, call, "subscription")
            .and_then(|subscription| listing_of(call, &subscription["items"])),
        ("POST", []) => subscription(tx, call, "subscription").and_then(|subscription| {
            let before = ids(&subscription);
            let changed = subscription_change::with_item(call, tx, subscription, None)?;
            let data = changed["items"]["data"].as_array().cloned().unwrap_or_default();
            let added = data.into_iter().find(|item| !before.contains(&item["id"]));
            added.ok_or_else(|| ApiError::invalid("Nothing was added."))
        }),
        ("GET", [id]) => of(tx, id),
        ("POST", [id]) => owner(tx, id).and_then(|subscription| {
            subscription_change::with_item(call, tx, subscription, Some(id))?;
            of(tx, id)
        }),
        ("DELETE", [id]) => owner(tx, id).and_then(|subscription| {
            subscription_change::without_item(call, tx, subscription, id)?;
            Ok(json!({"id": id, "object": "subscription_item", "deleted": true}))
        }),
        _ => return None,
    })
}

fn ids(subscription: &Value) -> Vec<Value> {
    let items = subscription["items"]["data"].as_array().into_iter().flatten();
    items.map(|item| item["id"].clone()).collect()
}

fn subscription(tx: &Tx<'_>, call: &Call, name: &str) -> Answer {
    super::named(tx, "subscription", call.params.required(name)?, name)
}

fn owner(tx: &Tx<'_>, id: &str) -> Answer {
    let found = tx.ids(kind("subscription")).into_iter().find_map(|one| {
        let subscription = tx.get(kind("subscription"), &one)?;
        ids(&subscription).iter().any(|item| item == id).then_some(subscription)
    });
    found.ok_or_else(|| ApiError::not_found("subscription item", id))
}

fn of(tx: &Tx<'_>, id: &str) -> Answer {
    let subscription = owner(tx, id)?;
    let items = subscription["items"]["data"].as_array().cloned().unwrap_or_default();
    let found = items.into_iter().find(|item| item["id"] == id);
    found.ok_or_else(|| ApiError::not_found("subscription item", id))
}
