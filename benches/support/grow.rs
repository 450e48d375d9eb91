//! A large database in minutes: copies of a real payment, with everything that it left behind.
//!
//! The payment is made by the runtime itself over the sandbox, so its rows are those that this
//! version writes: the execution with its steps, the record, and the events with theirs.

use serde_json::Value as Json;
use sluicegate_store::contract::Store;
use sluicegate_store::document::Document;
use sluicegate_store::execution::{Execution, ExecutionId, ExecutionQuery, Step};
use sluicegate_store::query::RecordQuery;
use sluicegate_store::record::Record;
use sluicegate_store::write::Write;
use std::time::Duration;

/// Payments in one commit.
const AT_ONCE: u64 = 50;
/// How far apart the copies lie in time.
const APART: Duration = Duration::from_millis(100);

/// What one payment left in the database.
pub struct Payment {
    /// Its execution, then its events; each with its steps.
    runs: Vec<(Execution, Vec<Step>)>,
    record: Record,
    /// The gateway's ids and the executions' ids, which differ in each copy.
    ids: Vec<String>,
}

impl Payment {
    /// Reads what a payment left: its execution, and the events of its charge.
    pub fn read(store: &dyn Store, execution: &str) -> Self {
        let execution = store.execution(&ExecutionId::from(execution)).expect("read");
        let execution = execution.expect("the payment");
        let outcome = execution.outcome.clone().expect("an outcome");
        let charge = outcome["gateway"]["id"].as_str().expect("a charge").to_owned();
        let payments = RecordQuery::table("modules/payments/payment");
        let found = store.records(&payments.with("gateway_id", charge.as_str())).expect("read");
        let record = found.results.into_iter().next().expect("the record");
        let mut runs = vec![execution];
        let query = ExecutionQuery {
            kind: Some("webhook_event".to_owned()),
            per_page: 100,
            ..ExecutionQuery::default()
        };
        let events = store.executions(&query).expect("read").results;
        let is_ours = |event: &Execution| event.input.to_text().is_ok_and(|t| t.contains(&charge));
        runs.extend(events.into_iter().filter(is_ours));
        let runs = runs.into_iter().map(|run| {
            let steps = store.steps(&run.id).expect("read");
            (run, steps)
        });
        let runs: Vec<_> = runs.collect();
        let mut ids = vec![charge];
        for (run, _) in &runs {
            ids.push(run.id.0.clone());
            ids.extend(run.idempotency_key.iter().cloned());
            let event = run.input.pointer("/event/id").and_then(Json::as_str);
            ids.extend(event.map(str::to_owned));
        }
        ids.sort();
        ids.dedup();
        Self { runs, record, ids }
    }

    /// How many events it has.
    pub fn events(&self) -> usize {
        self.runs.len() - 1
    }

    /// Stores copies with these numbers; the highest is the newest.
    pub fn copy(&self, store: &dyn Store, numbers: std::ops::Range<u64>) {
        let end = numbers.end;
        let mut from = numbers.start;
        while from < end {
            let until = (from + AT_ONCE).min(end);
            let writes = (from..until).flat_map(|number| self.writes(store, number, end));
            store.commit(writes.collect()).expect("stored");
            from = until;
        }
    }

    fn writes(&self, store: &dyn Store, number: u64, end: u64) -> Vec<Write> {
        let names: Vec<(&str, String)> =
            self.ids.iter().map(|id| (id.as_str(), renamed(id, number))).collect();
        let text = |text: &str| {
            names.iter().fold(text.to_owned(), |text, (old, new)| text.replace(*old, new))
        };
        let document = |json: &Document| Document::of_text(text(&json.to_text().expect("JSON")));
        let earlier = APART * u32::try_from(end - number).unwrap_or(u32::MAX);
        let mut writes = Vec::new();
        for (run, steps) in &self.runs {
            let id = ExecutionId(text(&run.id.0));
            writes.push(Write::ExecutionInsert(Execution {
                id: id.clone(),
                input: document(&run.input),
                outcome: run.outcome.as_ref().map(document),
                idempotency_key: run.idempotency_key.as_deref().map(text),
                ordering_key: run.ordering_key.as_deref().map(text),
                created_at: run.created_at - earlier,
                run_at: run.run_at - earlier,
                finished_at: run.finished_at.map(|at| at - earlier),
                ..run.clone()
            }));
            writes.extend(steps.iter().map(|step| {
                Write::StepInsert(Step {
                    execution_id: id.clone(),
                    request: document(&step.request),
                    response: step.response.as_ref().map(document),
                    created_at: step.created_at - earlier,
                    answered_at: step.answered_at.map(|at| at - earlier),
                    ..step.clone()
                })
            }));
        }
        let mut record = self.record.clone();
        record.id = store.next_record_id().expect("an id");
        record.created_at -= earlier;
        for value in record.properties.values_mut() {
            if let Json::String(old) = value {
                *old = text(old);
            }
        }
        writes.push(Write::RecordInsert(record));
        writes
    }
}

/// An id of the same length, in which the last characters are the number.
fn renamed(id: &str, number: u64) -> String {
    let digits = format!("{number:09}");
    let kept = id.len().saturating_sub(digits.len());
    format!("{}{digits}", &id[..kept])
}
