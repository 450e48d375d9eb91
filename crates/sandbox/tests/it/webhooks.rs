//! Events and their delivery: signed, matched, retried, resent.

use super::client::{Receiver, Sandbox, id, send};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};

async fn endpoint(sandbox: &Sandbox, receiver: &Receiver, fields: &str) -> Value {
    let form = format!("url={}&{fields}", receiver.url);
    sandbox.post("/v1/webhook_endpoints", &form).await.ok()
}

pub fn is_signed(received: &super::client::Received, secret: &str) -> bool {
    let header = received.header("stripe-signature");
    let (timestamp, signature) = header.split_once(",v1=").unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{}.{}", timestamp.strip_prefix("t=").unwrap(), received.body).as_bytes());
    hex::encode(mac.finalize().into_bytes()) == signature
}

#[tokio::test]
async fn an_event_arrives_signed() {
    let sandbox = Sandbox::start().await;
    let receiver = Receiver::start(&[]).await;
    let made = endpoint(&sandbox, &receiver, "enabled_events[0]=charge.succeeded").await;
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_"));
    let read = sandbox.get(&format!("/v1/webhook_endpoints/{}", id(&made))).await.ok();
    assert_eq!(read.get("secret"), None, "the secret is told once");
    sandbox.post("/v1/customers", "email=a@b.c").await.ok();
    let key = [("idempotency-key", "k1")];
    let charge = sandbox
        .post_with("/v1/charges", "amount=500&currency=usd&source=tok_visa", &key)
        .await
        .ok();
    let received = receiver.wait(1).await.remove(0);
    assert!(is_signed(&received, secret));
    assert!(!is_signed(&received, "whsec_other"));
    assert_eq!(received.header("content-type"), "application/json; charset=utf-8");
    assert!(received.header("user-agent").starts_with("Stripe/1.0"));
    let event = received.event();
    assert_eq!(
        (&event["type"], &event["data"]["object"]["id"]),
        (&json!("charge.succeeded"), &charge["id"])
    );
    assert_eq!(event["request"]["idempotency_key"], "k1");
    assert_eq!(event["pending_webhooks"], 1);
    assert!(!received.body.contains("\"_"), "hidden fields stay hidden");
    // No endpoint was registered for the customer's event, so only the charge's is delivered.
    let state = settled(&sandbox).await;
    assert_eq!(state["deliveries"].as_array().unwrap().len(), 1);
    let event = sandbox.get(&format!("/v1/events/{}", id(&event))).await.ok();
    assert_eq!(event["pending_webhooks"], 0);
}

/// Waits until no delivery is pending.
async fn settled(sandbox: &Sandbox) -> Value {
    loop {
        let state = send(sandbox.http.get(sandbox.url("/_sandbox/state"))).await.ok();
        if state["deliveries"].as_array().unwrap().iter().all(|d| d["state"] != "pending") {
            return state;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_refused_event_is_retried_and_finally_given_up() {
    let sandbox = Sandbox::start().await;
    let receiver = Receiver::start(&[500, 301]).await;
    endpoint(&sandbox, &receiver, "enabled_events[]=*").await;
    sandbox.post("/v1/customers", "").await.ok();
    let received = receiver.wait(3).await;
    let ids: Vec<String> = received.iter().map(|one| id(&one.event())).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "the same event each time");
    let state = settled(&sandbox).await;
    let attempts = state["deliveries"][0]["attempts"].as_array().unwrap();
    let statuses: Vec<&Value> = attempts.iter().map(|attempt| &attempt["status"]).collect();
    assert_eq!(statuses, [500, 301, 200]);

    let deaf = Receiver::start(&[500; 10]).await;
    endpoint(&sandbox, &deaf, "enabled_events[]=customer.deleted").await;
    let customer = sandbox.post("/v1/customers", "").await.ok();
    sandbox.delete(&format!("/v1/customers/{}", id(&customer))).await.ok();
    deaf.wait(4).await;
    let state = settled(&sandbox).await;
    let failed = state["deliveries"].as_array().unwrap().iter().find(|d| d["state"] == "failed");
    assert_eq!(failed.unwrap()["attempts"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn only_connect_endpoints_get_events_of_accounts() {
    let sandbox = Sandbox::start().await;
    let (own, connect) = (Receiver::start(&[]).await, Receiver::start(&[]).await);
    endpoint(&sandbox, &own, "enabled_events[]=*").await;
    endpoint(&sandbox, &connect, "connect=true&enabled_events[]=account.updated").await;
    let account = sandbox.account().await;
    sandbox.post(&format!("/v1/accounts/{account}"), "metadata[a]=b").await.ok();
    sandbox.post("/v1/customers", "").await.ok();
    let heard = connect.wait(2).await;
    assert!(heard.iter().all(|one| one.event()["account"] == account));
    let previous = &heard
        .iter()
        .map(|one| one.event())
        .find(|e| e["data"].get("previous_attributes").is_some())
        .unwrap();
    assert_eq!(previous["data"]["previous_attributes"], json!({"metadata": {"a": null}}));
    let heard = own.wait(1).await;
    settled(&sandbox).await;
    assert!(heard.iter().all(|one| one.event()["type"] == "customer.created"));
}

#[tokio::test]
async fn events_can_be_sent_again_and_spoiled() {
    let sandbox = Sandbox::start().await;
    let receiver = Receiver::start(&[]).await;
    let made = endpoint(&sandbox, &receiver, "enabled_events[]=*").await;
    let secret = made["secret"].as_str().unwrap();
    sandbox.post("/v1/customers", "").await.ok();
    let first = receiver.wait(1).await.remove(0);
    let path = format!("/events/{}/resend", id(&first.event()));
    sandbox.control(&path, json!({})).await.ok();
    let again = receiver.wait(2).await.remove(1);
    assert!(is_signed(&again, secret));
    assert_eq!(id(&again.event()), id(&first.event()));
    sandbox.control(&path, json!({"signature": "wrong"})).await.ok();
    let wrong = receiver.wait(3).await.remove(2);
    assert!(!is_signed(&wrong, secret));
}

#[tokio::test]
async fn endpoints_are_checked_changed_and_deleted() {
    let sandbox = Sandbox::start().await;
    let receiver = Receiver::start(&[]).await;
    let post = |form: &'static str| sandbox.post("/v1/webhook_endpoints", form);
    assert_eq!(post("enabled_events[]=*").await.refused(400)["param"], "url");
    assert_eq!(post("url=https://x.y").await.refused(400)["param"], "enabled_events");
    assert_eq!(post("url=nonsense&enabled_events[]=*").await.refused(400)["code"], "url_invalid");
    assert_eq!(
        post("url=https://x.y&enabled_events[]=a.b").await.refused(400)["param"],
        "enabled_events[0]"
    );
    let made = endpoint(&sandbox, &receiver, "enabled_events[]=customer.created").await;
    let path = format!("/v1/webhook_endpoints/{}", id(&made));
    sandbox.post(&path, "disabled=true").await.ok();
    sandbox.post("/v1/customers", "").await.ok();
    sandbox.post(&path, "disabled=false").await.ok();
    let heard = sandbox.post("/v1/customers", "").await.ok();
    assert_eq!(id(&receiver.wait(1).await[0].event()["data"]["object"]), id(&heard));
    assert_eq!(
        sandbox.get("/v1/webhook_endpoints").await.ok()["data"].as_array().unwrap().len(),
        1
    );
    assert_eq!(sandbox.delete(&path).await.ok()["deleted"], true);
    sandbox.get(&path).await.refused(404);
}

#[tokio::test]
async fn an_event_has_the_version_of_its_endpoint_and_is_read_in_that_of_its_creation() {
    let sandbox = Sandbox::start().await;
    let receiver = Receiver::start(&[]).await;
    let old = endpoint(&sandbox, &receiver, "enabled_events[0]=*&api_version=2019-08-14").await;
    assert_eq!(old["api_version"], "2019-08-14");
    let customer = id(&sandbox.post("/v1/customers", "email=a@b.c").await.ok());
    let path = format!("/v1/customers/{customer}");
    sandbox.post(&path, "email=new@b.c&metadata[a]=1").await.ok();
    let received = receiver.wait(2).await;
    let updated = received.iter().map(super::client::Received::event);
    let updated = updated.into_iter().find(|event| event["type"] == "customer.updated").unwrap();
    assert_eq!(updated["api_version"], "2019-08-14");
    let object = &updated["data"]["object"];
    assert_eq!(
        (&object["account_balance"], &object["sources"]["object"]),
        (&json!(0), &json!("list"))
    );
    let previous = json!({"email": "a@b.c", "metadata": {"a": null}});
    assert_eq!(updated["data"]["previous_attributes"], previous);
    // Read it in whatever version, with whatever default: it has that of its creation.
    sandbox.control("/settings", json!({"default_version": "2020-03-02"})).await.ok();
    let path = format!("/v1/events/{}", id(&updated));
    let header = [("stripe-version", "2019-08-14")];
    let request = sandbox.request(reqwest::Method::GET, &path).header(header[0].0, header[0].1);
    let read = send(request).await.ok();
    assert_eq!(read["api_version"], super::client::NEWEST);
    assert!(read["data"]["object"].get("sources").is_none(), "{read:#}");
    let list = sandbox.get("/v1/events?type=customer.updated").await.ok();
    assert_eq!(list["data"][0]["data"], read["data"]);
    sandbox.post(&format!("/v1/customers/{customer}"), "email=last@b.c").await.ok();
    let list = sandbox.get("/v1/events?type=customer.updated&limit=1").await.ok();
    assert_eq!(list["data"][0]["api_version"], "2020-03-02");
    assert!(list["data"][0]["data"]["object"]["sources"].is_object());
}
