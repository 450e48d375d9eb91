//! Sessions of the customer portal; `pages/portal.rs` is its page.

use super::super::api_error::ApiError;
use super::super::call::Call;
use super::super::lookup;
use super::super::tx::{Tx, text};
use super::{Resource, kind, named, new};
use serde_json::{Value, json};

/// Sessions of the portal.
pub const SESSION: Resource = Resource {
    create,
    ..Resource::new("billing_portal.session", "billing_portal/sessions", "bps_")
};

fn create(call: &Call, tx: &mut Tx<'_>, session: &mut Value) -> Result<(), ApiError> {
    lookup::customer(tx, call.params.required("customer")?)?;
    let configuration = match call.params.filled("configuration")? {
        Some(id) => named(tx, "billing_portal.configuration", id, "configuration")?["id"].clone(),
        None => default(tx),
    };
    session["configuration"] = configuration;
    let id = text(session, "id").to_owned();
    session["url"] = json!(format!("{}/billing.stripe.com/p/session/test_{id}", tx.state.base_url));
    Ok(())
}

/// The default configuration, made when it is first needed.
fn default(tx: &mut Tx<'_>) -> Value {
    let ids = tx.ids(kind("billing_portal.configuration"));
    let known = ids.iter().filter_map(|id| Some(tx.stored(id)?.value()));
    if let Some(found) = known.into_iter().find(|one| one["is_default"] == true) {
        return found["id"].clone();
    }
    let mut made = new(tx, "billing_portal.configuration", "bpc_");
    for (name, value) in
        [("active", json!(true)), ("is_default", json!(true)), ("updated", json!(tx.now))]
    {
        made[name] = value;
    }
    for name in
        ["customer_update", "invoice_history", "payment_method_update", "subscription_cancel"]
    {
        made["features"][name]["enabled"] = json!(true);
    }
    complete(&mut made);
    tx.insert(kind("billing_portal.configuration"), None, &made);
    made["id"].clone()
}

/// Words of the features that have no neutral value.
pub fn complete(configuration: &mut Value) {
    let cancel = &mut configuration["features"]["subscription_cancel"];
    for (name, word) in [("mode", "at_period_end"), ("proration_behavior", "none")] {
        if cancel[name].is_null() {
            cancel[name] = json!(word);
        }
    }
    let pause = &mut configuration["features"]["subscription_pause"];
    if pause["duration"]["type"].is_null() {
        pause["duration"]["type"] = json!("indefinite");
    }
    let update = &mut configuration["features"]["subscription_update"];
    if update["proration_behavior"].is_null() {
        update["proration_behavior"] = json!("none");
    }
    if update["trial_update_behavior"].is_null() {
        update["trial_update_behavior"] = json!("end_trial");
    }
}
