//! The backend of one request, which GraphQL resolvers call.

use crate::app::error::Error;
use crate::app::host::RequestHost;
use crate::app::side_effect::SideEffect;
use crate::form::error::Error as FormError;
use crate::form::submission::FormResult;
use crate::form::write::secret_properties;
use crate::gateway::api_call::ApiCallResult;
use crate::gateway::request_type_call::RequestTypeCall;
use crate::gateway::runner::Runner;
use crate::graphql::backend::{
    ApiCallSend, Backend, ConstantEntry, NewRecord, RecordChange, ResolverError,
};
use serde_json::{Map, Value as Json, json};
use sluicegate_module::catalog::Catalog;
use sluicegate_secret::Secret;
use sluicegate_store::execution::{Execution, ExecutionId, ExecutionQuery, Step};
use sluicegate_store::page::Page;
use sluicegate_store::query::RecordQuery;
use sluicegate_store::record::{Change, Record, RecordId, RecordUpdate};
use sluicegate_store::state::Activity;

impl Backend for RequestHost {
    fn catalog(&self) -> &Catalog {
        &self.instance.catalog
    }

    fn records(&self, query: &RecordQuery) -> Result<Page<Record>, ResolverError> {
        let mut page = self.read(|phase| phase.records(query)).map_err(|e| store_fault(&e))?;
        for record in &mut page.results {
            for name in secret_properties(&self.instance.catalog, &record.table) {
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
        let mut created = self
            .write(|phase| self.writer().create(phase, &table, properties))
            .map_err(|e| form_fault(&e))?;
        if record.external_id.is_some() || record.user_id.is_some() {
            let (user_id, external_id) = (record.user_id, record.external_id);
            let at = self.runtime.clock.now();
            let update =
                RecordUpdate { id: created.id, changes: Vec::new(), user_id, external_id, at };
            created = self.write(|phase| phase.apply(update)).map_err(|e| store_fault(&e))?;
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
        let updated = self
            .write(|phase| {
                let found = self.writer().change(phase, id, change.properties)?;
                let in_table = |record: &Record| {
                    change.table.as_deref().is_none_or(|table| same_table(table, &record.table))
                };
                Ok::<_, FormError>(found.filter(in_table))
            })
            .map_err(|e| form_fault(&e))?;
        updated.ok_or_else(|| missing(id))
    }

    fn record_delete(
        &self,
        id: RecordId,
        table: Option<&str>,
        _form: Option<&str>,
    ) -> Result<Record, ResolverError> {
        let found = self.read(|phase| phase.record(id)).map_err(|e| store_fault(&e))?;
        let in_table = |record: &Record| table.is_none_or(|table| same_table(table, &record.table));
        if !found.is_some_and(|record| record.deleted_at.is_none() && in_table(&record)) {
            return Err(missing(id));
        }
        let gone =
            self.write(|phase| self.writer().delete(phase, id)).map_err(|e| form_fault(&e))?;
        gone.ok_or_else(|| missing(id))
    }

    fn records_delete_all(&self, query: &RecordQuery) -> Result<u64, ResolverError> {
        let query = RecordQuery { page: 1, per_page: 1_000, ..query.clone() };
        let mut count = 0;
        loop {
            let page = self.read(|phase| phase.records(&query)).map_err(|e| store_fault(&e))?;
            if page.results.is_empty() {
                return Ok(count);
            }
            for record in page.results {
                self.write(|phase| phase.delete(record.id)).map_err(|e| store_fault(&e))?;
                count += 1;
            }
        }
    }

    fn api_call_send(&self, call: ApiCallSend) -> Result<Json, ResolverError> {
        let Some(name) = call.template else {
            return Err(ResolverError::new("invalid", "api_call_send needs a template"));
        };
        match self.send(&name, &call.data) {
            Ok(response) => {
                // The call was sent anyway: report the callback's error beside the response.
                let failed = self.answered(&name, &call.data, &response).err();
                let failed = failed.map(|e| json!({ "message": format!("its callback: {e}") }));
                let errors: Vec<Json> = failed.into_iter().collect();
                Ok(json!({ "response": response, "errors": errors }))
            }
            Err(message) => Ok(json!({ "response": null, "errors": [{ "message": message }] })),
        }
    }

    fn constant_set(&self, name: &str, value: Option<&str>) -> Result<(), ResolverError> {
        let sealed = self.runtime.seal_constant(value.unwrap_or_default());
        let write = |phase: &mut crate::journal::phase::Phase| {
            phase.constant_set(name, sealed);
            Ok::<_, crate::journal::error::Error>(())
        };
        self.write(write).map_err(|e| store_fault(&e))?;
        let mut written = self.scope.constants.lock().expect("no holder of the constants panics");
        written.insert(name.to_owned(), Secret::new(value.unwrap_or_default()));
        Ok(())
    }

    fn constants(&self, with_values: bool) -> Result<Vec<ConstantEntry>, ResolverError> {
        let all = self.runtime.constants(&self.instance).map_err(|e| app_fault(&e))?;
        let entry = |(name, secret): (String, sluicegate_secret::Secret)| ConstantEntry {
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
        let write = |phase: &mut crate::journal::phase::Phase| {
            Ok::<_, crate::journal::error::Error>(phase.activity(payload))
        };
        self.write(write).map_err(|e| store_fault(&e))
    }

    fn activities(
        &self,
        uuids: &[String],
        page: u32,
        per_page: u32,
    ) -> Result<Page<Activity>, ResolverError> {
        self.runtime.store.activities(uuids, page, per_page).map_err(|e| store_fault(&e.into()))
    }

    fn request_type(&self, call: RequestTypeCall) -> Result<Json, ResolverError> {
        let outcome = RequestHost::request_type(self, call);
        outcome.map(|outcome| json!(outcome)).map_err(|e| app_fault(&e))
    }

    fn executions(&self, query: &ExecutionQuery) -> Result<Page<Execution>, ResolverError> {
        self.runtime.store.executions(query).map_err(|e| store_fault(&e.into()))
    }

    fn execution(&self, id: &str) -> Result<Option<(Execution, Vec<Step>)>, ResolverError> {
        let id = ExecutionId::from(id);
        let read = || -> Result<_, sluicegate_store::error::Error> {
            let Some(execution) = self.runtime.store.execution(&id)? else { return Ok(None) };
            Ok(Some((execution, self.runtime.store.steps(&id)?)))
        };
        read().map_err(|e| store_fault(&e.into()))
    }
}

impl RequestHost {
    /// Runs a mutation that names a form as a form submission.
    fn through_form(
        &self,
        name: &str,
        id: Option<RecordId>,
        properties: Map<String, Json>,
    ) -> Result<Record, ResolverError> {
        let ended = self.submit_values(name, id, properties).map_err(|e| app_fault(&e))?;
        match ended {
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

    /// Sends an API call that is not a request type. Returns `{status, headers, body}`, or the
    /// reason for its absence.
    pub(super) fn send(&self, name: &str, data: &Json) -> Result<Json, String> {
        let key = self.nested_key();
        let effect = SideEffect { kind: "api_call_send", name, asked: data.clone() };
        let sent = self.side_effect(&effect, || {
            let send = |gateway: Runner<'_>| Ok(gateway.api_call(name, data, key.as_deref())?);
            Ok(match self.with_gateway(send)? {
                ApiCallResult::Answered(answer) => json!({ "answer": answer.to_json() }),
                ApiCallResult::Pending(reason, None) => json!({ "pending": reason }),
                ApiCallResult::Pending(reason, Some(id)) => {
                    json!({ "pending": reason, "state": "pending", "execution": id.as_str() })
                }
            })
        });
        let mut sent = sent.map_err(|e| e.to_string())?;
        match sent["pending"].as_str() {
            Some(reason) => Err(reason.to_owned()),
            None => Ok(sent["answer"].take()),
        }
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

fn store_fault(error: &crate::journal::error::Error) -> ResolverError {
    tracing::error!("{error}");
    ResolverError::new("unavailable", "the database cannot be used just now")
}

fn form_fault(error: &FormError) -> ResolverError {
    match error {
        FormError::Journal(error) => store_fault(error),
        other => ResolverError::new("invalid", other.to_string()),
    }
}

fn app_fault(error: &Error) -> ResolverError {
    match error {
        Error::Form(error) => form_fault(error),
        Error::Journal(error) => store_fault(error),
        Error::Gateway(error) => ResolverError::new("invalid", error.to_string()),
        other => ResolverError::new("internal", other.to_string()),
    }
}
