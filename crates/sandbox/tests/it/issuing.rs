//! Cards that are issued to a cardholder.

use super::client::{PLATFORM, Sandbox, id};
use serde_json::json;

const HOLDER: &str = "name=Jo&type=individual&billing[address][line1]=1 Road\
    &billing[address][city]=Rome&billing[address][postal_code]=1&billing[address][country]=US";

#[tokio::test]
async fn a_virtual_card_is_activated_and_canceled_for_good() {
    let sandbox = Sandbox::start().await;
    let holder = sandbox.post("/v1/issuing/cardholders", HOLDER).await.ok();
    let refused = sandbox.post("/v1/issuing/cards", "currency=usd&type=virtual").await.refused(400);
    assert_eq!(refused["param"], "cardholder");
    let form = format!("currency=usd&type=virtual&cardholder={}", id(&holder));
    let card = sandbox.post("/v1/issuing/cards", &form).await.ok();
    assert_eq!((&card["status"], &card["brand"]), (&json!("inactive"), &json!("Visa")));
    assert_eq!(card["cardholder"]["id"], holder["id"]);
    assert_eq!(card["last4"].as_str().map(str::len), Some(4));
    let path = format!("/v1/issuing/cards/{}", id(&card));
    assert_eq!(sandbox.post(&path, "status=active").await.ok()["status"], "active");
    let refused = sandbox.post(&path, "cancellation_reason=lost").await.refused(400);
    assert_eq!(refused["param"], "cancellation_reason");
    let canceled = sandbox.post(&path, "status=canceled&cancellation_reason=lost").await.ok();
    assert_eq!(canceled["cancellation_reason"], "lost");
    sandbox.post(&path, "status=active").await.refused(400);
    let listed = sandbox.get("/v1/issuing/cards?status=canceled").await.ok();
    assert_eq!(listed["data"][0]["id"], card["id"]);
    let ship = format!("/v1/test_helpers/issuing/cards/{}/shipping/ship", id(&card));
    sandbox.post(&ship, "").await.refused(400);
    let told = sandbox.event_types(PLATFORM).await;
    let cards = told.iter().filter(|kind| kind.starts_with("issuing_card."));
    let want = ["issuing_card.created", "issuing_card.updated", "issuing_card.updated"];
    assert!(cards.eq(want.iter()), "{told:?}");
}

#[tokio::test]
async fn a_physical_card_is_shipped() {
    let sandbox = Sandbox::start().await;
    let holder = sandbox.post("/v1/issuing/cardholders", HOLDER).await.ok();
    let form = format!("currency=usd&type=physical&cardholder={}", id(&holder));
    let refused = sandbox.post("/v1/issuing/cards", &form).await.refused(400);
    assert_eq!(refused["param"], "shipping");
    let form = format!(
        "{form}&shipping[name]=Jo&shipping[address][line1]=1 Road&shipping[address][city]=Rome\
         &shipping[address][postal_code]=1&shipping[address][country]=US"
    );
    let card = sandbox.post("/v1/issuing/cards", &form).await.ok();
    assert_eq!(card["shipping"]["status"], "pending");
    let path = format!("/v1/test_helpers/issuing/cards/{}/shipping", id(&card));
    for (action, status) in [("ship", "shipped"), ("deliver", "delivered")] {
        let moved = sandbox.post(&format!("{path}/{action}"), "").await.ok();
        assert_eq!(moved["shipping"]["status"], status);
    }
}
