//! Idempotency keys, and the faults that make them necessary.

use super::client::{PLATFORM, Sandbox, id};
use serde_json::json;

const CHARGE: &str = "amount=2000&currency=usd&source=tok_visa";

#[tokio::test]
async fn a_key_charges_once() {
    let sandbox = Sandbox::start().await;
    let key = [("idempotency-key", "order-7")];
    let first = sandbox.post_with("/v1/charges", CHARGE, &key).await;
    let request_id = first.header("request-id").unwrap().to_owned();
    assert_eq!(first.header("idempotent-replayed"), None);
    assert_eq!(first.header("idempotency-key"), Some("order-7"));
    let first = first.ok();
    let again =
        sandbox.post_with("/v1/charges", "currency=usd&source=tok_visa&amount=2000", &key).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.header("original-request"), Some(request_id.as_str()));
    assert_eq!(again.ok(), first);
    let charges = sandbox.get("/v1/charges").await.ok();
    assert_eq!(charges["data"].as_array().unwrap().len(), 1);
    let other = sandbox
        .post_with("/v1/charges", "amount=2001&currency=usd&source=tok_visa", &key)
        .await
        .refused(400);
    assert_eq!(other["type"], "idempotency_error");
    assert!(
        other["message"]
            .as_str()
            .unwrap()
            .starts_with("Keys for idempotent requests can only be used with the same parameters")
    );
    let elsewhere = sandbox.post_with("/v1/customers", "", &key).await.refused(400);
    assert!(elsewhere["message"].as_str().unwrap().contains("same endpoint"));
}

#[tokio::test]
async fn declines_are_replayed_and_bad_parameters_are_not() {
    let sandbox = Sandbox::start().await;
    let key = [("idempotency-key", "a")];
    let declined = "amount=2000&currency=usd&source=tok_chargeDeclined";
    let first = sandbox.post_with("/v1/charges", declined, &key).await.refused(402);
    let again = sandbox.post_with("/v1/charges", declined, &key).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.refused(402)["charge"], first["charge"]);
    let key = [("idempotency-key", "b")];
    sandbox.post_with("/v1/charges", "amount=abc", &key).await.refused(400);
    sandbox.post_with("/v1/charges", CHARGE, &key).await.ok();
}

#[tokio::test]
async fn keys_have_a_length_a_scope_and_an_end() {
    let sandbox = Sandbox::start().await;
    let empty =
        sandbox.post_with("/v1/charges", CHARGE, &[("idempotency-key", "")]).await.refused(400);
    assert!(empty["message"].as_str().unwrap().starts_with("Idempotent key length is 0"));
    sandbox
        .post_with("/v1/charges", CHARGE, &[("idempotency-key", &"x".repeat(256))])
        .await
        .refused(400);
    let account = sandbox.account().await;
    let key = ("idempotency-key", "k");
    let ours = sandbox.post_with("/v1/customers", "email=a@b.c", &[key]).await.ok();
    let theirs = sandbox
        .post_with("/v1/customers", "email=a@b.c", &[key, ("stripe-account", &account)])
        .await
        .ok();
    assert_ne!(ours["id"], theirs["id"]);
    sandbox.control("/clock", json!({"hours": 25})).await.ok();
    let later = sandbox.post_with("/v1/customers", "email=a@b.c", &[key]).await.ok();
    assert_ne!(ours["id"], later["id"]);
}

#[tokio::test]
async fn a_key_in_flight_is_a_conflict() {
    let sandbox = Sandbox::start().await;
    let rule = json!({"method": "POST", "path": "/v1/charges", "fault": "delay", "delay_ms": 1500});
    sandbox.control("/faults", rule).await.ok();
    let key = [("idempotency-key", "slow")];
    let slow = sandbox.post_with("/v1/charges", CHARGE, &key);
    let quick = async {
        // The slow request is in progress once its fault has been counted.
        loop {
            let state =
                super::client::send(sandbox.http.get(sandbox.url("/_sandbox/faults"))).await.ok();
            if state["rules"][0]["seen"] == 1 {
                break;
            }
            tokio::task::yield_now().await;
        }
        sandbox.post_with("/v1/charges", CHARGE, &key).await
    };
    let (slow, quick) = tokio::join!(slow, quick);
    let quick = quick.refused(409);
    assert_eq!(quick["code"], "idempotency_key_in_use");
    let slow = slow.ok();
    let after = sandbox.post_with("/v1/charges", CHARGE, &key).await.ok();
    assert_eq!(slow["id"], after["id"]);
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_no_key_in_flight() {
    let sandbox = Sandbox::start().await;
    let rule = json!({"path": "/v1/charges", "fault": "delay", "delay_ms": 300});
    sandbox.control("/faults", rule).await.ok();
    let request = || {
        let request = sandbox.request(reqwest::Method::POST, "/v1/charges");
        request.header("idempotency-key", "impatient").body(CHARGE)
    };
    let patience = std::time::Duration::from_millis(100);
    assert!(request().timeout(patience).send().await.is_err());
    let answer = loop {
        let answer = super::client::send(request()).await;
        if answer.status != 409 {
            break answer;
        }
        tokio::time::sleep(patience).await;
    };
    assert_eq!(answer.header("idempotent-replayed"), Some("true"));
    answer.ok();
}

#[tokio::test]
async fn a_dropped_answer_is_found_again_by_its_key() {
    let sandbox = Sandbox::start().await;
    let rule = json!({"path": "/v1/charges", "fault": "drop_after"});
    sandbox.control("/faults", rule).await.ok();
    let request = || {
        let request = sandbox.request(reqwest::Method::POST, "/v1/charges");
        request.header("idempotency-key", "lost").body(CHARGE)
    };
    assert!(request().send().await.is_err(), "the connection is cut");
    let again = super::client::send(request()).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    again.ok();
    assert_eq!(sandbox.balance(PLATFORM).await, (0, 1912));

    let rule = json!({"path": "/v1/refunds", "fault": "drop_before"});
    sandbox.control("/faults", rule).await.ok();
    let charge = sandbox.get("/v1/charges").await.ok();
    let form = format!("charge={}", id(&charge["data"][0]));
    let request = || sandbox.request(reqwest::Method::POST, "/v1/refunds").body(form.clone());
    assert!(request().send().await.is_err());
    super::client::send(request()).await.ok();
}

#[tokio::test]
async fn errors_on_purpose() {
    let sandbox = Sandbox::start().await;
    for (fault, status, charges) in [
        ("error_not_executed", 500, 0),
        ("unavailable", 503, 0),
        ("rate_limit", 429, 0),
        ("lock_timeout", 429, 0),
        ("conflict", 409, 0),
        ("error_executed", 500, 1),
    ] {
        let rule = json!({"path": "/v1/charges", "fault": fault, "should_retry": false});
        sandbox.control("/faults", rule).await.ok();
        let key = [("idempotency-key", fault)];
        let answer = sandbox.post_with("/v1/charges", CHARGE, &key).await;
        assert_eq!(answer.header("stripe-should-retry"), Some("false"), "{fault}");
        answer.refused(status);
        sandbox.http.delete(sandbox.url("/_sandbox/faults")).send().await.unwrap();
        let made = sandbox.get("/v1/charges").await.ok();
        assert_eq!(made["data"].as_array().unwrap().len(), charges, "{fault}");
    }
    let key = [("idempotency-key", "error_executed")];
    let replayed = sandbox.post_with("/v1/charges", CHARGE, &key).await;
    assert_eq!(replayed.header("idempotent-replayed"), Some("true"));
    replayed.refused(500);
}
