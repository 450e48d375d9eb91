//! The control API, the dashboard, and what survives a restart.

use super::client::{Sandbox, config, id, send};
use serde_json::json;
use sluicegate_sandbox::{Config, PLATFORM};
use std::io::Write;

#[tokio::test]
async fn state_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = Some(folder.path().join("stripe/sandbox.jsonl"));
    let config = Config { data: data.clone(), api_version: "2019-08-14".into(), ..config() };
    let sandbox = Sandbox::with(config.clone()).await;
    let key = [("idempotency-key", "once")];
    let form = "amount=2000&currency=usd&source=tok_visa";
    let charge = sandbox.post_with("/v1/charges", form, &key).await.ok();
    let customer = sandbox.post("/v1/customers", "source=tok_visa").await.ok();
    sandbox.control("/clock", json!({"hours": 1})).await.ok();
    let before = sandbox.ledger().await;
    sandbox.running.stop().await;

    // A kill in the middle of a write leaves a partial line.
    let mut file = std::fs::OpenOptions::new().append(true).open(data.as_ref().unwrap()).unwrap();
    file.write_all(b"{\"operation\":{\"cou").unwrap();
    let sandbox = Sandbox::with(config.clone()).await;
    assert_eq!(sandbox.ledger().await, before);
    assert_eq!(sandbox.get(&format!("/v1/charges/{}", id(&charge))).await.ok(), charge);
    let found = sandbox.get(&format!("/v1/customers/{}", id(&customer))).await.ok();
    assert_eq!(found["sources"]["data"][0]["last4"], "4242");
    let replayed = sandbox.post_with("/v1/charges", form, &key).await;
    assert_eq!(replayed.header("idempotent-replayed"), Some("true"));
    let fresh = sandbox.post("/v1/charges", form).await.ok();
    assert_ne!(fresh["id"], charge["id"]);
    assert_eq!(sandbox.balance(PLATFORM).await, (0, 2 * 1912));
    sandbox.running.stop().await;

    let text = std::fs::read_to_string(data.as_ref().unwrap()).unwrap();
    std::fs::write(data.as_ref().unwrap(), format!("nonsense\n{text}")).unwrap();
    let refused = sluicegate_sandbox::Sandbox::start(config).await;
    assert!(refused.unwrap_err().to_string().contains("damaged at line 1"));
}

#[tokio::test]
async fn a_data_file_of_an_older_version_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("sandbox.json");
    let running = Sandbox::with(Config { data: Some(data.clone()), ..config() }).await;
    let form = "amount=2000&currency=usd&source=tok_visa";
    let charge = running.post("/v1/charges", form).await.ok();
    running.running.stop().await;
    let stored = std::fs::read_to_string(&data).unwrap();
    let older = stored.replacen("{\"sandbox_state\":", "{\"world\":", 1);
    assert_ne!(older, stored);
    std::fs::write(&data, older).unwrap();
    let sandbox = Sandbox::with(Config { data: Some(data), ..config() }).await;
    assert_eq!(sandbox.get(&format!("/v1/charges/{}", id(&charge))).await.ok(), charge);
}

#[tokio::test]
async fn a_reset_forgets_everything() {
    let sandbox = Sandbox::start().await;
    sandbox.post("/v1/charges", "amount=2000&currency=usd&source=tok_visa").await.ok();
    let before = send(sandbox.http.get(sandbox.url("/_sandbox/health"))).await.ok();
    sandbox.control("/reset", json!({})).await.ok();
    let after = send(sandbox.http.get(sandbox.url("/_sandbox/health"))).await.ok();
    assert_ne!(before["instance"], after["instance"]);
    assert_eq!(sandbox.get("/v1/charges").await.ok()["data"], json!([]));
    assert_eq!(sandbox.balance(PLATFORM).await, (0, 0));
    sandbox.post("/v1/charges", "amount=2000&currency=usd&source=tok_visa").await.ok();
}

#[tokio::test]
async fn the_page_shows_what_happened() {
    let sandbox = Sandbox::start().await;
    sandbox.post("/v1/customers", "email=<script>alert(1)</script>@x.y").await;
    sandbox
        .post("/v1/charges", "amount=2000&currency=usd&source=tok_visa&description=<b>")
        .await
        .ok();
    let page = sandbox.http.get(sandbox.url("/")).send().await.unwrap();
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    let page = page.text().await.unwrap();
    assert!(page.contains("$20.00") && page.contains("charge.succeeded"), "{page}");
    assert!(!page.contains("<script>alert"));
}

#[tokio::test]
async fn the_control_api_accepts_only_own_pages_and_valid_rules() {
    let sandbox = Sandbox::start().await;
    let reset = sandbox.http.post(sandbox.url("/_sandbox/reset"));
    send(reset.header("origin", "https://evil.example")).await.refused(403);
    sandbox.control("/clock", json!({"days": -1})).await.refused(400);
    sandbox.control("/clock", json!([1])).await.refused(400);
    sandbox.control("/settings", json!({"nonsense": 1})).await.refused(400);
    sandbox.control("/settings", json!({"fee_fixed": "much"})).await.refused(400);
    sandbox.control("/faults", json!({"path": "*", "fault": "earthquake"})).await.refused(400);
    sandbox.control("/events/evt_x/resend", json!({})).await.refused(404);
    sandbox.control("/settings", json!({"fee_fixed": 0, "fee_basis_points": 0})).await.ok();
    sandbox.post("/v1/charges", "amount=2000&currency=usd&source=tok_visa").await.ok();
    assert_eq!(sandbox.balance(PLATFORM).await, (0, 2000));
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused() {
    let sandbox = Sandbox::start().await;
    for wrong in [
        json!({"fee_basis_points": i64::MAX}),
        json!({"fee_fixed": -1}),
        json!({"key_seconds": -1}),
        json!({"default_version": "x"}),
    ] {
        let answer = sandbox.control("/settings", wrong.clone()).await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
    let settings = sandbox.get("/_sandbox/settings").await.ok();
    assert_eq!(settings["fee_fixed"], 30);
}
