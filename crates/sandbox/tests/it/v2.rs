//! The second version of the API: accounts, event destinations, thin events, meter events.

use super::client::{Answer, Receiver, Sandbox, id, send};
use reqwest::Method;
use serde_json::{Value, json};

impl Sandbox {
    async fn v2(&self, path: &str, body: Value) -> Answer {
        self.v2_with(path, body, &[]).await
    }

    async fn v2_with(&self, path: &str, body: Value, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.request(Method::POST, path).body(body.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send(request).await
    }
}

fn account() -> Value {
    json!({
        "contact_email": "a@b.c", "display_name": "Shop", "dashboard": "express",
        "identity": {"country": "us", "entity_type": "individual",
            "individual": {"given_name": "Jenny", "surname": "Rosen",
                "date_of_birth": {"day": 1, "month": 2, "year": 1990}}},
        "configuration": {"merchant": {"capabilities": {"card_payments": {"requested": true}}},
            "recipient": {"capabilities": {"stripe_balance":
                {"stripe_transfers": {"requested": true}}}}},
        "metadata": {"a": "1"},
        "include": ["identity", "configuration.merchant", "configuration.recipient", "defaults",
            "requirements"],
    })
}

#[tokio::test]
async fn an_account_lives_and_is_one_of_v1_too() {
    let sandbox = Sandbox::start().await;
    let made = sandbox.v2("/v2/core/accounts", account()).await.ok();
    assert_eq!(made["applied_configurations"], json!(["merchant", "recipient"]));
    let capability = &made["configuration"]["merchant"]["capabilities"]["card_payments"];
    assert_eq!(capability["status"], "restricted");
    assert_eq!(made["identity"]["individual"]["given_name"], "Jenny");
    assert!(!made["requirements"]["entries"].as_array().unwrap().is_empty());
    let path = format!("/v2/core/accounts/{}", id(&made));
    let bare = sandbox.get(&path).await.ok();
    assert_eq!((&bare["identity"], &bare["configuration"]), (&Value::Null, &Value::Null));
    let old = sandbox.get(&format!("/v1/accounts/{}", id(&made))).await.ok();
    assert_eq!((&old["type"], &old["email"]), (&json!("express"), &json!("a@b.c")));
    assert_eq!(old["individual"]["first_name"], "Jenny");
    assert!(old["capabilities"]["transfers"].is_string(), "{old:#}");
    assert!(!old.to_string().contains("_v2"));
    let update = json!({"display_name": "Other", "metadata": {"b": "2"},
        "configuration": {"recipient": {"applied": false}}});
    let changed = sandbox.v2(&path, update).await.ok();
    assert_eq!(changed["applied_configurations"], json!(["merchant"]));
    assert_eq!(changed["metadata"], json!({"a": "1", "b": "2"}));
    let closed = sandbox.v2(&format!("{path}/close"), json!({})).await.ok();
    assert_eq!((&closed["closed"], &closed["applied_configurations"]), (&json!(true), &json!([])));
    let open = sandbox.get("/v2/core/accounts").await.ok();
    assert_eq!(open["data"], json!([]));
    let closed = sandbox.get("/v2/core/accounts?closed=true").await.ok();
    assert_eq!(closed["data"][0]["id"], made["id"]);
    let events = sandbox.get(&format!("/v2/core/events?object_id={}", id(&made))).await.ok();
    let types: Vec<_> = events["data"].as_array().unwrap().iter().map(|e| &e["type"]).collect();
    let expected = [
        "v2.core.account.closed",
        "v2.core.account[configuration.recipient].updated",
        "v2.core.account.created",
    ];
    assert_eq!(types, expected);
}

#[tokio::test]
async fn persons_and_onboarding_links() {
    let sandbox = Sandbox::start().await;
    let account = id(&sandbox.v2("/v2/core/accounts", account()).await.ok());
    let path = format!("/v2/core/accounts/{account}/persons");
    let person = json!({"given_name": "Ann", "id_numbers": [{"type": "us_ssn", "value": "000000000"}],
        "date_of_birth": {"day": 1, "month": 1, "year": 1980}, "relationship": {"owner": true}});
    let made = sandbox.v2(&path, person).await.ok();
    assert_eq!((&made["account"], &made["date_of_birth"]["year"]), (&json!(account), &json!(1980)));
    assert!(!made.to_string().contains("000000000"), "an id number is not told");
    let one = format!("{path}/{}", id(&made));
    let changed = sandbox.v2(&one, json!({"surname": "Lee"})).await.ok();
    assert_eq!((&changed["given_name"], &changed["surname"]), (&json!("Ann"), &json!("Lee")));
    assert_eq!(sandbox.get(&path).await.ok()["data"].as_array().unwrap().len(), 1);
    sandbox.delete(&one).await.ok();
    assert_eq!(sandbox.get(&one).await.refused(404)["code"], "not_found");
    let link = json!({"account": account, "use_case": {"type": "account_onboarding",
        "account_onboarding": {"refresh_url": "http://localhost/again"}}});
    let link = sandbox.v2("/v2/core/account_links", link).await.ok();
    let page = sandbox.http.get(link["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(page.status(), 200);
}

#[tokio::test]
async fn lists_go_on_at_their_next_page() {
    let sandbox = Sandbox::start().await;
    for at in 0..5 {
        let body = json!({"contact_email": format!("{at}@b.c"), "configuration": {"customer": {}}});
        sandbox.v2("/v2/core/accounts", body).await.ok();
    }
    let mut path = "/v2/core/accounts?limit=2&applied_configurations[0]=customer".to_owned();
    let mut emails = Vec::new();
    let mut previous = Vec::new();
    loop {
        let page = sandbox.get(&path).await.ok();
        let data = page["data"].as_array().unwrap();
        emails.extend(data.iter().map(|one| one["contact_email"].as_str().unwrap().to_owned()));
        previous.push(page["previous_page_url"].clone());
        match page["next_page_url"].as_str() {
            Some(next) => path = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(emails, ["4@b.c", "3@b.c", "2@b.c", "1@b.c", "0@b.c"]);
    assert_eq!(previous[0], Value::Null);
    let back = sandbox.get(previous[1].as_str().unwrap()).await.ok();
    assert_eq!(back["data"][0]["contact_email"], "4@b.c");
    sandbox.get("/v2/core/accounts?page=page_bogus").await.refused(400);
}

fn destination(url: &str, payload: &str, events: &[&str]) -> Value {
    json!({"name": "Mine", "type": "webhook_endpoint", "event_payload": payload,
        "enabled_events": events, "webhook_endpoint": {"url": url},
        "include": ["webhook_endpoint.url", "webhook_endpoint.signing_secret"]})
}

#[tokio::test]
async fn a_destination_gets_signed_thin_events() {
    let sandbox = Sandbox::start().await;
    let receiver = Receiver::start(&[]).await;
    let events = ["v1.customer.created", "v2.core.account.created"];
    let body = destination(&receiver.url, "thin", &events);
    let made = sandbox.v2("/v2/core/event_destinations", body).await.ok();
    let secret = made["webhook_endpoint"]["signing_secret"].as_str().unwrap().to_owned();
    let path = format!("/v2/core/event_destinations/{}", id(&made));
    let read = sandbox.get(&path).await.ok();
    assert_eq!(read["webhook_endpoint"], json!({"signing_secret": null, "url": null}));
    let customer = id(&sandbox.post("/v1/customers", "email=a@b.c").await.ok());
    let received = receiver.wait(1).await.remove(0);
    assert!(super::webhooks::is_signed(&received, &secret));
    let event = received.event();
    assert_eq!((&event["object"], &event["type"]), (&json!("v2.core.event"), &json!(events[0])));
    let related =
        json!({"id": customer, "type": "customer", "url": format!("/v1/customers/{customer}")});
    assert_eq!(event["related_object"], related);
    let url = event["related_object"]["url"].as_str().unwrap();
    assert_eq!(sandbox.get(url).await.ok()["email"], "a@b.c");
    let snapshot = event["snapshot_event"].as_str().unwrap();
    sandbox.get(&format!("/v1/events/{snapshot}")).await.ok();
    sandbox.get(&format!("/v2/core/events/{}", id(&event))).await.ok();
    // Disabled, it gets nothing; a ping reaches only this one.
    let disabled = sandbox.v2(&format!("{path}/disable"), json!({})).await.ok();
    assert_eq!(disabled["status_details"], json!({"disabled": {"reason": "user"}}));
    sandbox.post("/v1/customers", "").await.ok();
    sandbox.v2(&format!("{path}/enable"), json!({})).await.ok();
    let ping = sandbox.v2(&format!("{path}/ping"), json!({})).await.ok();
    let received = receiver.wait(2).await.remove(1);
    assert_eq!(
        (received.event()["id"].clone(), &ping["type"]),
        (ping["id"].clone(), &json!("v2.core.event_destination.ping"))
    );
    let changed = sandbox.v2(&path, json!({"name": "Other", "description": "d"})).await.ok();
    assert_eq!((&changed["name"], &changed["description"]), (&json!("Other"), &json!("d")));
    assert_eq!(sandbox.get("/v2/core/event_destinations").await.ok()["data"][0]["name"], "Other");
    sandbox.delete(&path).await.ok();
    sandbox.get(&path).await.refused(404);
}

#[tokio::test]
async fn a_destination_gets_snapshots_in_its_version() {
    let sandbox = Sandbox::start().await;
    let receiver = Receiver::start(&[]).await;
    let mut body = destination(&receiver.url, "snapshot", &["customer.created"]);
    body["snapshot_api_version"] = json!("2019-08-14");
    sandbox.v2("/v2/core/event_destinations", body).await.ok();
    sandbox.post("/v1/customers", "").await.ok();
    let event = receiver.wait(1).await.remove(0).event();
    assert_eq!((&event["object"], &event["api_version"]), (&json!("event"), &json!("2019-08-14")));
    assert!(event["data"]["object"]["sources"].is_object());
}

async fn meter(sandbox: &Sandbox) -> String {
    let form = "display_name=Calls&event_name=calls&default_aggregation[formula]=sum";
    id(&sandbox.post("/v1/billing/meters", form).await.ok())
}

#[tokio::test]
async fn what_is_wrong_with_a_meter_event_is_an_event() {
    let sandbox = Sandbox::start().await;
    let meter = meter(&sandbox).await;
    let customer = id(&sandbox.post("/v1/customers", "").await.ok());
    let event = |name: &str, customer: &str| json!({"event_name": name, "payload": {"stripe_customer_id": customer, "value": "25"}});
    let taken = sandbox.v2("/v2/billing/meter_events", event("calls", &customer)).await.ok();
    assert_eq!(taken["payload"]["value"], "25");
    let events = sandbox.get("/v2/core/events").await.ok();
    assert_eq!(events["data"], json!([]), "{events:#}");
    let cancel = json!({"event_name": "calls", "type": "cancel",
        "cancel": {"identifier": taken["identifier"]}});
    sandbox.v2("/v2/billing/meter_event_adjustments", cancel.clone()).await.ok();
    sandbox.v2("/v2/billing/meter_event_adjustments", cancel).await.refused(404);

    let session = sandbox.v2("/v2/billing/meter_event_session", json!({})).await.ok();
    let token = session["authentication_token"].as_str().unwrap();
    let stream = |body: Value| {
        let url = sandbox.url("/v2/billing/meter_event_stream");
        send(sandbox.http.post(url).bearer_auth(token).body(body.to_string()))
    };
    let events = json!({"events": [event("calls", "cus_nobody"), event("bogus", &customer)]});
    assert_eq!(stream(events).await.ok(), json!({}));
    let list =
        sandbox.get("/v2/core/events?types[0]=v1.billing.meter.error_report_triggered").await;
    let report = list.ok()["data"][0].clone();
    assert_eq!(report["related_object"]["id"], json!(meter));
    let report = sandbox.get(&format!("/v2/core/events/{}", id(&report))).await.ok();
    let kind = &report["data"]["reason"]["error_types"][0]["code"];
    assert_eq!(kind, "meter_event_customer_not_found");
    let list = sandbox.get("/v2/core/events?types[0]=v1.billing.meter.no_meter_found").await.ok();
    assert_eq!(list["data"][0]["related_object"], Value::Null);
    sandbox.control("/clock", json!({"seconds": 901})).await.ok();
    let ended = stream(json!({"events": [event("calls", &customer)]})).await.refused(400);
    assert_eq!(ended["type"], "temporary_session_expired");
    let key = sandbox.v2("/v2/billing/meter_event_stream", json!({"events": []})).await;
    assert_eq!(key.refused(401)["code"], "unauthorized");
}

#[tokio::test]
async fn errors_and_keys_are_those_of_v2() {
    let sandbox = Sandbox::start().await;
    let path = "/v2/core/accounts";
    let unknown = sandbox.v2(path, json!({"bogus": 1})).await.refused(400);
    assert_eq!(unknown["code"], "invalid_fields");
    assert!(unknown.get("type").is_none(), "{unknown:#}");
    assert!(unknown["message"].as_str().unwrap().contains("bogus"));
    sandbox.v2(path, json!({"dashboard": "half"})).await.refused(400);
    sandbox.v2("/v2/core/bogus", json!({})).await.refused(404);
    let request = sandbox.request(Method::POST, path).body("contact_email=a@b.c");
    send(request).await.refused(400);
    let key = [("idempotency-key", "k1")];
    let body = json!({"contact_email": "a@b.c"});
    let first = sandbox.v2_with(path, body.clone(), &key).await.ok();
    let again = sandbox.v2_with(path, body, &key).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.ok()["id"], first["id"]);
    let other = sandbox.v2_with(path, json!({"contact_email": "x@b.c"}), &key).await.refused(400);
    assert_eq!(other["type"], "idempotency_error");
    // A failure is not kept: the same key is tried again.
    let key = [("idempotency-key", "k2")];
    sandbox.v2_with(path, json!({"dashboard": "half"}), &key).await.refused(400);
    sandbox.v2_with(path, json!({"dashboard": "full"}), &key).await.ok();
}
