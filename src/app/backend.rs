//! The backend of one request, which GraphQL resolvers call.

use crate::app::api_calls::ApiCalls;
use crate::app::forms::Forms;
use crate::app::host::RequestHost;
use crate::app::operations::{self, Operations};
use crate::app::record_form;
use crate::app::runtime::Runtime;
use crate::app::scope::Scope;
use crate::executor::BoxFuture;
use crate::form::error::Error as FormError;
use crate::form::submission::FormResult;
use crate::form::write::secret_properties;
use crate::gateway::request_type_call::RequestTypeCall;
use crate::graphql::backend::{
    ApiCallSend, Backend, ConstantEntry, NewRecord, RecordChange, ResolverError,
};
use crate::graphql::limits::Limits;
use crate::journal::error::Error as JournalError;
use crate::journal::phase::Phase;
use serde_json::{Map, Value as Json, json};
use sluicegate_module::catalog::Catalog;
use sluicegate_module::profile::Profile;
use sluicegate_secret::Secret;
use sluicegate_store::error::Error as StoreError;
use sluicegate_store::execution::{Execution, ExecutionId, ExecutionQuery, Step};
use sluicegate_store::page::Page;
use sluicegate_store::query::RecordQuery;
use sluicegate_store::record::{Change, Record, RecordId, RecordUpdate};
use sluicegate_store::state::Activity;
use std::sync::Arc;

/// The GraphQL backend of one request. It owns its host, because resolvers share it.
pub struct GraphqlBackend {
    host: RequestHost,
    caller: Caller,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    /// A program, which awaits its answer.
    Door,
    /// A template, which holds its thread meanwhile.
    Template,
}

impl Runtime {
    /// A host for one request or run.
    pub fn host(self: &Arc<Self>, scope: Scope) -> RequestHost {
        RequestHost::new(self, scope, |host| {
            Arc::new(GraphqlBackend { host, caller: Caller::Template })
        })
    }
}

impl GraphqlBackend {
    /// The backend of a host, for an external caller.
    pub fn new(host: RequestHost) -> Self {
        Self { host, caller: Caller::Door }
    }

    /// Runs an external GraphQL query. Returns `{data, errors}`.
    pub async fn run(
        self,
        source: &str,
        operation: Option<&str>,
        variables: &Json,
        limits: Limits,
    ) -> Json {
        let instance = Arc::clone(&self.host.instance);
        let Some(schema) = &instance.schema else {
            return json!({ "data": null, "errors": [{ "message": "there is no schema" }] });
        };
        schema.execute(source, operation, variables, Arc::new(self), limits).await
    }

    /// Runs a mutation that names a form as a form submission.
    fn through_form(
        &self,
        name: &str,
        id: Option<RecordId>,
        properties: Map<String, Json>,
    ) -> Result<Record, ResolverError> {
        let ended = Forms::new(&self.host).submit_values(name, id, properties);
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
        if let Some(form) = form {
            return self.through_form(form, None, set_values(record.properties));
        }
        let Some(table) = record.table else {
            return Err(ResolverError::new("invalid", "a record needs a table"));
        };
        let properties = set_values(record.properties);
        let mut created =
            self.host.write(|phase| self.host.writer().create(phase, &table, properties))?;
        if record.external_id.is_some() || record.user_id.is_some() {
            let (user_id, external_id) = (record.user_id, record.external_id);
            let at = self.host.runtime.clock.now();
            let update =
                RecordUpdate { id: created.id, changes: Vec::new(), user_id, external_id, at };
            created = self.host.write(|phase| phase.apply(update))?;
        }
        Ok(created)
    }

    fn record_update(
        &self,
        id: RecordId,
        change: RecordChange,
        form: Option<&str>,
    ) -> Result<Record, ResolverError> {
        if let Some(form) = form {
            return self.through_form(form, Some(id), set_values(change.properties));
        }
        let updated = self.host.write(|phase| {
            let found = self.host.writer().change(phase, id, change.properties)?;
            let in_table = |record: &Record| {
                change.table.as_deref().is_none_or(|table| same_table(table, &record.table))
            };
            Ok::<_, FormError>(found.filter(in_table))
        })?;
        updated.ok_or_else(|| missing(id))
    }

    fn record_delete(
        &self,
        id: RecordId,
        table: Option<&str>,
        _form: Option<&str>,
    ) -> Result<Record, ResolverError> {
        let found = self.host.read(|phase| phase.record(id))?;
        let in_table = |record: &Record| table.is_none_or(|table| same_table(table, &record.table));
        if !found.is_some_and(|record| record.deleted_at.is_none() && in_table(&record)) {
            return Err(missing(id));
        }
        let gone = self.host.write(|phase| self.host.writer().delete(phase, id))?;
        gone.ok_or_else(|| missing(id))
    }

    fn records_delete_all(&self, query: &RecordQuery) -> Result<u64, ResolverError> {
        let query = RecordQuery { page: 1, per_page: 1_000, ..query.clone() };
        let mut count = 0;
        loop {
            let page = self.host.read(|phase| phase.records(&query))?;
            if page.results.is_empty() {
                return Ok(count);
            }
            for record in page.results {
                self.host.write(|phase| phase.delete(record.id))?;
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

    fn activity_create(&self, payload: Json) -> Result<Activity, ResolverError> {
        Ok(self.host.write(|phase| Ok::<_, JournalError>(phase.activity(payload)))?)
    }

    fn activities(
        &self,
        uuids: &[String],
        page: u32,
        per_page: u32,
    ) -> Result<Page<Activity>, ResolverError> {
        Ok(self.host.runtime.store.activities(uuids, page, per_page)?)
    }

    fn request_type(&self, call: RequestTypeCall) -> BoxFuture<'_, Result<Json, ResolverError>> {
        let operations = match self.caller {
            Caller::Door => Operations::at_door(&self.host),
            Caller::Template => Operations::new(&self.host),
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
    ResolverError::new("unavailable", "the database cannot be used just now")
}

impl From<StoreError> for ResolverError {
    fn from(error: StoreError) -> Self {
        unavailable(&error)
    }
}

impl From<JournalError> for ResolverError {
    fn from(error: JournalError) -> Self {
        unavailable(&error)
    }
}

impl From<FormError> for ResolverError {
    fn from(error: FormError) -> Self {
        if error.is_the_stores() {
            return unavailable(&error);
        }
        Self::new("invalid", error.to_string())
    }
}

impl From<record_form::Error> for ResolverError {
    fn from(error: record_form::Error) -> Self {
        match error {
            record_form::Error::Form(error) => error.into(),
            error if error.is_the_stores() => unavailable(&error),
            other => Self::new("internal", other.to_string()),
        }
    }
}

impl From<operations::Error> for ResolverError {
    fn from(error: operations::Error) -> Self {
        match error {
            error if error.is_the_stores() => unavailable(&error),
            operations::Error::Gateway(error) => Self::new("invalid", error.to_string()),
            other => Self::new("internal", other.to_string()),
        }
    }
}
