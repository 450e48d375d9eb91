//! What the sandbox does when nobody relaxes it: the newest version, pending money, capabilities.

use super::client::{NEWEST, PLATFORM, Sandbox, config, id, send};
use reqwest::Method;
use serde_json::json;
use sluicegate_sandbox::Config;

async fn strict() -> Sandbox {
    Sandbox::with(Config { webhook_ports: config().webhook_ports, ..Config::default() }).await
}

const CHARGE: &str = "amount=2000&currency=usd&source=tok_visa";

#[tokio::test]
async fn the_newest_version_and_pending_money_are_the_default() {
    let sandbox = strict().await;
    let charge = sandbox.post("/v1/charges", CHARGE).await;
    assert_eq!(charge.header("stripe-version"), Some(NEWEST));
    charge.ok();
    assert_eq!(sandbox.balance(PLATFORM).await, (0, 1912));
    let payout = sandbox.post("/v1/payouts", "amount=100&currency=usd").await.refused(400);
    assert_eq!(payout["code"], "balance_insufficient");
    sandbox.control("/clock", json!({"days": 2})).await.ok();
    assert_eq!(sandbox.balance(PLATFORM).await, (1912, 0));
    sandbox.control("/settings", json!({"settle_immediately": true})).await.ok();
    sandbox.post("/v1/charges", CHARGE).await.ok();
    assert_eq!(sandbox.balance(PLATFORM).await, (3824, 0));
}

#[tokio::test]
async fn a_transfer_needs_the_capability_of_its_destination() {
    let sandbox = strict().await;
    sandbox.post("/v1/charges", "amount=9000&currency=usd&source=tok_bypassPending").await.ok();
    let form = "type=custom&country=US&capabilities[transfers][requested]=true";
    let account = id(&sandbox.post("/v1/accounts", form).await.ok());
    let transfer = format!("amount=100&currency=usd&destination={account}");
    let refused = sandbox.post("/v1/transfers", &transfer).await.refused(400);
    assert_eq!(refused["code"], "insufficient_capabilities_for_transfer");
    sandbox.control("/settings", json!({"enforce_capabilities": false})).await.ok();
    sandbox.post("/v1/transfers", &transfer).await.ok();
}

#[tokio::test]
async fn a_version_that_stripe_never_released_is_refused() {
    let sandbox = strict().await;
    for unknown in ["2026-10-29", "2026-10-28", "2019-08-15", "latest"] {
        let request = sandbox.request(Method::GET, "/v1/balance").header("stripe-version", unknown);
        let refused = send(request).await.refused(400);
        assert_eq!(refused["message"], format!("Invalid Stripe API version: {unknown}"));
        let refused = sandbox.control("/settings", json!({"default_version": unknown})).await;
        refused.refused(400);
        let form = format!("url=http://localhost/hook&enabled_events[]=*&api_version={unknown}");
        let refused = sandbox.post("/v1/webhook_endpoints", &form).await.refused(400);
        assert_eq!(refused["param"], "api_version");
    }
}
