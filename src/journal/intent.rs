//! Intents: executions and steps before they begin.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use sluicegate_store::document::Document;
use sluicegate_store::execution::{Execution, ExecutionId, State};
use ulid::Ulid;

/// An execution to begin or enqueue.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    /// The id, when keys derived from it were rendered before the execution begins.
    pub id: Option<ExecutionId>,
    /// The name of an [`ExecutionKind`](sluicegate_store::kind::ExecutionKind).
    pub kind: String,
    /// The name within the kind, such as the request type or the event.
    pub name: String,
    /// Everything needed to run it again.
    pub input: Document,
    /// Unique within the kind; without one, every call is a new execution.
    pub idempotency_key: Option<String>,
    /// Identifies the request; see [`fingerprint`].
    pub fingerprint: String,
    /// Executions with the same key are processed in order.
    pub ordering_key: Option<String>,
}

impl Intent {
    /// An intent whose fingerprint covers its name and input.
    pub fn new(kind: &str, name: &str, input: Json) -> Self {
        let fingerprint = fingerprint(&json!([name, input]));
        Self {
            id: None,
            kind: kind.to_owned(),
            name: name.to_owned(),
            input: input.into(),
            idempotency_key: None,
            fingerprint,
            ordering_key: None,
        }
    }

    /// Sets the idempotency key.
    #[must_use]
    pub fn keyed(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Sets the ordering key.
    #[must_use]
    pub fn ordered(mut self, key: impl Into<String>) -> Self {
        self.ordering_key = Some(key.into());
        self
    }
}

/// A step to begin.
#[derive(Debug, Clone, PartialEq)]
pub struct StepIntent {
    /// `api_call`, `random`, …
    pub kind: String,
    /// For a call, the rendered bytes, which every retry sends unchanged. May hold sealed values.
    pub request: Document,
    /// What a replay must match. Sealed values differ each time they are sealed: exclude them with
    /// [`StepIntent::identified`].
    pub fingerprint: String,
    /// The hash of the template it was rendered from.
    pub template_hash: Option<String>,
}

impl StepIntent {
    /// A step identified by its complete request.
    pub fn new(kind: &str, request: Json) -> Self {
        let fingerprint = fingerprint(&request);
        Self { kind: kind.to_owned(), request: request.into(), fingerprint, template_hash: None }
    }

    /// A step identified by `identity` instead of its request.
    pub fn identified(kind: &str, request: Document, identity: &Json) -> Self {
        let fingerprint = fingerprint(identity);
        Self { kind: kind.to_owned(), request, fingerprint, template_hash: None }
    }

    /// Records the hash of the template that the step was rendered from.
    #[must_use]
    pub fn from_template(mut self, hash: impl Into<String>) -> Self {
        self.template_hash = Some(hash.into());
        self
    }
}

/// The answer of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepAnswer {
    /// The sequence number of the step.
    pub seq: u32,
    /// The response, as stored.
    pub response: Document,
}

/// An execution that a phase enqueues: it exists once the phase is committed.
#[derive(Debug, Clone, PartialEq)]
pub struct Enqueue {
    /// The execution to create.
    pub intent: Intent,
    /// The earliest time at which it runs.
    pub run_at: Timestamp,
}

/// A new execution, before its first attempt.
pub(super) fn new_execution(
    intent: Intent,
    state: State,
    now: Timestamp,
    run_at: Timestamp,
) -> Execution {
    Execution {
        id: intent.id.unwrap_or_else(|| new_id(now)),
        kind: intent.kind,
        name: intent.name,
        input: intent.input,
        idempotency_key: intent.idempotency_key,
        fingerprint: intent.fingerprint,
        state,
        attempt: 0,
        run_at: sluicegate_store::timestamp::truncate(run_at),
        lease_until: None,
        outcome: None,
        error: None,
        ordering_key: intent.ordering_key,
        created_at: now,
        finished_at: None,
    }
}

/// A ULID, so ids sort by creation time.
pub(super) fn new_id(now: Timestamp) -> ExecutionId {
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    ExecutionId(Ulid::from_parts(millis, rand::random()).to_string())
}

/// SHA-256 in hexadecimal over the JSON with sorted keys: equal data has an equal fingerprint.
pub fn fingerprint(value: &Json) -> String {
    let mut canonical = Vec::with_capacity(1024);
    write_canonical(value, &mut canonical);
    hex::encode(Sha256::digest(&canonical))
}

fn write_canonical(value: &Json, out: &mut Vec<u8>) {
    match value {
        Json::Object(map) => {
            let mut pairs: Vec<_> = map.iter().collect();
            pairs.sort_unstable_by_key(|(name, _)| *name);
            out.push(b'{');
            for (name, value) in pairs {
                write_plain(name, out);
                out.push(b':');
                write_canonical(value, out);
                out.push(b',');
            }
            out.push(b'}');
        }
        Json::Array(elements) => {
            out.push(b'[');
            for element in elements {
                write_canonical(element, out);
                out.push(b',');
            }
            out.push(b']');
        }
        plain => write_plain(plain, out),
    }
}

fn write_plain(value: &(impl Serialize + ?Sized), out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("a text or number can be written to memory");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_stays_what_it_was() {
        // Databases hold fingerprints: a changed algorithm would turn every replay into a conflict.
        let value = json!({"b": [1, 2.5, null, true], "a": "\u{e9}\"\n", "c": {}});
        let canonical = "{\"a\":\"\u{e9}\\\"\\n\",\"b\":[1,2.5,null,true,],\"c\":{},}";
        let expected = hex::encode(Sha256::digest(canonical.as_bytes()));
        assert_eq!(fingerprint(&value), expected);
    }

    #[test]
    fn a_fingerprint_sees_data_and_not_the_order_of_keys() {
        let one = json!({"amount": 500, "card": {"a": 1, "b": [1, 2]}});
        let same = json!({"card": {"b": [1, 2], "a": 1}, "amount": 500});
        assert_eq!(fingerprint(&one), fingerprint(&same));
        for other in [
            json!({"amount": "500", "card": {"a": 1, "b": [1, 2]}}),
            json!({"amount": 500, "card": {"a": 1, "b": [2, 1]}}),
            json!({"amount": 500, "card": {"a": 1, "b": [1, 2]}, "x": null}),
        ] {
            assert_ne!(fingerprint(&one), fingerprint(&other), "{other}");
        }
    }
}
