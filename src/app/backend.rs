//! The backend of one request, which GraphQL resolvers call.

use crate::app::api_calls::ApiCalls;
use crate::app::constants::is_reserved;
use crate::app::forms::Forms;
use crate::app::host::RequestHost;
use crate::app::operations::{self, Operations};
use crate::app::policies;
use crate::app::record_form;
use crate::app::runtime::Runtime;
use crate::app::scope::Scope;
use crate::app::template_host::TemplateHost;
use crate::executor::BoxFuture;
use crate::form::error::Error as FormError;
use crate::form::submission::{FormRequest, FormResult};
use crate::form::write::{Attributes, Author, secret_properties};
use crate::gateway::request_type_call::RequestTypeCall;
use crate::graphql::backend::{
    ApiCallSend, Backend, ConstantEntry, NewRecord, RecordChange, ResolverError,
};
use crate::graphql::permission::UNAVAILABLE;
use crate::graphql::schema::ExternalDocument;
use crate::journal::error::Error as JournalError;
use crate::journal::phase::Phase;
use crate::template::error::Error as TemplateError;
use serde_json::{Map, Value as Json, json};
use sluicegate_module::catalog::Catalog;
use sluicegate_module::profile::Profile;
use sluicegate_secret::{Secret, card_number};
use sluicegate_store::error::Error as StoreError;
use sluicegate_store::execution::{Execution, ExecutionId, ExecutionQuery, Step};
use sluicegate_store::page::{Page, Paging};
use sluicegate_store::query::RecordQuery;
use sluicegate_store::record::{Change, Record, RecordId};
use sluicegate_store::state::Activity;
use sluicegate_store::write::Write;
use std::sync::Arc;

/// The GraphQL backend of one request. It owns its host, because resolvers share it.
pub struct GraphqlBackend {
    host: RequestHost,
    /// On whose behalf records are written. A caller from outside awaits its answer, a template
    /// holds its thread meanwhile.
    author: Author,
}

impl Runtime {
    /// A host for one request or run.
    pub fn host(self: &Arc<Self>, scope: Scope) -> RequestHost {
        RequestHost::new(self, scope, |host, author| Arc::new(GraphqlBackend { host, author }))
    }
}

impl GraphqlBackend {
    /// The backend of an external document.
    pub fn new(host: RequestHost) -> Self {
        Self { host, author: Author::Outside }
    }

    /// Runs an external document. Returns `{data, errors}`.
    pub async fn run(self, document: &ExternalDocument<'_>) -> Json {
        let instance = Arc::clone(&self.host.instance);
        let Some(schema) = &instance.schema else {
            return json!({ "data": null, "errors": [{ "message": "there is no schema" }] });
        };
        schema.execute(document, Arc::new(self)).await
    }

    /// Refuses an id whose record does not exist, or is of another table.
    fn present(&self, id: RecordId, table: Option<&str>) -> Result<(), ResolverError> {
        let found = self.host.read(|phase| phase.record(id))?;
        let is_it = |record: &Record| {
            record.deleted_at.is_none()
                && table.is_none_or(|table| same_table(table, &record.table))
        };
        if found.as_ref().is_some_and(is_it) { Ok(()) } else { Err(missing(id)) }
    }

    /// Runs a mutation that names a form as a form submission.
    fn through_form(&self, name: &str, request: FormRequest) -> Result<Record, ResolverError> {
        let author = self.author.clone();
        let ended = Forms::new(&self.host).submit_values(name, &FormRequest { author, ..request });
        match ended? {
            FormResult::Written(Some(record), _) => Ok(record),
            FormResult::Written(None, _) => {
                Err(ResolverError::new("invalid", "the form writes no record"))
            }
            FormResult::Refused(refused) => Err(ResolverError {
                message: "the record is not valid".to_owned(),
                code: "invalid".to_owned(),
                details: Some(json!(refused.errors)),
            }),
        }
    }
}

/// The response that a classic template gets without an answer: its mappers know a failure by the
/// status only, and a blank response passes for a success.
fn no_answer(message: &str) -> Json {
    let error = json!({ "type": "api_connection_error", "message": message });
    json!({ "status": 504, "headers": {}, "body": json!({ "error": error }).to_string() })
}

impl Backend for GraphqlBackend {
    fn catalog(&self) -> &Catalog {
        self.host.catalog()
    }

    fn is_granted(
        &self,
        field: &str,
        arguments: &Map<String, Json>,
    ) -> Result<bool, ResolverError> {
        let granted = self.catalog().modules.iter().flat_map(|module| &module.graphql_grants);
        let locals = json!({ "operation": field, "arguments": arguments });
        for (_, policy) in granted.filter(|(name, _)| name == field) {
            let request_context = self.host.request_context()?;
            let inside = TemplateHost::new(&self.host, &request_context);
            let names = std::slice::from_ref(policy);
            let refusal =
                policies::first_refusal(names, self.catalog(), inside.renderer(), &locals);
            let failed = |error: TemplateError| match error.is_interruption() {
                // It did not refuse: what it asked for is not known now.
                true => unavailable(&error),
                false => ResolverError::new("internal", error.to_string()),
            };
            if refusal.map_err(failed)?.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn records(&self, query: &RecordQuery) -> Result<Page<Record>, ResolverError> {
        let mut page = self.host.read(|phase| phase.records(query))?;
        for record in &mut page.results {
            for name in secret_properties(self.host.catalog(), &record.table) {
                record.properties.shift_remove(name);
            }
        }
        Ok(page)
    }

    fn record_create(
        &self,
        record: NewRecord,
        form: Option<&str>,
    ) -> Result<Record, ResolverError> {
        let NewRecord { table, user_id, external_id, .. } = record;
        let attributes = Attributes { user_id, external_id };
        let properties = set_values(record.properties);
        if let Some(form) = form {
            let posted = posted(properties);
            let request = FormRequest { posted, attributes, ..FormRequest::default() };
            return self.through_form(form, request);
        }
        let Some(table) = table else {
            return Err(ResolverError::new("invalid", "a record needs a table"));
        };
        let writer = self.host.writer(&self.author);
        let create = |phase: &mut Phase| writer.create_with(phase, &table, properties, attributes);
        Ok(self.host.write(create)?)
    }

    fn record_update(
        &self,
        id: RecordId,
        change: RecordChange,
        form: Option<&str>,
    ) -> Result<Record, ResolverError> {
        let RecordChange { table, user_id, external_id, properties } = change;
        self.present(id, table.as_deref())?;
        let attributes = Attributes { user_id, external_id };
        if let Some(form) = form {
            let posted = posted(set_values(properties));
            let id = Some(id.to_string());
            let request = FormRequest { id, posted, attributes, ..FormRequest::default() };
            return self.through_form(form, request);
        }
        let writer = self.host.writer(&self.author);
        let change = |phase: &mut Phase| writer.change(phase, id, properties, attributes);
        self.host.write(change)?.ok_or_else(|| missing(id))
    }

    fn record_delete(
        &self,
        id: RecordId,
        table: Option<&str>,
        form: Option<&str>,
    ) -> Result<Record, ResolverError> {
        self.present(id, table)?;
        if let Some(form) = form {
            let id = Some(id.to_string());
            let request = FormRequest { id, deletes: true, ..FormRequest::default() };
            return self.through_form(form, request);
        }
        let writer = self.host.writer(&self.author);
        let gone = self.host.write(|phase| writer.delete(phase, id))?;
        gone.ok_or_else(|| missing(id))
    }

    fn records_delete_all(&self, query: &RecordQuery) -> Result<u64, ResolverError> {
        let query = RecordQuery { page: 1, per_page: 1_000, count_up_to: 0, ..query.clone() };
        let mut count = 0;
        loop {
            let page = self.host.read(|phase| phase.records(&query))?;
            if page.results.is_empty() {
                return Ok(count);
            }
            for record in page.results {
                let writer = self.host.writer(&self.author);
                self.host.write(|phase| writer.delete(phase, record.id))?;
                count += 1;
            }
        }
    }

    fn api_call_send(&self, call: ApiCallSend) -> Result<Json, ResolverError> {
        let Some(name) = call.template else {
            return Err(ResolverError::new("invalid", "api_call_send needs a template"));
        };
        let calls = ApiCalls::new(&self.host);
        match calls.send(&name, &call.data) {
            Ok(response) => {
                // The call was sent anyway: report the callback's error beside the response.
                let failed = calls.run_callback(&name, &call.data, &response).err();
                let failed = failed.map(|e| json!({ "message": format!("its callback: {e}") }));
                let errors: Vec<Json> = failed.into_iter().collect();
                Ok(json!({ "response": response, "errors": errors }))
            }
            Err(error) => {
                let message = error.to_string();
                let call = self.host.catalog().api_call(&name);
                let is_legacy = call.is_some_and(|c| c.source.profile == Profile::Legacy);
                let response = if is_legacy { no_answer(&message) } else { Json::Null };
                Ok(json!({ "response": response, "errors": [{ "message": message }] }))
            }
        }
    }

    fn constant_set(&self, name: &str, value: Option<&str>) -> Result<(), ResolverError> {
        if is_reserved(name) {
            let message = format!("the constant `{name}` is the host's own");
            return Err(ResolverError::new("forbidden", message));
        }
        let sealed = self.host.runtime.seal_constant(value.unwrap_or_default());
        let write = |phase: &mut Phase| {
            phase.constant_set(name, sealed);
            Ok::<_, JournalError>(())
        };
        self.host.write(write)?;
        let value = Secret::new(value.unwrap_or_default());
        self.host.scope.constant_written(name, value);
        Ok(())
    }

    fn constants(&self, with_values: bool) -> Result<Vec<ConstantEntry>, ResolverError> {
        let all = self.host.runtime.constants(&self.host.instance)?;
        let entry = |(name, secret): (String, Secret)| ConstantEntry {
            name,
            value: with_values.then(|| secret.expose().to_owned()),
            updated_at: None,
        };
        Ok(all.into_iter().map(entry).collect())
    }

    fn session_set(&self, _name: &str, _value: Json) -> Result<(), ResolverError> {
        Err(ResolverError::new(
            "unsupported",
            "use the session tag to keep something in the session",
        ))
    }

    fn session_delete(&self, _name: &str) -> Result<Json, ResolverError> {
        Err(ResolverError::new(
            "unsupported",
            "use the session tag to take something out of the session",
        ))
    }

    fn user_sessions_destroy(&self, user_id: &str) -> Result<(), ResolverError> {
        let end = Write::SessionsEnd { user_id: user_id.to_owned() };
        let write = |phase: &mut Phase| {
            phase.push(end);
            Ok::<_, JournalError>(())
        };
        Ok(self.host.write(write)?)
    }

    fn activity_create(&self, mut payload: Json) -> Result<Activity, ResolverError> {
        card_number::mask_json(&mut payload);
        Ok(self.host.write(|phase| Ok::<_, JournalError>(phase.activity(payload)))?)
    }

    fn activities(
        &self,
        uuids: &[String],
        paging: Paging,
    ) -> Result<Page<Activity>, ResolverError> {
        Ok(self.host.runtime.store.activities(uuids, paging)?)
    }

    fn request_type(&self, call: RequestTypeCall) -> BoxFuture<'_, Result<Json, ResolverError>> {
        let operations = match self.author {
            Author::Outside => Operations::at_door(&self.host),
            Author::Host | Author::Module(_) => Operations::new(&self.host),
        };
        Box::pin(async move { Ok(json!(operations.request_type(call).await?)) })
    }

    fn executions(&self, query: &ExecutionQuery) -> Result<Page<Execution>, ResolverError> {
        Ok(self.host.runtime.store.executions(query)?)
    }

    fn execution(&self, id: &str) -> Result<Option<(Execution, Vec<Step>)>, ResolverError> {
        let id = ExecutionId::from(id);
        let store = &self.host.runtime.store;
        let Some(execution) = store.execution(&id)? else { return Ok(None) };
        Ok(Some((execution, store.steps(&id)?)))
    }
}

/// The `form` parameter that a mutation's properties stand for.
fn posted(properties: Map<String, Json>) -> Map<String, Json> {
    Map::from_iter([("properties".to_owned(), Json::Object(properties))])
}

fn set_values(properties: Vec<(String, Change)>) -> Map<String, Json> {
    let value = |(name, change)| match change {
        Change::Set(value) => (name, value),
        Change::Increment(by) => (name, json!(by)),
        Change::Append(item) => (name, json!([item])),
        Change::Remove(_) => (name, json!([])),
    };
    properties.into_iter().map(value).collect()
}

/// Compares table names; the requested one may lack its module's prefix.
fn same_table(asked: &str, table: &str) -> bool {
    asked == table || table.strip_suffix(asked).is_some_and(|prefix| prefix.ends_with('/'))
}

fn missing(id: RecordId) -> ResolverError {
    ResolverError::new("not_found", format!("there is no record {id}"))
}

/// Logs a failure of the database, whose text is for the operator.
fn unavailable(error: &dyn std::fmt::Display) -> ResolverError {
    tracing::error!("{error}");
    ResolverError::new(UNAVAILABLE, "the database cannot be used just now")
}

/// What the store says of these writes, and not of itself.
fn refused(error: Option<&StoreError>) -> Option<ResolverError> {
    match error {
        Some(StoreError::Refused(why)) => Some(ResolverError::new("invalid", why.to_string())),
        _ => None,
    }
}

impl From<StoreError> for ResolverError {
    fn from(error: StoreError) -> Self {
        refused(Some(&error)).unwrap_or_else(|| unavailable(&error))
    }
}

impl From<JournalError> for ResolverError {
    fn from(error: JournalError) -> Self {
        refused(error.store_error()).unwrap_or_else(|| unavailable(&error))
    }
}

impl From<FormError> for ResolverError {
    fn from(error: FormError) -> Self {
        if let Some(refused) = refused(error.store_error()) {
            return refused;
        }
        if error.is_the_stores() {
            return unavailable(&error);
        }
        let code = match error {
            FormError::Protected(_) | FormError::Denied(_) => "forbidden",
            FormError::NotFound => "not_found",
            _ => "invalid",
        };
        Self::new(code, error.to_string())
    }
}

impl From<record_form::Error> for ResolverError {
    fn from(error: record_form::Error) -> Self {
        if let Some(refused) = refused(error.store_error()) {
            return refused;
        }
        match error {
            record_form::Error::Form(error) => error.into(),
            error if error.is_the_stores() => unavailable(&error),
            other => Self::new("internal", other.to_string()),
        }
    }
}

impl From<operations::Error> for ResolverError {
    fn from(error: operations::Error) -> Self {
        if let Some(refused) = refused(error.store_error()) {
            return refused;
        }
        match error {
            operations::Error::Full(full) => Self::new(UNAVAILABLE, full.to_string()),
            error if error.is_the_stores() => unavailable(&error),
            operations::Error::Gateway(error) => Self::new("invalid", error.to_string()),
            other => Self::new("internal", other.to_string()),
        }
    }
}
