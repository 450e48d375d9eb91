//! Executions and their steps, as operators see them; inputs stay where they are.

use super::backend::Fault;
use super::build::Ground;
use super::call::Call;
use super::record::moment;
use super::{collection, redact};
use crate::store::execution::{Execution, ExecutionQuery, State, Step};
use serde_json::{Value as Json, json};

type Answer = Result<Json, Fault>;

/// `executions(states:, kind:, name:)`.
pub(super) fn executions(call: &Call<'_>) -> Answer {
    let (page, per_page) = collection::paging(call)?;
    let states = call.texts("states");
    if states.as_ref().is_some_and(Vec::is_empty) {
        return collection::of_all(call, Vec::new());
    }
    let query = ExecutionQuery {
        states: states.iter().flatten().filter_map(|name| State::from_name(name)).collect(),
        kind: call.word("kind").map(str::to_owned),
        name: call.word("name").map(str::to_owned),
        page,
        per_page,
        ..ExecutionQuery::default()
    };
    let found = call.backend().executions(&query)?;
    Ok(collection::json(found, |execution| shown(call.ground(), execution)))
}

/// `execution(id:)`, with its steps.
pub(super) fn execution(call: &Call<'_>) -> Answer {
    let Some((execution, steps)) = call.backend().execution(call.needed("id"))? else {
        return Ok(Json::Null);
    };
    let mut found = shown(call.ground(), execution);
    found["steps"] = steps.into_iter().map(step).collect();
    Ok(found)
}

fn shown(ground: &Ground, execution: Execution) -> Json {
    let event = (execution.kind == "webhook_event").then(|| event_of(execution.input));
    let mut outcome = execution.outcome.unwrap_or_default();
    hide_record(ground, &mut outcome);
    redact::json(&mut outcome);
    let mut shown = json!({
        "id": execution.id.as_str(),
        "kind": execution.kind,
        "name": execution.name,
        "state": execution.state.name(),
        "attempt": execution.attempt,
        "idempotency_key": execution.idempotency_key,
        "error": execution.error,
        "created_at": moment(execution.created_at),
        "run_at": moment(execution.run_at),
        "finished_at": execution.finished_at.map(moment),
    });
    shown["outcome"] = outcome;
    shown["event"] = event.unwrap_or_default();
    shown
}

/// The event in the input of a webhook event, which may also be the event itself or its text.
fn event_of(mut input: Json) -> Json {
    let within = ["event", "payload", "body"].into_iter();
    let found = within.filter_map(|key| input.get_mut(key).map(Json::take)).find(|v| !v.is_null());
    let mut event = found.unwrap_or(input);
    if let Json::String(text) = &event {
        event = serde_json::from_str(text).unwrap_or_default();
    }
    redact::json(&mut event);
    event
}

/// Secret properties of the record in an outcome.
pub(super) fn hide_record(ground: &Ground, outcome: &mut Json) {
    let Some(record) = outcome.get_mut("record") else { return };
    let table = record.get("table").and_then(Json::as_str).unwrap_or_default().to_owned();
    if let Some(properties) = record.get_mut("properties") {
        ground.hide(&table, properties);
    }
}

fn step(step: Step) -> Json {
    let (mut request, mut response) = (step.request, step.response.unwrap_or_default());
    redact::json(&mut request);
    redact::json(&mut response);
    let mut shown = json!({
        "seq": step.seq,
        "kind": step.kind,
        "created_at": moment(step.created_at),
        "answered_at": step.answered_at.map(moment),
    });
    shown["request"] = request;
    shown["response"] = response;
    shown
}
