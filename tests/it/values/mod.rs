//! Right values: each kind of fault that people met elsewhere, with its neighbors.

mod door;
mod events;
mod forms;
mod identity;
mod pages;

use crate::support::host::{Instance, TestHost};
use crate::support::http::Answer;
use crate::support::signature::{header, now};
use crate::support::wait::eventually;
use serde_json::{Value as Json, json};

const SECRET: &str = "whsec_of_the_values_0123456789abcdef";

/// The shipped instance, whose events can be signed by hand.
fn host() -> TestHost {
    Instance::new().variable("STRIPE_WEBHOOK_SECRET", SECRET).serve()
}

/// Runs a request type that completes.
#[track_caller]
fn run(host: &TestHost, name: &str, data: &Json) -> Json {
    let outcome = host.request_type(name, &json!({ "data": data })).expect(200).json();
    assert_eq!(outcome["state"], "completed", "{name}: {outcome:#}");
    outcome
}

/// Delivers a signed body.
#[track_caller]
fn deliver(host: &TestHost, body: &Json) -> Answer {
    let body = body.to_string().into_bytes();
    let signature = header(&body, SECRET, now());
    let headers = [("Content-Type", "application/json"), ("Stripe-Signature", &signature)];
    host.send("POST", "/webhooks/listen", &headers, &body)
}

/// Delivers an event and waits until every stored event has been processed.
#[track_caller]
fn happens(host: &TestHost, kind: &str, created: i64, object: &Json) {
    let id = format!("evt_{}", host_unique());
    let event = json!({ "id": id, "object": "event", "type": kind, "livemode": false,
        "created": created, "api_version": "2020-03-02", "data": { "object": object } });
    deliver(host, &event).expect(200);
    settled(host);
}

fn host_unique() -> usize {
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(1);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// Waits until every stored event has been processed.
#[track_caller]
fn settled(host: &TestHost) {
    eventually("all events are processed", || {
        let query =
            "{ executions(kind: \"webhook_event\", per_page: 1000) { results { name state } } }";
        let all = host.graphql(query, &json!({}))["executions"]["results"].clone();
        let open = all.as_array().expect("a list").iter();
        let open: Vec<_> = open
            .filter(|e| !e["state"].as_str().unwrap_or_default().eq_ignore_ascii_case("completed"))
            .collect();
        if open.is_empty() { Ok(()) } else { Err(format!("{open:?}\n{}", host.process.printed())) }
    });
}

/// The properties of the records of a payments table with this property, newest first.
#[track_caller]
fn found(host: &TestHost, table: &str, property: &str, value: &Json) -> Vec<Json> {
    let all = host.records(&format!("modules/payments/{table}"));
    let all = all.into_iter().map(|one| one["properties"].clone());
    all.filter(|one| &one[property] == value).collect()
}
