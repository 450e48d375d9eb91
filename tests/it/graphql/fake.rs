//! An in-memory backend that records its calls.

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use sluicegate::executor::BoxFuture;
use sluicegate::gateway::request_type_call::RequestTypeCall;
use sluicegate::graphql::backend::{
    ApiCallSend, Backend, ConstantEntry, NewRecord, RecordChange, ResolverError,
};
use sluicegate_module::catalog::Catalog;
use sluicegate_store::execution::{Execution, ExecutionId, ExecutionQuery, State, Step};
use sluicegate_store::page::{Page, Paging};
use sluicegate_store::query::RecordQuery;
use sluicegate_store::record::{Record, RecordId, RecordUpdate};
use sluicegate_store::state::Activity;
use std::sync::Mutex;

/// Records in memory, and a list of the calls.
pub struct Fake {
    pub catalog: Catalog,
    records: Mutex<Vec<Record>>,
    said: Mutex<Vec<String>>,
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).expect("a timestamp")
}

impl Fake {
    pub fn new(catalog: Catalog) -> Self {
        Self { catalog, records: Mutex::default(), said: Mutex::default() }
    }

    fn say(&self, what: String) {
        self.said.lock().expect("no test panics here").push(what);
    }

    pub fn calls(&self) -> Vec<String> {
        self.said.lock().expect("no test panics here").clone()
    }

    pub fn add(&self, table: &str, properties: Json) -> RecordId {
        let mut records = self.records.lock().expect("no test panics here");
        let id = RecordId::try_from(records.len()).expect("a few") + 1;
        let Json::Object(properties) = properties else { panic!("not an object") };
        records.push(Record::new(id, table, properties, at(id)));
        id
    }
}

impl Backend for Fake {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn records(&self, query: &RecordQuery) -> Result<Page<Record>, ResolverError> {
        let records = self.records.lock().expect("no test panics here");
        let mut found: Vec<_> = records.iter().filter(|r| query.matches(r)).cloned().collect();
        found.sort_by(|a, b| query.compare(a, b));
        Ok(query.paging().of_all(found))
    }

    fn record_create(
        &self,
        record: NewRecord,
        form: Option<&str>,
    ) -> Result<Record, ResolverError> {
        if record.properties.iter().any(|(name, _)| name == "refuse") {
            let fault = ResolverError::new("invalid", "is refused");
            return Err(ResolverError {
                details: Some(json!({ "refuse": ["is refused"] })),
                ..fault
            });
        }
        self.say(format!("create {:?} by {form:?}: {:?}", record.table, record.properties));
        let id = self.add(record.table.as_deref().unwrap_or("of/form"), json!({}));
        let properties = record.properties;
        self.record_update(id, RecordChange { properties, ..RecordChange::default() }, None)
    }

    fn record_update(
        &self,
        id: RecordId,
        change: RecordChange,
        form: Option<&str>,
    ) -> Result<Record, ResolverError> {
        self.say(format!("update {id} by {form:?}: {:?}", change.properties));
        let mut records = self.records.lock().expect("no test panics here");
        let record = records.iter_mut().find(|record| record.id == id);
        let record = record.ok_or_else(|| ResolverError::new("not_found", "no such record"))?;
        let mut update = RecordUpdate::set(id, Map::new(), at(100));
        update.changes = change.properties;
        record.apply(&update).map_err(|error| ResolverError::new("invalid", error.to_string()))?;
        Ok(record.clone())
    }

    fn record_delete(
        &self,
        id: RecordId,
        table: Option<&str>,
        form: Option<&str>,
    ) -> Result<Record, ResolverError> {
        self.say(format!("delete {id} of {table:?} by {form:?}"));
        let mut records = self.records.lock().expect("no test panics here");
        let record = records.iter_mut().find(|record| record.id == id).expect("the record");
        record.deleted_at = Some(at(200));
        Ok(record.clone())
    }

    fn records_delete_all(&self, query: &RecordQuery) -> Result<u64, ResolverError> {
        self.records(query).map(|page| page.total_entries)
    }

    fn api_call_send(&self, call: ApiCallSend) -> Result<Json, ResolverError> {
        self.say(format!("send {:?} {}", call.template, call.data));
        Ok(json!({ "response": { "status": 200, "body": "{}", "headers": {} } }))
    }

    fn constant_set(&self, name: &str, value: Option<&str>) -> Result<(), ResolverError> {
        self.say(format!("constant {name} = {value:?}"));
        Ok(())
    }

    fn constants(&self, _with_values: bool) -> Result<Vec<ConstantEntry>, ResolverError> {
        let (name, value) = ("stripe_sk_key".to_owned(), Some("sk_test_canary".to_owned()));
        Ok(vec![ConstantEntry { name, value, updated_at: None }])
    }

    fn session_set(&self, name: &str, value: Json) -> Result<(), ResolverError> {
        self.say(format!("session {name} = {value}"));
        Ok(())
    }

    fn session_delete(&self, name: &str) -> Result<Json, ResolverError> {
        self.say(format!("session {name} gone"));
        Ok(json!("old"))
    }

    fn user_sessions_destroy(&self, user_id: &str) -> Result<(), ResolverError> {
        self.say(format!("sessions of {user_id} end"));
        Ok(())
    }

    fn activity_create(&self, payload: Json) -> Result<Activity, ResolverError> {
        Ok(Activity { uuid: "a-1".to_owned(), payload, created_at: at(0) })
    }

    fn activities(
        &self,
        uuids: &[String],
        paging: Paging,
    ) -> Result<Page<Activity>, ResolverError> {
        self.say(format!("activities {uuids:?}"));
        Ok(paging.of_all(Vec::new()))
    }

    fn request_type(&self, call: RequestTypeCall) -> BoxFuture<'_, Result<Json, ResolverError>> {
        let RequestTypeCall { gateway, name, data, config, idempotency_key: key, .. } = call;
        let (gateway, data) = (gateway.unwrap_or_default(), Json::Object(data));
        let config = if config.is_empty() { Json::Null } else { Json::Object(config) };
        self.say(format!("{gateway} {name} {data} {config} {key:?}"));
        let outcome = json!({
            "execution": "01J", "request_type": name, "state": "declined", "replayed": false,
            "record": { "id": "12", "table": "modules/payments/payment",
                        "properties": { "amount": 500, "pin": "canary" } },
            "gateway": { "status": 402, "id": "ch_1", "request_id": "req_1",
                         "body": { "id": "ch_1", "secret": "whsec_canary" } },
            "errors": [{ "message": "No funds.", "code": "card_declined" }],
        });
        Box::pin(async { Ok(outcome) })
    }

    fn executions(&self, query: &ExecutionQuery) -> Result<Page<Execution>, ResolverError> {
        self.say(format!("executions {:?} {:?} {:?}", query.states, query.kind, query.name));
        let results = vec![execution("webhook_event", "charge.refunded")];
        Ok(query.paging().of_all(results))
    }

    fn execution(&self, id: &str) -> Result<Option<(Execution, Vec<Step>)>, ResolverError> {
        let step = Step {
            execution_id: ExecutionId::from(id),
            seq: 0,
            kind: "api_call".to_owned(),
            request: json!({ "headers": { "Authorization": "Bearer sk_canary" }, "body": "a=1" })
                .into(),
            fingerprint: String::new(),
            response: Some(
                json!({ "status": 200, "body": "{\"secret\":\"whsec_canary\"}" }).into(),
            ),
            template_hash: None,
            created_at: at(1),
            answered_at: None,
        };
        Ok((id != "none").then(|| (execution("request_type", "create_payment"), vec![step])))
    }
}

fn execution(kind: &str, name: &str) -> Execution {
    Execution {
        id: ExecutionId::from("01J"),
        kind: kind.to_owned(),
        name: name.to_owned(),
        input: json!({ "event": { "id": "evt_1", "type": name, "client_secret": "canary" } })
            .into(),
        idempotency_key: None,
        fingerprint: String::new(),
        state: State::Unknown,
        attempt: 2,
        run_at: at(1),
        lease_until: None,
        outcome: Some(
            json!({ "record": { "table": "modules/payments/payment",
            "properties": { "amount": 5, "pin": "canary" } } })
            .into(),
        ),
        error: Some("no answer".to_owned()),
        ordering_key: None,
        created_at: at(1),
        finished_at: None,
    }
}
