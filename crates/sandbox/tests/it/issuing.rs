//! Cards that are issued to a cardholder.

use super::client::{PLATFORM, Sandbox, id};
use serde_json::json;

const TEST: &str = "/v1/test_helpers/issuing";
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

/// A card that is active, of a cardholder.
pub async fn active_card(sandbox: &Sandbox, more: &str) -> String {
    let holder = sandbox.post("/v1/issuing/cardholders", HOLDER).await.ok();
    let form = format!("currency=usd&type=virtual&status=active&cardholder={}{more}", id(&holder));
    id(&sandbox.post("/v1/issuing/cards", &form).await.ok())
}

/// Money for the cards.
async fn fund(sandbox: &Sandbox) {
    let form = "amount=100000&currency=usd&source=tok_bypassPending";
    sandbox.post("/v1/charges", form).await.ok();
}

async fn authorize(sandbox: &Sandbox, card: &str, amount: i64) -> serde_json::Value {
    let form = format!("card={card}&amount={amount}");
    sandbox.post(&format!("{TEST}/authorizations"), &form).await.ok()
}

#[tokio::test]
async fn an_authorization_holds_money_until_it_is_captured() {
    let sandbox = Sandbox::settling().await;
    fund(&sandbox).await;
    let card = active_card(&sandbox, "").await;
    let before = sandbox.balance(PLATFORM).await.0;
    let made = authorize(&sandbox, &card, 1_000).await;
    assert_eq!((&made["approved"], &made["status"]), (&json!(true), &json!("pending")));
    assert_eq!(sandbox.balance(PLATFORM).await.0, before - 1_000);
    let path = format!("{TEST}/authorizations/{}", id(&made));
    let more = sandbox.post(&format!("{path}/increment"), "increment_amount=500").await.ok();
    assert_eq!(more["amount"], 1_500);
    let less = sandbox.post(&format!("{path}/reverse"), "reverse_amount=300").await.ok();
    assert_eq!((&less["amount"], &less["status"]), (&json!(1_200), &json!("pending")));
    let form = "capture_amount=900";
    let captured = sandbox.post(&format!("{path}/capture"), form).await.ok();
    assert_eq!((&captured["status"], &captured["amount"]), (&json!("closed"), &json!(0)));
    assert_eq!(captured["transactions"][0]["amount"], -900);
    assert_eq!(sandbox.balance(PLATFORM).await.0, before - 900);
    sandbox.post(&format!("{path}/capture"), "").await.refused(400);

    let transaction = id(&captured["transactions"][0]);
    let refund = format!("{TEST}/transactions/{transaction}/refund");
    let refunded = sandbox.post(&refund, "refund_amount=400").await.ok();
    assert_eq!((&refunded["type"], &refunded["amount"]), (&json!("refund"), &json!(400)));
    let refused = sandbox.post(&refund, "refund_amount=501").await.refused(400);
    assert_eq!(refused["param"], "refund_amount");
    assert_eq!(sandbox.balance(PLATFORM).await.0, before - 500);
    let ledger = sandbox.ledger().await;
    assert_eq!(ledger["balanced"], true);
    assert_eq!(ledger["nets"][0]["net"], before - 500);
    let rows = sandbox.get("/v1/balance_transactions?type=issuing_authorization_hold").await.ok();
    assert_eq!(rows["data"].as_array().map(Vec::len), Some(2));
    let listed = sandbox.get(&format!("/v1/issuing/authorizations?card={card}")).await.ok();
    assert_eq!(listed["data"][0]["id"], made["id"]);
}

#[tokio::test]
async fn authorizations_expire_are_reversed_and_are_declined_with_a_reason() {
    let sandbox = Sandbox::settling().await;
    let limits = "&spending_controls[spending_limits][0][amount]=2000\
        &spending_controls[spending_limits][0][interval]=per_authorization\
        &spending_controls[blocked_categories][]=bakeries";
    let card = active_card(&sandbox, limits).await;
    let poor = authorize(&sandbox, &card, 1_000).await;
    assert_eq!(poor["request_history"][0]["reason"], "insufficient_funds");
    assert_eq!((&poor["approved"], &poor["status"]), (&json!(false), &json!("closed")));
    fund(&sandbox).await;
    let before = sandbox.balance(PLATFORM).await.0;
    let large = authorize(&sandbox, &card, 2_001).await;
    assert_eq!(large["request_history"][0]["reason"], "spending_controls");
    let form = format!("card={card}&amount=100&merchant_data[category]=bakeries");
    let bread = sandbox.post(&format!("{TEST}/authorizations"), &form).await.ok();
    assert_eq!(bread["request_history"][0]["reason"], "spending_controls");
    for (action, status) in [("expire", "expired"), ("reverse", "reversed")] {
        let made = authorize(&sandbox, &card, 700).await;
        let path = format!("{TEST}/authorizations/{}/{action}", id(&made));
        let ended = sandbox.post(&path, "").await.ok();
        assert_eq!((&ended["status"], &ended["amount"]), (&json!(status), &json!(0)));
        sandbox.post(&path, "").await.refused(400);
    }
    assert_eq!(sandbox.balance(PLATFORM).await.0, before);
    sandbox.post(&format!("/v1/issuing/cards/{card}"), "status=inactive").await.ok();
    let made = authorize(&sandbox, &card, 100).await;
    assert_eq!(made["request_history"][0]["reason"], "card_inactive");
}

#[tokio::test]
async fn an_endpoint_that_listens_decides_or_is_late() {
    let sandbox = Sandbox::settling().await;
    fund(&sandbox).await;
    let card = active_card(&sandbox, "").await;
    let form = "url=http://127.0.0.1:9/hook&enabled_events[]=issuing_authorization.request";
    sandbox.post("/v1/webhook_endpoints", form).await.ok();
    let made = authorize(&sandbox, &card, 500).await;
    assert_eq!(made["pending_request"]["amount"], 500);
    assert_eq!(made["approved"], false);
    let path = format!("/v1/issuing/authorizations/{}", id(&made));
    let declined = sandbox.post(&format!("{path}/decline"), "metadata[why]=no").await.ok();
    assert_eq!((&declined["status"], &declined["approved"]), (&json!("closed"), &json!(false)));
    assert_eq!(declined["metadata"]["why"], "no");
    sandbox.post(&format!("{path}/approve"), "").await.refused(400);
    let made = authorize(&sandbox, &card, 500).await;
    let path = format!("/v1/issuing/authorizations/{}", id(&made));
    sandbox.control("/clock", json!({"seconds": 3})).await.ok();
    let late = sandbox.get(&path).await.ok();
    assert_eq!(late["request_history"][0]["reason"], "webhook_timeout");
    assert_eq!(late["approved"], true);
}

#[tokio::test]
async fn disputes_are_won_and_lost_by_their_evidence() {
    let sandbox = Sandbox::settling().await;
    let card = active_card(&sandbox, "").await;
    for (word, status, change) in [("winning", "won", 0), ("losing", "lost", -600)] {
        let before = sandbox.balance(PLATFORM).await.0;
        let form = format!("card={card}&amount=600&purchase_details[receipt][0][unit_cost]=600");
        let path = format!("{TEST}/transactions/create_force_capture");
        let captured = sandbox.post(&path, &form).await.ok();
        assert_eq!(captured["purchase_details"]["receipt"][0]["unit_cost"], 600);
        let form = format!(
            "transaction={}&evidence[reason]=fraudulent\
             &evidence[fraudulent][explanation]={word}_evidence",
            id(&captured)
        );
        let dispute = sandbox.post("/v1/issuing/disputes", &form).await.ok();
        assert_eq!((&dispute["status"], &dispute["amount"]), (&json!("unsubmitted"), &json!(600)));
        sandbox.post("/v1/issuing/disputes", &form).await.refused(400);
        let path = format!("/v1/issuing/disputes/{}", id(&dispute));
        let closed = sandbox.post(&format!("{path}/submit"), "").await.ok();
        assert_eq!(closed["status"], status);
        sandbox.post(&path, "metadata[a]=b").await.refused(400);
        assert_eq!(sandbox.balance(PLATFORM).await.0, before + change);
    }
    assert_eq!(sandbox.ledger().await["balanced"], true);
    let told = sandbox.event_types(PLATFORM).await;
    let disputes: Vec<_> = told.iter().filter_map(|k| k.strip_prefix("issuing_dispute.")).collect();
    let want =
        ["created", "submitted", "closed", "funds_reinstated", "created", "submitted", "closed"];
    assert_eq!(disputes, want);
}

#[tokio::test]
async fn a_design_is_reviewed_and_lookup_keys_move() {
    let sandbox = Sandbox::start().await;
    let bundles = sandbox.get("/v1/issuing/physical_bundles").await.ok();
    let bundle = id(&bundles["data"][0]);
    sandbox.get(&format!("/v1/issuing/physical_bundles/{bundle}")).await.ok();
    let form = format!("physical_bundle={bundle}&name=Blue&lookup_key=blue");
    let path = "/v1/issuing/personalization_designs";
    let design = sandbox.post(path, &form).await.ok();
    assert_eq!(design["status"], "review");
    let refused = sandbox.post(path, &form).await.refused(400);
    assert_eq!(refused["param"], "lookup_key");
    let other = sandbox.post(path, &format!("{form}&transfer_lookup_key=true")).await.ok();
    let listed = sandbox.get(&format!("{path}?lookup_keys[]=blue")).await.ok();
    assert_eq!(listed["data"][0]["id"], other["id"]);
    let test = format!("{TEST}/personalization_designs/{}", id(&design));
    assert_eq!(sandbox.post(&format!("{test}/activate"), "").await.ok()["status"], "active");
    let form = "rejection_reasons[card_logo][]=promotional_material";
    let rejected = sandbox.post(&format!("{test}/reject"), form).await.ok();
    assert_eq!(rejected["rejection_reasons"]["card_logo"][0], "promotional_material");
    let refused = sandbox.post(path, "physical_bundle=ics_none").await.refused(400);
    assert_eq!(refused["param"], "physical_bundle");
    let listed = sandbox.get("/v1/issuing/tokens?card=ic_1").await.ok();
    assert_eq!(listed["data"], json!([]));
}
