//! Renders an object for an answer: embedded lists, `expand`, the shape of the version.

use super::api_error::ApiError;
use super::call::Call;
use super::description::field::{Field, Type};
use super::description::table::OBJECTS;
use super::snapshot;
use super::state::Kind;
use super::tx::{Tx, number, text};
use super::version;
use serde_json::{Value, json};
use std::sync::Arc;

/// Elements of a list that is embedded in an object.
const EMBEDDED_MAX: usize = 10;
/// Levels `expand` reaches.
const EXPAND_DEPTH_MAX: usize = 4;

/// An object with its embedded lists, hidden fields still inside.
pub fn full(tx: &Tx<'_>, mut object: Value) -> Value {
    let id = text(&object, "id").to_owned();
    let lists: &[(&str, Kind, &str)] = match text(&object, "object") {
        "customer" => &[("sources", Kind::Source, "/v1/customers/{id}/sources")],
        "charge" => &[("refunds", Kind::Refund, "/v1/charges/{id}/refunds")],
        "transfer" => &[("reversals", Kind::Reversal, "/v1/transfers/{id}/reversals")],
        "account" => &[("external_accounts", Kind::Source, "/v1/accounts/{id}/external_accounts")],
        "application_fee" => &[("refunds", Kind::FeeRefund, "/v1/application_fees/{id}/refunds")],
        "checkout.session" => {
            &[("line_items", Kind::SessionItem, "/v1/checkout/sessions/{id}/line_items")]
        }
        // A publishable key sees no charges.
        "payment_intent" if object.get("latest_charge").is_some() => {
            &[("charges", Kind::Charge, "/v1/charges?payment_intent={id}")]
        }
        "balance_transaction" => {
            let available = number(&object, "available_on") <= tx.now;
            object["status"] = json!(if available { "available" } else { "pending" });
            &[]
        }
        _ => &[],
    };
    if object.get("deleted").is_some() {
        return object;
    }
    for (name, kind, url) in lists {
        object[*name] = embedded(tx, tx.children(*kind, &id), &url.replace("{id}", &id));
    }
    if text(&object, "object") == "customer" {
        let mut subscriptions = tx.children(Kind::resource("subscription"), &id);
        subscriptions
            .retain(|id| tx.stored(id).is_some_and(|stored| stored.value()["ended_at"].is_null()));
        object["subscriptions"] =
            embedded(tx, subscriptions, &format!("/v1/customers/{id}/subscriptions"));
        let tax_ids = tx.children(Kind::resource("tax_id"), &id);
        object["tax_ids"] = embedded(tx, tax_ids, &format!("/v1/customers/{id}/tax_ids"));
    }
    object
}

fn embedded(tx: &Tx<'_>, ids: Vec<Arc<str>>, url: &str) -> Value {
    let first = ids.iter().take(EMBEDDED_MAX);
    let data: Vec<Value> = first.filter_map(|id| Some(tx.stored(id)?.value())).collect();
    json!({"object": "list", "data": data, "has_more": ids.len() > EMBEDDED_MAX,
        "total_count": ids.len(), "url": url})
}

/// Finishes an answer: embeds, expands as asked, shapes for the version.
pub fn answer(tx: &Tx<'_>, call: &Call, mut object: Value) -> Result<Value, ApiError> {
    let mut value = if matches!(text(&object, "object"), "list" | "search_result") {
        let items = object["data"].as_array_mut().map(std::mem::take).unwrap_or_default();
        object["data"] = items.into_iter().map(|item| full(tx, item)).collect();
        object
    } else {
        full(tx, object)
    };
    let paths = call.params.list("expand");
    for path in &paths {
        let segments: Vec<&str> = path.split('.').collect();
        let levels = segments.len() - usize::from(segments[0] == "data");
        if levels > EXPAND_DEPTH_MAX {
            let message = "You cannot expand more than 4 levels of a property".to_owned();
            return Err(not_expandable(message));
        }
        expand(tx, &mut value, &segments, (path, None))?;
    }
    let mut expanded: Vec<&str> = paths.iter().flat_map(|path| path.split('.')).collect();
    if call.params.list("include").contains(&"total_count") {
        expanded.push("total_count");
    }
    shape(call, &mut value, &expanded);
    snapshot::present_all(&mut value);
    Ok(value)
}

/// Shapes the objects that an error shows.
pub fn refusal(tx: &Tx<'_>, call: &Call, mut refusal: ApiError) -> ApiError {
    for object in refusal.objects.iter_mut().flat_map(|objects| objects.values_mut()) {
        let mut shown = full(tx, object.take());
        shape(call, &mut shown, &[]);
        *object = shown;
    }
    refusal
}

/// Shapes an answer for the version of a call. What is hidden from a publishable key stays so: no
/// neutral value takes its place.
fn shape(call: &Call, value: &mut Value, expanded: &[&str]) {
    let names = |value: &Value| value.as_object().map(|all| all.keys().cloned().collect());
    let seen: Option<Vec<String>> = names(value).filter(|_| call.key.starts_with("pk_"));
    version::shape(value, &call.version, expanded);
    let is_newest = call.version == version::NEWEST;
    if let (Some(seen), Some(fields)) = (seen.filter(|_| is_newest), value.as_object_mut()) {
        fields.retain(|name, _| seen.contains(name));
    }
}

fn not_expandable(message: String) -> ApiError {
    ApiError { saved: false, ..ApiError::invalid(message) }.param("expand")
}

/// Expands `path` in a value; `place` is the whole path, and the fields of a value that is no
/// object of its own.
fn expand(
    tx: &Tx<'_>,
    value: &mut Value,
    path: &[&str],
    place: (&str, Option<&'static [Field]>),
) -> Result<(), ApiError> {
    let Some((name, rest)) = path.split_first() else { return Ok(()) };
    if let Value::Array(items) = value {
        return items.iter_mut().try_for_each(|item| expand(tx, item, path, place));
    }
    let (whole, group) = place;
    let fields = value["object"].as_str().and_then(|kind| OBJECTS.object(kind)).or(group);
    let field = fields.and_then(|fields| fields.iter().find(|field| field.name == *name));
    let refused = || {
        Err(not_expandable(format!(
            "This property cannot be expanded ({}). You may want to try expanding 'data.{whole}' \
             instead.",
            path.join(".")
        )))
    };
    // Not an object, but shown on request only.
    if *name == "payload" && value["object"] == "apps.secret" {
        return Ok(());
    }
    let is_deleted = value.get("deleted").is_some();
    let Some(inner) = value.as_object_mut().and_then(|fields| fields.get_mut(*name)) else {
        // A field that is not there in this state (`charge.transfer`) expands to nothing.
        return if is_deleted || OPTIONAL.contains(name) { Ok(()) } else { refused() };
    };
    // A text of the caller's own may be the id of anything.
    if field.is_some_and(|field| field.types.iter().all(is_plain)) {
        return refused();
    }
    let found = inner.as_str().and_then(|id| tx.stored(id)).filter(|found| !is_secret(found.kind));
    if let Some(object) = found.map(|found| found.value()) {
        *inner = full(tx, object);
    }
    if inner.is_null() || inner.is_string() {
        return Ok(());
    }
    expand(tx, inner, rest, (whole, field.and_then(Field::group).map(|name| OBJECTS.group(name))))
}

/// Whether a type holds no object.
fn is_plain(kind: &Type) -> bool {
    match kind {
        Type::Text(_) | Type::Integer | Type::Number | Type::Decimal | Type::Boolean => true,
        Type::Map(values) => values.iter().all(is_plain),
        other => matches!(other, Type::Choice(_)),
    }
}

/// Kinds that no answer shows but that of their own operation.
fn is_secret(kind: Kind) -> bool {
    use Kind::{AccessToken, AccountLink, AuthorizationCode, CliSession, Endpoint, RefreshToken};
    matches!(
        kind,
        AccessToken | AccountLink | AuthorizationCode | CliSession | Endpoint | RefreshToken
    )
}

/// Expandable fields that not every object of their kind carries.
const OPTIONAL: &[&str] = &[
    "transfer",
    "customer",
    "destination",
    "application_fee",
    "refunds",
    "source_transfer",
    "source_transaction",
    "destination_payment",
    "transfer_reversal",
    "payment_intent",
    "payment_method",
    "latest_charge",
    "charges",
    "latest_attempt",
    "setup_intent",
    "mandate",
    "line_items",
    "dispute",
    "charge",
    "account",
    "invoice",
    "sources",
    "balance_transaction",
];
