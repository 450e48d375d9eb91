//! The platform's smaller operations: API calls, constants, sessions, activities, email.

use super::backend::{ApiCallSend, ConstantEntry, ResolverError};
use super::call::{FieldCall, Origin};
use super::collection;
use super::record::timestamp;
use serde_json::{Value as Json, json};
use sluicegate_store::state::Activity;

type Answer = Result<Json, ResolverError>;

/// Resolves `api_call_send(data:, template:, options:)`.
pub(super) fn api_call_send(call: &FieldCall<'_>) -> Answer {
    let name = call.arg("template").and_then(|template| template.get("name"));
    let template = name.and_then(Json::as_str).map(str::to_owned);
    let ad_hoc = call.json("api_call");
    if template.is_none() && ad_hoc.is_null() {
        return Err(ResolverError::new("invalid", "neither a template nor a call is given"));
    }
    let (data, options) = (call.json("data"), call.json("options"));
    let answer = call.backend().api_call_send(ApiCallSend { template, data, options, ad_hoc })?;
    Ok(without_no_errors(answer))
}

/// Replaces an empty list of errors with null: modules test `if answer.errors`, and a list is
/// truthy.
fn without_no_errors(mut answer: Json) -> Json {
    if let Some(errors) = answer.get_mut("errors")
        && errors.as_array().is_some_and(Vec::is_empty)
    {
        *errors = Json::Null;
    }
    answer
}

/// Resolves `constant_set(name:, value:)`.
pub(super) fn constant_set(call: &FieldCall<'_>) -> Answer {
    let (name, value) = (call.required("name"), call.required("value"));
    call.backend().constant_set(name, Some(value))?;
    Ok(json!({ "name": name, "value": value }))
}

/// Resolves `constant_unset(name:)`.
pub(super) fn constant_unset(call: &FieldCall<'_>) -> Answer {
    let name = call.required("name");
    call.backend().constant_set(name, None)?;
    Ok(json!({ "name": name }))
}

/// Resolves `constants(filter:)`.
pub(super) fn constants(call: &FieldCall<'_>) -> Answer {
    let wanted = call.arg("filter").and_then(|filter| filter.get("name")?.as_str());
    collection::of_all(call, known_constants(call, wanted)?)
}

/// Resolves `constant(name:)`.
pub(super) fn constant(call: &FieldCall<'_>) -> Answer {
    let found = known_constants(call, Some(call.required("name")))?;
    Ok(found.into_iter().next().unwrap_or_default())
}

fn known_constants(call: &FieldCall<'_>, name: Option<&str>) -> Result<Vec<Json>, ResolverError> {
    let with_values = call.shared.origin == Origin::Template;
    let all = call.backend().constants(with_values)?;
    let wanted = all.into_iter().filter(|entry| name.is_none_or(|name| entry.name == name));
    let shown = wanted.map(|ConstantEntry { name, value, updated_at }| {
        // Values are shown to templates only, whatever the backend returns.
        let value = value.filter(|_| with_values);
        json!({ "name": name, "value": value, "updated_at": updated_at.map(timestamp) })
    });
    Ok(shown.collect())
}

/// Resolves `session_create_field(name:, value:)`.
pub(super) fn session_create_field(call: &FieldCall<'_>) -> Answer {
    call.backend().session_set(call.required("name"), call.json("value"))?;
    Ok(call.json("value"))
}

/// Resolves `session_delete_field(name:)`.
pub(super) fn session_delete_field(call: &FieldCall<'_>) -> Answer {
    call.backend().session_delete(call.required("name"))
}

/// Resolves `user_sessions_destroy(user_id:)`.
pub(super) fn user_sessions_destroy(call: &FieldCall<'_>) -> Answer {
    call.backend().user_sessions_destroy(call.required("user_id"))?;
    Ok(json!(true))
}

/// Resolves `activity_create(payload:)`.
pub(super) fn activity_create(call: &FieldCall<'_>) -> Answer {
    Ok(activity(call.backend().activity_create(call.json("payload"))?))
}

/// Resolves `activities(uuids:)`; `ids` is a synonym of `uuids`.
pub(super) fn activities(call: &FieldCall<'_>) -> Answer {
    let paging = collection::paging(call)?;
    let (ids, uuids) = (call.texts("ids"), call.texts("uuids"));
    let is_restricted = ids.is_some() || uuids.is_some();
    let wanted: Vec<_> = ids.into_iter().chain(uuids).flatten().collect();
    if is_restricted && wanted.is_empty() {
        return collection::of_all(call, Vec::new());
    }
    let found = call.backend().activities(&wanted, paging)?;
    Ok(collection::json(found, activity))
}

/// Returns the payload with the keys `id` and `uuid` added.
fn activity(activity: Activity) -> Json {
    let Activity { uuid, mut payload, created_at } = activity;
    if let Some(payload) = payload.as_object_mut() {
        for key in ["id", "uuid"] {
            payload.entry(key).or_insert_with(|| json!(uuid));
        }
    }
    json!({ "id": uuid, "uuid": uuid, "created_at": timestamp(created_at), "payload": payload })
}

/// Resolves `email_send(template:, data:)`.
pub(super) fn email_send(call: &FieldCall<'_>) -> Answer {
    let name = call.arg("template").and_then(|template| template.get("name")?.as_str());
    let answer = call.backend().email_send(name.unwrap_or_default(), call.json("data"))?;
    Ok(without_no_errors(answer))
}
