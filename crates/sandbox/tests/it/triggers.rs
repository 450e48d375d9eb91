//! Every trigger causes its event.

use super::client::Sandbox;
use sluicegate_sandbox::{TriggerError, trigger, triggers};

const KEY: &str = "sk_test_sandbox1234";

#[tokio::test]
async fn every_trigger_causes_its_event() {
    let sandbox = Sandbox::start().await;
    for event in triggers() {
        sandbox.control("/reset", serde_json::json!({})).await.ok();
        let url = sandbox.running.url();
        trigger(&url, KEY, event, &[]).await.unwrap_or_else(|fault| panic!("{event}: {fault}"));
        let state = sandbox.get("/_sandbox/state").await.ok();
        let events = state["events"].as_array().unwrap();
        let types: Vec<_> = events.iter().map(|one| one["type"].as_str().unwrap()).collect();
        assert!(types.contains(&event), "{event} is not among {types:?}");
    }
}

#[tokio::test]
async fn overrides_change_the_requests_and_faults_are_told() {
    let sandbox = Sandbox::start().await;
    let url = sandbox.running.url();
    let with = |event, overrides: &[&str]| {
        let overrides: Vec<String> = overrides.iter().map(|&one| one.to_owned()).collect();
        let url = url.clone();
        async move { trigger(&url, KEY, event, &overrides).await }
    };
    with("charge.succeeded", &["amount=777", "metadata[order]=7"]).await.unwrap();
    let charge = sandbox.get("/v1/charges").await.ok()["data"][0].clone();
    assert_eq!((&charge["amount"], &charge["metadata"]["order"]), (&777.into(), &"7".into()));
    assert!(matches!(with("no.such", &[]).await, Err(TriggerError::Unknown(_))));
    assert!(matches!(with("charge.failed", &["x"]).await, Err(TriggerError::Override(_))));
    let refused = with("charge.succeeded", &["amount=nothing"]).await.unwrap_err();
    assert!(refused.to_string().contains("Invalid integer: nothing"), "{refused}");
    let nobody = trigger("http://127.0.0.1:9", KEY, "charge.failed", &[]).await;
    assert!(matches!(nobody, Err(TriggerError::Unreachable { .. })));
}
