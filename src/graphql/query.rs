//! Queries: `records`, `customizations`, users, and the listings that are always empty.

use super::backend::ResolverError;
use super::call::FieldCall;
use super::collection;
use super::{filter, filter_classic, record};
use serde_json::{Map, Value as Json, json};
use sluicegate_store::query::RecordQuery;

type Answer = Result<Json, ResolverError>;

/// Resolves `records(filter:, sort:, page:, per_page:)`.
pub(super) fn records(call: &FieldCall<'_>) -> Answer {
    let mut query = RecordQuery::default();
    filter::read(call.table_index(), call.arg("filter"), &mut query)?;
    query.sort = filter::sort(call.table_index(), query.table.as_deref(), call.arg("sort"))?;
    page_of(call, query)
}

/// Resolves `customizations(name:, properties:, …)`.
pub(super) fn customizations(call: &FieldCall<'_>) -> Answer {
    page_of(call, filter_classic::read(call)?)
}

fn page_of(call: &FieldCall<'_>, mut query: RecordQuery) -> Answer {
    query.set_paging(collection::paging(call)?);
    let page = call.backend().records(&query)?;
    Ok(collection::json(page, |row| record::json(call.table_index(), row)))
}

/// Resolves `user(id:, email:)`; null without either argument.
pub(super) fn user(call: &FieldCall<'_>) -> Answer {
    if call.non_blank("id").is_none() && call.non_blank("email").is_none() {
        return Ok(Json::Null);
    }
    let users = call.backend().users(call.args)?;
    Ok(users.into_iter().next().unwrap_or_default())
}

/// Resolves `users(…)`.
pub(super) fn users(call: &FieldCall<'_>) -> Answer {
    let users = call.backend().users(call.args)?;
    collection::of_all(call, users)
}

/// Returns the user a record belongs to.
pub(super) fn user_of_record(call: &FieldCall<'_>) -> Answer {
    let Some(id) = call.of_parent("user_id") else { return Ok(Json::Null) };
    call.shared.take_related()?;
    let arguments = Map::from_iter([("id".to_owned(), id.clone())]);
    let users = call.backend().users(&arguments)?;
    Ok(users.into_iter().next().unwrap_or_default())
}

/// Resolves `user_update(id:, user:, form_configuration_name:)`.
pub(super) fn user_update(call: &FieldCall<'_>) -> Answer {
    let form = call.non_blank("form_configuration_name");
    call.backend().user_update(call.required("id"), call.json("user"), form)
}

/// Returns the user's first profile of the requested type, `default` by default.
pub(super) fn profile(call: &FieldCall<'_>) -> Answer {
    let profiles = call.of_parent("profiles").and_then(Json::as_array);
    let wanted = call.text("profile_type").unwrap_or("default");
    let fits = |profile: &&Json| profile.get("profile_type").is_some_and(|name| name == wanted);
    Ok(profiles.into_iter().flatten().find(fits).cloned().unwrap_or_default())
}

/// Returns an empty page.
pub(super) fn listings(call: &FieldCall<'_>) -> Answer {
    collection::of_all(call, Vec::new())
}

/// Returns null.
pub(super) fn nothing(_call: &FieldCall<'_>) -> Answer {
    Ok(json!(null))
}
