//! Executions and their steps in the form shown to operators; inputs are not shown.

use super::backend::ResolverError;
use super::call::{DocumentContext, FieldCall};
use super::collection;
use super::record::timestamp;
use serde_json::{Value as Json, json};
use sluicegate_secret::redaction;
use sluicegate_store::execution::{Execution, ExecutionQuery, State, Step};

type Answer = Result<Json, ResolverError>;

/// Resolves `executions(states:, kind:, name:)`.
pub(super) fn executions(call: &FieldCall<'_>) -> Answer {
    let paging = collection::paging(call)?;
    let states = call.texts("states");
    if states.as_ref().is_some_and(Vec::is_empty) {
        return collection::of_all(call, Vec::new());
    }
    let mut query = ExecutionQuery {
        states: states.iter().flatten().filter_map(|name| State::from_name(name)).collect(),
        kind: call.non_blank("kind").map(str::to_owned),
        name: call.non_blank("name").map(str::to_owned),
        ..ExecutionQuery::default()
    };
    query.set_paging(paging);
    let found = call.backend().executions(&query)?;
    Ok(collection::json(found, |execution| shown(call, execution)))
}

/// Resolves `execution(id:)`, with its steps.
pub(super) fn execution(call: &FieldCall<'_>) -> Answer {
    let Some((execution, steps)) = call.backend().execution(call.required("id"))? else {
        return Ok(Json::Null);
    };
    let mut found = shown(call, execution);
    found["steps"] = steps.into_iter().map(|row| step(call, row)).collect();
    Ok(found)
}

fn shown(call: &FieldCall<'_>, execution: Execution) -> Json {
    let mut event = match execution.kind.as_str() {
        "webhook_event" => event_of(execution.input.into_json()),
        _ => Json::Null,
    };
    let mut outcome = execution.outcome.unwrap_or_default().into_json();
    redact(call.shared, &mut event);
    redact(call.shared, &mut outcome);
    let mut shown = json!({
        "id": execution.id.as_str(),
        "kind": execution.kind,
        "name": execution.name,
        "state": execution.state.name(),
        "attempt": execution.attempt,
        "idempotency_key": execution.idempotency_key,
        "error": execution.error.as_deref().map(redaction::text),
        "created_at": timestamp(execution.created_at),
        "run_at": timestamp(execution.run_at),
        "finished_at": execution.finished_at.map(timestamp),
    });
    shown["outcome"] = outcome;
    shown["event"] = event;
    shown
}

/// Returns the event of a webhook input, which may be nested, the input itself, or a JSON string.
fn event_of(mut input: Json) -> Json {
    let within = ["event", "payload", "body"].into_iter();
    let found = within.filter_map(|key| input.get_mut(key).map(Json::take)).find(|v| !v.is_null());
    let mut event = found.unwrap_or(input);
    if let Json::String(text) = &event {
        event = serde_json::from_str(text).unwrap_or_default();
    }
    event
}

/// Hides what is secret anywhere in an outcome.
pub(super) fn redact(shared: &DocumentContext, value: &mut Json) {
    shared.backend.catalog().hide_secrets(value);
}

fn step(call: &FieldCall<'_>, step: Step) -> Json {
    let mut request = step.request.into_json();
    let mut response = step.response.unwrap_or_default().into_json();
    redact(call.shared, &mut request);
    redact(call.shared, &mut response);
    let mut shown = json!({
        "seq": step.seq,
        "kind": step.kind,
        "created_at": timestamp(step.created_at),
        "answered_at": step.answered_at.map(timestamp),
    });
    shown["request"] = request;
    shown["response"] = response;
    shown
}
