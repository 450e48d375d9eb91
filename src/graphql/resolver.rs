//! Maps fields to the functions that resolve them.

use super::backend::ResolverError;
use super::call::FieldCall;
use super::request_type::Mutation;
use super::{admin, change, execution, operations, property, query, related};
use serde_json::Value as Json;

/// How a field is resolved.
pub(super) enum Resolver {
    /// The parent's value under the field's name.
    Key,
    /// A function that resolves the field.
    Function(fn(&FieldCall<'_>) -> Result<Json, ResolverError>),
    /// The mutation of a request type.
    RequestType(Mutation),
}

impl Resolver {
    /// Returns the resolver of a field; `None` when the field has none.
    pub(super) fn of(ty: &str, field: &str, mutations: &[Mutation]) -> Option<Self> {
        let function = match ty {
            "Query" => query_field(field)?,
            "Mutation" => {
                if let Some(mutation) = mutations.iter().find(|mutation| mutation.field == field) {
                    return Some(Self::RequestType(mutation.clone()));
                }
                mutation_field(field)?
            }
            _ => match inner_field(ty, field) {
                Some(function) => function,
                None => return Some(Self::Key),
            },
        };
        Some(Self::Function(function))
    }

    /// Resolves a call. [`Resolver::Key`] is resolved where the parent is, and
    /// [`Resolver::RequestType`] where its answer can be awaited.
    pub(super) fn answer(&self, call: &FieldCall<'_>) -> Result<Json, ResolverError> {
        match self {
            Self::Key | Self::RequestType(_) => Ok(Json::Null),
            Self::Function(function) => function(call),
        }
    }
}

type Function = fn(&FieldCall<'_>) -> Result<Json, ResolverError>;

fn query_field(field: &str) -> Option<Function> {
    Some(match field {
        "records" => query::records,
        "customizations" => query::customizations,
        "user" => query::user,
        "users" => query::users,
        "listings" => query::listings,
        "transactable" => query::nothing,
        "admin_liquid_partials" => admin::partials,
        "admin_pages" => admin::pages,
        "activities" => operations::activities,
        "constants" => operations::constants,
        "constant" => operations::constant,
        "executions" => execution::executions,
        "execution" => execution::execution,
        _ => return None,
    })
}

fn mutation_field(field: &str) -> Option<Function> {
    Some(match field {
        "record_create" => change::record_create,
        "record_update" => change::record_update,
        "record_delete" => change::record_delete,
        "records_delete_all" => change::records_delete_all,
        "customization_create" => change::customization_create,
        "customization_update" => change::customization_update,
        "customization_delete" => change::customization_delete,
        "user_update" => query::user_update,
        "api_call_send" => operations::api_call_send,
        "constant_set" => operations::constant_set,
        "constant_unset" => operations::constant_unset,
        "session_create_field" => operations::session_create_field,
        "session_delete_field" => operations::session_delete_field,
        "user_sessions_destroy" => operations::user_sessions_destroy,
        "activity_create" => operations::activity_create,
        "email_send" => operations::email_send,
        _ => return None,
    })
}

fn inner_field(ty: &str, field: &str) -> Option<Function> {
    Some(match (ty, field) {
        (_, "property") => property::as_text,
        (_, "property_int") => property::as_int,
        (_, "property_float") => property::as_float,
        (_, "property_boolean") => property::as_boolean,
        (_, "property_array") => property::as_array,
        (_, "property_json") => property::as_json,
        (_, "property_object") => property::as_object,
        (_, "property_upload") => property::as_upload,
        ("Record", "related_record") => related::one,
        ("Record", "related_records") => related::many,
        ("Record" | "Customization", "user") => query::user_of_record,
        ("User", "profile") => query::profile,
        _ => return None,
    })
}
