//! What resolvers call: one backend for each request.

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use sluicegate_module::catalog::Catalog;
use sluicegate_store::execution::{Execution, ExecutionQuery, Step};
use sluicegate_store::page::Page;
use sluicegate_store::query::RecordQuery;
use sluicegate_store::record::{Change, Record, RecordId};
use sluicegate_store::state::Activity;

/// The layers below, as one document sees them. All methods block; those of a mutation are called
/// in the order in which its fields are written.
pub trait Backend: Send + Sync {
    /// What is written: partials and pages are answered from it.
    fn catalog(&self) -> &Catalog;

    /// A page of records.
    fn records(&self, query: &RecordQuery) -> Result<Page<Record>, ResolverError>;

    /// Makes a record, through its form when one is named. Values come as they were written
    /// (`value: "500"` is a text): who saves them casts them to the kinds of the table.
    fn record_create(&self, record: NewRecord, form: Option<&str>)
    -> Result<Record, ResolverError>;

    /// Changes a record, through its form when one is named; casts as [`Backend::record_create`].
    fn record_update(
        &self,
        id: RecordId,
        change: RecordChange,
        form: Option<&str>,
    ) -> Result<Record, ResolverError>;

    /// Deletes a record softly, through its form when one is named. When a table is named, the
    /// record has to be in it.
    fn record_delete(
        &self,
        id: RecordId,
        table: Option<&str>,
        form: Option<&str>,
    ) -> Result<Record, ResolverError>;

    /// Deletes every record the query finds, over all its pages; says how many.
    fn records_delete_all(&self, query: &RecordQuery) -> Result<u64, ResolverError>;

    /// Sends an API call: `{response: {status, body, headers} | null, errors: [{message}]}`.
    fn api_call_send(&self, call: ApiCallSend) -> Result<Json, ResolverError>;

    /// Sets a constant, or takes it away.
    fn constant_set(&self, name: &str, value: Option<&str>) -> Result<(), ResolverError>;

    /// The constants by name. Values are asked for only where a template will see them.
    fn constants(&self, with_values: bool) -> Result<Vec<ConstantEntry>, ResolverError>;

    /// Keeps a value in the visitor's session.
    fn session_set(&self, name: &str, value: Json) -> Result<(), ResolverError>;

    /// Takes a value out of the visitor's session and gives it back.
    fn session_delete(&self, name: &str) -> Result<Json, ResolverError>;

    /// Publishes an activity.
    fn activity_create(&self, payload: Json) -> Result<Activity, ResolverError>;

    /// Activities, newest first; only the named ones when `uuids` has any.
    fn activities(
        &self,
        uuids: &[String],
        page: u32,
        per_page: u32,
    ) -> Result<Page<Activity>, ResolverError>;

    /// Sends a mail: `{is_scheduled_to_send, errors: [{message}]}`.
    fn email_send(&self, _template: &str, _data: Json) -> Result<Json, ResolverError> {
        let why = "mail is not sent from here";
        Ok(json!({ "is_scheduled_to_send": false, "errors": [{ "message": why }] }))
    }

    /// Users as objects with the keys of the schema's `User`; `arguments` as they were given.
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

    /// Runs a request type: the outcome, as the JSON of every origin.
    fn request_type(&self, call: RequestTypeCall) -> Result<Json, ResolverError>;

    /// A page of executions.
    fn executions(&self, query: &ExecutionQuery) -> Result<Page<Execution>, ResolverError>;

    /// An execution with its steps.
    fn execution(&self, id: &str) -> Result<Option<(Execution, Vec<Step>)>, ResolverError>;
}

/// Why a resolver has no answer: the message and the code of one GraphQL error.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ResolverError {
    /// For people.
    pub message: String,
    /// For programs: `extensions.code`.
    pub code: String,
    /// More for programs, such as the errors of a form by field: `extensions.details`.
    pub details: Option<Json>,
}

impl ResolverError {
    /// A fault without details.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { message: message.into(), code: code.to_owned(), details: None }
    }
}

/// A record to be made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewRecord {
    /// The table; none when only the form knows it.
    pub table: Option<String>,
    /// A wanted id.
    pub id: Option<RecordId>,
    /// Whose it is.
    pub user_id: Option<String>,
    /// An id the module gives it.
    pub external_id: Option<String>,
    /// A moment of making other than now.
    pub created_at: Option<Timestamp>,
    /// The properties, in order.
    pub properties: Vec<(String, Change)>,
}

/// What changes in a record; nothing else does.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordChange {
    /// The table it has to be in, when one is named.
    pub table: Option<String>,
    /// A new user.
    pub user_id: Option<String>,
    /// A new external id.
    pub external_id: Option<String>,
    /// The properties, in order.
    pub properties: Vec<(String, Change)>,
}

/// An API call to be sent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ApiCallSend {
    /// The notification's name.
    pub template: Option<String>,
    /// What its Liquid sees.
    pub data: Json,
    /// `timeout` in seconds and so on; null without.
    pub options: Json,
    /// A call without a notification: `{url, method, headers, body}`; null without.
    pub ad_hoc: Json,
}

/// A request type to be run.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestTypeCall {
    /// The module that knows the gateway.
    pub gateway: String,
    /// The request type, `create_payment`.
    pub name: String,
    /// What is asked.
    pub data: Json,
    /// How it is asked; null without.
    pub config: Json,
    /// The caller's key; a blank one is none.
    pub idempotency_key: Option<String>,
}

/// A constant as the schema shows it.
#[derive(Clone, PartialEq)]
pub struct ConstantEntry {
    /// Its name.
    pub name: String,
    /// Its value, where a template asks.
    pub value: Option<String>,
    /// When it was last set.
    pub updated_at: Option<Timestamp>,
}
