//! Designs of physical cards: in `review` until a test activates or rejects them.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::event::emit;
use super::super::tx::{Tx, text};
use super::{Resource, kind, stripe_data};
use serde_json::{Value, json};

/// Designs.
pub const DESIGN: Resource = Resource {
    events: "issuing_personalization_design",
    create,
    update: |call, tx, design| check(call, tx, design),
    own_filters: &["lookup_keys", "preferences"],
    listed: |call, design| {
        let keys = call.params.list("lookup_keys");
        keys.is_empty() || keys.contains(&text(design, "lookup_key"))
    },
    ..Resource::new("issuing.personalization_design", "issuing/personalization_designs", "ipd_")
};

/// What a test does with them.
pub const TEST: Resource = Resource {
    path: "test_helpers/issuing/personalization_designs",
    actions: &[
        ("POST", "activate", |_, tx, design| moved(tx, design, "active", "activated")),
        ("POST", "deactivate", |_, tx, design| moved(tx, design, "inactive", "deactivated")),
        ("POST", "reject", |call, tx, mut design| {
            let sent = call.params.group("rejection_reasons").unwrap_or_default();
            for name in ["card_logo", "carrier_text"] {
                let reasons = sent.list(name);
                design["rejection_reasons"][name] =
                    if reasons.is_empty() { Value::Null } else { json!(reasons) };
            }
            moved(tx, design, "rejected", "rejected")
        }),
    ],
    ..DESIGN
};

fn create(call: &Call, tx: &mut Tx<'_>, design: &mut Value) -> Result<(), ApiError> {
    design["status"] = json!("review");
    design["preferences"]["is_platform_default"] = Value::Null;
    design["rejection_reasons"] = json!({"card_logo": null, "carrier_text": null});
    check(call, tx, design)
}

/// The bundle exists, and the lookup key is not that of another design.
fn check(call: &Call, tx: &mut Tx<'_>, design: &mut Value) -> Result<(), ApiError> {
    let bundle = text(design, "physical_bundle");
    if stripe_data::find("issuing/physical_bundles", bundle).is_none() {
        return Err(ApiError::no_such("physical bundle", bundle, "physical_bundle"));
    }
    let Some(key) = call.params.text("lookup_key")?.filter(|key| !key.is_empty()) else {
        return Ok(());
    };
    let ids = tx.ids(kind("issuing.personalization_design"));
    let found = ids.iter().filter_map(|id| Some(tx.stored(id)?.value()));
    let mut others = found.filter(|other| other["id"] != design["id"]);
    let Some(mut holder) = others.find(|other| other["lookup_key"] == key) else { return Ok(()) };
    if call.params.boolean("transfer_lookup_key")? != Some(true) {
        let message = format!("The lookup key {key} belongs to {}.", text(&holder, "id"));
        return Err(ApiError::invalid(message).param("lookup_key"));
    }
    holder["lookup_key"] = Value::Null;
    tx.update(&holder);
    Ok(())
}

fn moved(tx: &mut Tx<'_>, mut design: Value, status: &str, event: &str) -> Answer {
    design["status"] = json!(status);
    tx.update(&design);
    let account = tx.account.clone();
    emit(tx, &format!("issuing_personalization_design.{event}"), &account, &design, None);
    Ok(design)
}
