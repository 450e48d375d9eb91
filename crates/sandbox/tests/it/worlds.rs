//! Isolated states by key, host and path.

use super::client::{Receiver, Sandbox, config, send};
use serde_json::json;
use sluicegate_sandbox::Config;

const CHARGE: &str = "amount=700&currency=usd&source=tok_visa";

async fn post(sandbox: &Sandbox, key: &str, path: &str, form: &str) -> serde_json::Value {
    let request = sandbox.http.post(sandbox.url(path)).basic_auth(key, Some(""));
    send(request.body(form.to_owned())).await.ok()
}

#[tokio::test]
async fn a_world_has_its_own_objects_money_clock_and_webhooks() {
    let sandbox = Sandbox::start().await;
    let receiver = Receiver::start(&[]).await;
    let hook = format!("url={}&enabled_events[]=*", receiver.url);
    post(&sandbox, "sk_test_world_one", "/v1/webhook_endpoints", &hook).await;
    let charge = post(&sandbox, "sk_test_world_one_more", "/v1/charges", CHARGE).await;
    post(&sandbox, "sk_test_world_two", "/v1/charges", CHARGE).await;
    let event = receiver.wait(1).await[0].event();
    assert_eq!(event["data"]["object"]["id"], charge["id"]);
    assert_eq!(
        sandbox.get("/v1/charges").await.ok()["data"],
        json!([]),
        "the default one is empty"
    );
    let by_path = |path: &str| format!("/_world/one{path}");
    let charges = sandbox.get(&by_path("/v1/charges")).await.ok();
    assert_eq!(charges["data"].as_array().unwrap().len(), 1);
    sandbox
        .http
        .post(sandbox.url(&by_path("/_sandbox/clock")))
        .body("{\"days\": 3}")
        .send()
        .await
        .unwrap();
    let ahead = |state: serde_json::Value| state["clock"]["ahead_seconds"].as_i64().unwrap();
    let one = send(sandbox.http.get(sandbox.url(&by_path("/_sandbox/state")))).await.ok();
    let own = send(sandbox.http.get(sandbox.url("/_sandbox/state"))).await.ok();
    assert_eq!((ahead(one), ahead(own)), (3 * 86_400, 0));

    let by_host = sandbox.http.get(sandbox.url("/v1/charges")).bearer_auth("sk_test_any12345");
    let by_host = send(by_host.header("host", "one.localhost")).await.ok();
    assert_eq!(by_host["data"][0]["id"], charge["id"]);
    let session = "mode=payment&success_url=http://localhost/done&line_items[0][quantity]=1\
        &line_items[0][price_data][currency]=usd&line_items[0][price_data][unit_amount]=500\
        &line_items[0][price_data][product_data][name]=Mug";
    let session = post(&sandbox, "sk_test_world_one", "/v1/checkout/sessions", session).await;
    assert!(session["url"].as_str().unwrap().starts_with("http://one.localhost:"));
}

#[tokio::test]
async fn worlds_are_listed_ended_and_bounded() {
    let sandbox = Sandbox::with(Config { worlds: 2, ..config() }).await;
    for key in ["sk_test_world_a", "sk_test_world_b"] {
        post(&sandbox, key, "/v1/charges", CHARGE).await;
    }
    let third = sandbox.http.get(sandbox.url("/v1/charges")).bearer_auth("sk_test_world_c");
    assert_eq!(send(third).await.status, 503);
    let listed = send(sandbox.http.get(sandbox.url("/_sandbox/worlds"))).await.ok();
    assert_eq!(listed, json!({"worlds": ["a", "b"], "most": 2}));
    let page = sandbox.http.get(sandbox.url("/_world/made-by-a-page/v1/charges"));
    let page = page.header("origin", "https://evil.example").bearer_auth("pk_test_abc12345");
    assert_eq!(send(page).await.status, 403, "a page of another origin makes no world");
    let delete = || sandbox.http.delete(sandbox.url("/_sandbox/worlds/a"));
    assert_eq!(send(delete().header("origin", "https://evil.example")).await.status, 404);
    assert_eq!(send(delete()).await.ok(), json!({"ended": true}));
    assert_eq!(send(delete()).await.status, 404);
    post(&sandbox, "sk_test_world_c", "/v1/charges", CHARGE).await;
}

#[tokio::test]
async fn a_full_state_refuses_new_objects_until_a_reset() {
    let sandbox = Sandbox::with(Config { objects: 20, ..config() }).await;
    let mut refused = None;
    for _ in 0..20 {
        let answer = sandbox.post("/v1/charges", CHARGE).await;
        if answer.status != 200 {
            refused = Some(answer.refused(503));
            break;
        }
    }
    assert!(refused.unwrap()["message"].as_str().unwrap().contains("/_sandbox/reset"));
    sandbox.control("/reset", json!({})).await.ok();
    sandbox.post("/v1/charges", CHARGE).await.ok();
}
