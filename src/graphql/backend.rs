//! The interface that resolvers call: one backend per request.

use crate::executor::BoxFuture;
use crate::gateway::request_type_call::RequestTypeCall;
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use sluicegate_module::catalog::Catalog;
use sluicegate_store::execution::{Execution, ExecutionQuery, Step};
use sluicegate_store::page::{Page, Paging};
use sluicegate_store::query::RecordQuery;
use sluicegate_store::record::{Change, Record, RecordId};
use sluicegate_store::state::Activity;

/// The layers below, as one document sees them. All methods block. The methods of a mutation are
/// called in the order in which its fields are written.
pub trait Backend: Send + Sync {
    /// The catalog; partials and pages are read from it.
    fn catalog(&self) -> &Catalog;

    /// True when a module or the operator grants a root field with these arguments to the visitor
    /// of this request.
    fn is_granted(
        &self,
        _field: &str,
        _arguments: &Map<String, Json>,
    ) -> Result<bool, ResolverError> {
        Ok(false)
    }

    /// Returns a page of records.
    fn records(&self, query: &RecordQuery) -> Result<Page<Record>, ResolverError>;

    /// Creates a record, through its form when one is named. Values arrive as written
    /// (`value: "500"` is a string); the implementation casts them to the property kinds of the
    /// table.
    fn record_create(&self, record: NewRecord, form: Option<&str>)
    -> Result<Record, ResolverError>;

    /// Changes a record, through its form when one is named; casts as [`Backend::record_create`].
    fn record_update(
        &self,
        id: RecordId,
        change: RecordChange,
        form: Option<&str>,
    ) -> Result<Record, ResolverError>;

    /// Soft-deletes a record, through its form when one is named. When a table is named, the record
    /// must belong to it.
    fn record_delete(
        &self,
        id: RecordId,
        table: Option<&str>,
        form: Option<&str>,
    ) -> Result<Record, ResolverError>;

    /// Deletes every record that matches the query, across all pages; returns the count.
    fn records_delete_all(&self, query: &RecordQuery) -> Result<u64, ResolverError>;

    /// Sends an API call: `{response: {status, body, headers} | null, errors: [{message}]}`.
    fn api_call_send(&self, call: ApiCallSend) -> Result<Json, ResolverError>;

    /// Sets a constant; `None` removes it.
    fn constant_set(&self, name: &str, value: Option<&str>) -> Result<(), ResolverError>;

    /// Returns the constants by name, with values only when a template will see them.
    fn constants(&self, with_values: bool) -> Result<Vec<ConstantEntry>, ResolverError>;

    /// Stores a value in the visitor's session.
    fn session_set(&self, name: &str, value: Json) -> Result<(), ResolverError>;

    /// Removes a value from the visitor's session and returns it.
    fn session_delete(&self, name: &str) -> Result<Json, ResolverError>;

    /// Ends all sessions of a user.
    fn user_sessions_destroy(&self, user_id: &str) -> Result<(), ResolverError>;

    /// Publishes an activity.
    fn activity_create(&self, payload: Json) -> Result<Activity, ResolverError>;

    /// Returns activities, newest first; only those listed when `uuids` is not empty.
    fn activities(
        &self,
        uuids: &[String],
        paging: Paging,
    ) -> Result<Page<Activity>, ResolverError>;

    /// Sends an email: `{is_scheduled_to_send, errors: [{message}]}`.
    fn email_send(&self, _template: &str, _data: Json) -> Result<Json, ResolverError> {
        let why = "mail is not sent from here";
        Ok(json!({ "is_scheduled_to_send": false, "errors": [{ "message": why }] }))
    }

    /// Returns users as objects with the keys of the schema's `User`; `arguments` are passed
    /// unchanged.
    fn users(&self, _arguments: &Map<String, Json>) -> Result<Vec<Json>, ResolverError> {
        Ok(Vec::new())
    }

    /// Changes a user.
    fn user_update(
        &self,
        id: &str,
        _user: Json,
        _form: Option<&str>,
    ) -> Result<Json, ResolverError> {
        Err(ResolverError::new("not_found", format!("there is no user {id}")))
    }

    /// Runs a request type; returns the outcome in the JSON form shared by every origin.
    /// It waits for the gateway without a thread.
    fn request_type(&self, call: RequestTypeCall) -> BoxFuture<'_, Result<Json, ResolverError>>;

    /// Returns a page of executions.
    fn executions(&self, query: &ExecutionQuery) -> Result<Page<Execution>, ResolverError>;

    /// Returns an execution with its steps.
    fn execution(&self, id: &str) -> Result<Option<(Execution, Vec<Step>)>, ResolverError>;
}

/// Why a resolver failed: the message and code of one GraphQL error.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ResolverError {
    /// The message for people.
    pub message: String,
    /// The machine-readable code: `extensions.code`.
    pub code: String,
    /// Machine-readable details, such as form errors by field: `extensions.details`.
    pub details: Option<Json>,
}

impl ResolverError {
    /// Creates an error without details.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { message: message.into(), code: code.to_owned(), details: None }
    }
}

/// A record to create.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewRecord {
    /// The table; `None` when only the form names it.
    pub table: Option<String>,
    /// The requested id.
    pub id: Option<RecordId>,
    /// The id of the user who owns the record.
    pub user_id: Option<String>,
    /// An id assigned by the module.
    pub external_id: Option<String>,
    /// A creation time other than now.
    pub created_at: Option<Timestamp>,
    /// The properties, in order.
    pub properties: Vec<(String, Change)>,
}

/// The changes to a record; everything else stays unchanged.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordChange {
    /// The table the record must belong to, when one is named.
    pub table: Option<String>,
    /// The new owner.
    pub user_id: Option<String>,
    /// The new external id.
    pub external_id: Option<String>,
    /// The properties, in order.
    pub properties: Vec<(String, Change)>,
}

/// An API call to send.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ApiCallSend {
    /// The notification's name.
    pub template: Option<String>,
    /// The data its Liquid sees.
    pub data: Json,
    /// Options such as `timeout` in seconds; null when absent.
    pub options: Json,
    /// A call without a notification: `{url, method, headers, body}`; null when absent.
    pub ad_hoc: Json,
}

/// A constant in the shape of the schema.
#[derive(Clone, PartialEq)]
pub struct ConstantEntry {
    /// The constant's name.
    pub name: String,
    /// Its value, only for templates.
    pub value: Option<String>,
    /// The time it was last set.
    pub updated_at: Option<Timestamp>,
}
