//! Search, and the resources without rules of their own.

use super::client::{PLATFORM, Sandbox, id};
use serde_json::json;

#[tokio::test]
async fn objects_are_found_by_queries() {
    let sandbox = Sandbox::start().await;
    for at in 0..3 {
        let form = format!("email=amy{at}@example.com&name=Amy&metadata[n]={at}");
        sandbox.post("/v1/customers", &form).await.ok();
    }
    let search = |query: &str| {
        let query: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        format!("/v1/customers/search?query={query}")
    };
    let found = sandbox.get(&search("metadata['n']:'1'")).await.ok();
    assert_eq!(found["object"], "search_result");
    assert_eq!(found["data"][0]["email"], "amy1@example.com");
    assert_eq!((&found["has_more"], &found["next_page"]), (&json!(false), &json!(null)));
    let all = "name:'amy' AND email~'example' AND -metadata['n']:'0'";
    let first = sandbox.get(&format!("{}&limit=1", search(all))).await.ok();
    let page = first["next_page"].as_str().unwrap();
    let rest = sandbox.get(&format!("{}&limit=1&page={page}", search(all))).await.ok();
    assert_eq!(rest["has_more"], false);
    assert_ne!(rest["data"][0]["id"], first["data"][0]["id"]);
    let refused = sandbox.get(&search("shoe:'1'")).await.refused(400);
    assert!(refused["message"].as_str().unwrap().contains("unsupported search field"));
    sandbox.get(&search("email:amy")).await.refused(400);
    sandbox.get("/v1/customers/search").await.refused(400);
    sandbox.post("/v1/charges", "amount=500&currency=usd&source=tok_visa").await.ok();
    let charges = sandbox.get("/v1/charges/search?query=amount%3E400").await.ok();
    assert_eq!(charges["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn plain_resources_have_their_shapes() {
    let sandbox = Sandbox::start().await;
    let meter = "display_name=Calls&event_name=calls&default_aggregation[formula]=sum";
    let meter = sandbox.post("/v1/billing/meters", meter).await.ok();
    assert_eq!(
        (&meter["status"], &meter["value_settings"]["event_payload_key"]),
        (&json!("active"), &json!("value"))
    );
    let path = format!("/v1/billing/meters/{}/deactivate", id(&meter));
    let off = sandbox.post(&path, "").await.ok();
    assert_eq!(off["status"], "inactive");
    assert!(off["status_transitions"]["deactivated_at"].is_i64());
    let event = "event_name=calls&payload[stripe_customer_id]=cus_1&payload[value]=25";
    let event = sandbox.post("/v1/billing/meter_events", event).await.ok();
    assert_eq!(event["payload"]["value"], "25");
    assert!(event["timestamp"].is_i64() && event.get("id").is_none());
    let feature = sandbox.post("/v1/entitlements/features", "name=Pro&lookup_key=pro").await.ok();
    assert_eq!(feature["active"], true);
    let location = "display_name=Shop&address[country]=US&address[line1]=1 Main&address[city]=X\
        &address[state]=CA&address[postal_code]=94111";
    let location = sandbox.post("/v1/terminal/locations", location).await.ok();
    assert_eq!(location["address"]["line1"], "1 Main");
    let secret = sandbox.post("/v1/terminal/connection_tokens", "").await.ok();
    assert!(secret["secret"].as_str().unwrap().starts_with("pst_test_"));
    let list = sandbox.post("/v1/radar/value_lists", "alias=bad&name=Bad").await.ok();
    let item = format!("value_list={}&value=x", id(&list));
    sandbox.post("/v1/radar/value_list_items", &item).await.ok();
    let listed = format!("/v1/radar/value_list_items?value_list={}", id(&list));
    assert_eq!(sandbox.get(&listed).await.ok()["data"][0]["value"], "x");
    let gone = sandbox.delete(&format!("/v1/radar/value_lists/{}", id(&list))).await.ok();
    assert_eq!(gone["deleted"], true);
    let settings = sandbox.get("/v1/tax/settings").await.ok();
    assert_eq!(settings["status"], "active");
    let changed = sandbox.post("/v1/tax/settings", "defaults[tax_behavior]=exclusive").await.ok();
    assert_eq!(changed["defaults"]["tax_behavior"], "exclusive");
    assert_eq!(sandbox.get("/v1/tax/settings").await.ok()["defaults"]["tax_behavior"], "exclusive");
    sandbox.get("/v1/balance_settings").await.ok();
    let session = sandbox.post("/v1/identity/verification_sessions", "type=document").await.ok();
    let path = format!("/v1/identity/verification_sessions/{}/cancel", id(&session));
    assert_eq!(sandbox.post(&path, "").await.ok()["status"], "canceled");
    let told = sandbox.event_types(PLATFORM).await;
    for kind in [
        "billing.meter.created",
        "billing.meter.deactivated",
        "tax.settings.updated",
        "identity.verification_session.created",
        "identity.verification_session.canceled",
    ] {
        assert!(told.contains(&kind.to_owned()), "{kind}");
    }
}
