//! Resources that the description drives: create, retrieve, update, list, delete, and actions.
//!
//! A line of `table.rs` names a resource; what it takes and what it has is in the description. A
//! family with rules of its own has a file with its hooks, beside this one.

use super::api_error::{Answer, ApiError};
use super::call::Call;
use super::description::shape::blank;
use super::listing;
use super::state::Kind;
use super::tx::{Tx, text};
use serde_json::{Value, json};

pub mod app;
pub mod authentication;
pub mod catalog;
pub mod climate_order;
pub mod connection;
pub mod country_spec;
pub mod credit;
pub mod credit_note;
pub mod customer_money;
pub mod decimal;
pub mod discount;
pub mod engine;
pub mod entitlement;
pub mod filter;
pub mod fraud;
pub mod invoice;
pub mod invoice_item;
pub mod invoice_lines;
pub mod invoice_pay;
pub mod invoice_totals;
pub mod issuing_authorization;
pub mod issuing_card;
pub mod issuing_design;
pub mod issuing_dispute;
pub mod issuing_money;
pub mod issuing_transaction;
pub mod link;
pub mod meter_summary;
pub mod method_settings;
pub mod payment_record;
pub mod pdf;
pub mod pending_update;
pub mod period;
pub mod plain;
pub mod portal;
pub mod preview;
pub mod quote;
pub mod reaction;
pub mod reader;
pub mod reader_test_helper;
pub mod route;
pub mod schedule_phases;
pub mod search;
pub mod stripe_data;
pub mod subscription;
pub mod subscription_change;
pub mod subscription_cycle;
pub mod subscription_item_route;
pub mod subscription_items;
pub mod subscription_schedule;
pub mod subscription_terms;
pub mod table;
pub mod tax;
pub mod tax_calculation;
pub mod tax_place;
pub mod tax_transaction;
pub mod template;
pub mod test_clock;
pub mod topup;
pub mod treasury_account;
pub mod treasury_in;
pub mod treasury_money;
pub mod treasury_out;

/// Completes a new or changed object; the parameters are already in it.
pub type Fill = fn(&Call, &mut Tx<'_>, &mut Value) -> Result<(), ApiError>;
/// An action on an object: `POST /v1/topups/tu_1/cancel`.
pub type Action = fn(&Call, &mut Tx<'_>, Value) -> Answer;
/// Whether an object is in a list, beyond what its parameters name.
pub type Listed = fn(&Call, &Value) -> bool;

/// A kind of resource.
#[derive(Debug, Clone, Copy)]
pub struct Resource {
    /// Its object: `coupon`.
    pub object: &'static str,
    /// Its path below `/v1/`: `coupons`, `customers/*/tax_ids`.
    pub path: &'static str,
    /// What its ids begin with.
    pub prefix: &'static str,
    /// What its events begin with; those that Stripe does not have are not sent.
    pub events: &'static str,
    /// JSON of fields that were not sent; `"$now"` is the time and `"$id"` the id.
    pub defaults: &'static [(&'static str, &'static str)],
    /// There is one for each account, without an id in its path.
    pub singleton: bool,
    /// Completes a new one.
    pub create: Fill,
    /// Completes a changed one.
    pub update: Fill,
    /// Before one is deleted.
    pub delete: Fill,
    /// Which are listed.
    pub listed: Listed,
    /// Parameters of the list that only `listed` looks at.
    pub own_filters: &'static [&'static str],
    /// Method, name and function of each action.
    pub actions: &'static [(&'static str, &'static str, Action)],
}

impl Resource {
    /// A resource without rules of its own.
    pub const fn new(object: &'static str, path: &'static str, prefix: &'static str) -> Self {
        Self {
            object,
            path,
            prefix,
            events: object,
            defaults: &[],
            singleton: false,
            create: nothing,
            update: nothing,
            delete: nothing,
            listed: everything,
            own_filters: &[],
            actions: &[],
        }
    }

    /// The kind that its objects are stored as.
    pub fn kind(&self) -> Kind {
        kind(self.object)
    }

    /// Its name in a message: `tax rate`.
    pub fn name(&self) -> String {
        let name = self.object.rsplit('.').next().unwrap_or(self.object);
        name.replace('_', " ")
    }
}

fn nothing(_: &Call, _: &mut Tx<'_>, _: &mut Value) -> Result<(), ApiError> {
    Ok(())
}

fn everything(_: &Call, _: &Value) -> bool {
    true
}

/// The kind that objects of a name are stored as.
pub fn kind(object: &'static str) -> Kind {
    Kind::resource(object)
}

/// A new object with its id and time, and all else empty.
pub fn new(tx: &mut Tx<'_>, object: &str, prefix: &str) -> Value {
    let mut made = blank(object);
    made["id"] = json!(tx.id(prefix));
    if made.get("metadata").is_some() {
        made["metadata"] = json!({});
    }
    if made.get("created").is_some() {
        made["created"] = json!(tx.now);
    }
    made
}

/// What the clock causes.
pub fn due(tx: &mut Tx<'_>, object: Value) {
    match text(&object, "object") {
        "topup" => return topup::arrive(tx, object),
        "issuing.authorization" => return issuing_authorization::decide_late(tx, object),
        _ => {}
    }
    if let Some(at) = object["_wake"].as_i64() {
        tx.now = at;
    }
    // A declined renewal is stored; nobody waits for its error.
    let _ = wake(tx, object);
}

/// What the time of a subscription or an invoice causes.
pub fn wake(tx: &mut Tx<'_>, object: Value) -> Result<(), ApiError> {
    let mut object = object;
    test_clock::schedule(&mut object, None);
    match text(&object, "object") {
        "subscription" => {
            // A phase of its schedule begins before it renews.
            if let Ok(schedule) = of(tx, "subscription_schedule", id_of(&object, "schedule"))
                && schedule["_wake"].as_i64().is_some_and(|at| at <= tx.now)
            {
                wake(tx, schedule)?;
                object = of(tx, "subscription", text(&object, "id"))?;
                if object["_wake"].as_i64().is_none_or(|at| at > tx.now) {
                    return Ok(());
                }
                test_clock::schedule(&mut object, None);
            }
            subscription_cycle::wake(tx, object)
        }
        "subscription_schedule" => subscription_schedule::wake(tx, object),
        "invoice" if subscription_cycle::stop_collecting(tx, object.clone()) => Ok(()),
        "invoice" => invoice::wake(tx, object),
        _ => Ok(()),
    }
}

/// An object of the account acted on, named in the path.
pub fn of(tx: &Tx<'_>, object: &'static str, id: &str) -> Answer {
    let name = object.rsplit('.').next().unwrap_or(object).replace('_', " ");
    tx.get(kind(object), id).ok_or_else(|| ApiError::not_found(&name, id))
}

/// An object of the account acted on, named in a parameter.
pub fn named(tx: &Tx<'_>, object: &'static str, id: &str, param: &str) -> Answer {
    let name = object.rsplit('.').next().unwrap_or(object).replace('_', " ");
    tx.get(kind(object), id).ok_or_else(|| ApiError::no_such(&name, id, param))
}

/// The tax rates that a parameter names, as objects.
pub fn tax_rates(tx: &Tx<'_>, ids: &[&str], param: &str) -> Answer {
    let rates = ids.iter().map(|id| named(tx, "tax_rate", id, param));
    rates.collect::<Result<Vec<_>, _>>().map(Value::from)
}

/// A page of a list that is inside an object.
pub fn listing_of(call: &Call, list: &Value) -> Answer {
    listing::page_of(call, list["data"].as_array().map_or(&[], Vec::as_slice))
}

/// The ids of an object's fields, be they expanded or not.
pub fn id_of<'v>(object: &'v Value, name: &str) -> &'v str {
    match object.get(name) {
        Some(Value::String(id)) => id,
        Some(inner) => text(inner, "id"),
        None => "",
    }
}
