//! The dashboard's pages.

use super::client::{Receiver, Sandbox, id};
use serde_json::json;

async fn page(sandbox: &Sandbox, path: &str) -> String {
    let response = sandbox.http.get(sandbox.url(path)).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("script-src 'self'"));
    response.text().await.unwrap()
}

#[tokio::test]
async fn objects_events_and_requests_are_shown_whole() {
    let sandbox = Sandbox::start().await;
    let receiver = Receiver::start(&[]).await;
    let hook = format!("url={}&enabled_events[]=*", receiver.url);
    let endpoint = sandbox.post("/v1/webhook_endpoints", &hook).await.ok();
    let form = "amount=700&currency=usd&source=tok_visa&description=<b>Mug</b>";
    let charge = id(&sandbox.post("/v1/charges", form).await.ok());
    receiver.wait(1).await;
    let overview = page(&sandbox, "/").await;
    assert!(overview.contains(&charge) && overview.contains("charge.succeeded"));
    let shown = page(&sandbox, &format!("/_dashboard/objects/{charge}")).await;
    assert!(shown.contains("&lt;b&gt;Mug") && !shown.contains("<b>Mug"), "{shown}");
    assert!(shown.contains("charge.succeeded") && !shown.contains("&quot;_"), "{shown}");
    let events = sandbox.get("/v1/events").await.ok();
    let event = page(&sandbox, &format!("/_dashboard/objects/{}", id(&events["data"][0]))).await;
    assert!(event.contains("delivered") && event.contains("Send again"), "{event}");
    let list = page(&sandbox, "/_dashboard/objects?kind=charge").await;
    assert!(list.contains(&charge) && !list.contains("<code>we_"), "{list}");
    let shown = page(&sandbox, &format!("/_dashboard/objects/{}", id(&endpoint))).await;
    assert!(!shown.contains(endpoint["secret"].as_str().unwrap()));
    let missing = sandbox.http.get(sandbox.url("/_dashboard/objects/ch_no")).send().await.unwrap();
    assert_eq!(missing.status(), 404);
}

#[tokio::test]
async fn a_request_shows_what_was_sent_and_answered_without_card_numbers() {
    let sandbox = Sandbox::start().await;
    let card = "card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2040&card[cvc]=987";
    let token = sandbox.post("/v1/tokens", card).await;
    let request = token.header("request-id").unwrap().to_owned();
    let shown = page(&sandbox, &format!("/_dashboard/requests/{request}")).await;
    assert!(shown.contains("card[number]: ****4242") && shown.contains("tok_"), "{shown}");
    assert!(!shown.contains("4242424242424242") && !shown.contains("987"), "{shown}");
    let log = sandbox.get("/_sandbox/requests").await.ok().to_string();
    assert!(!log.contains("4242424242424242"), "bodies are on the pages only");
    assert_eq!(
        sandbox.http.get(sandbox.url("/_dashboard/requests/req_no")).send().await.unwrap().status(),
        404
    );
}

#[tokio::test]
async fn settings_show_the_clock_the_faults_and_the_switches() {
    let sandbox = Sandbox::start().await;
    let rule = json!({"path": "/v1/refunds", "fault": "rate_limit"});
    sandbox.control("/faults", rule).await.ok();
    let shown = page(&sandbox, "/_dashboard/settings").await;
    for part in ["/v1/refunds", "rate_limit", "settle_immediately", "Advance a day", "drop_after"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    for (path, kind) in [("style.css", "text/css"), ("script.js", "text/javascript")] {
        let file = sandbox.http.get(sandbox.url(&format!("/_dashboard/{path}"))).send().await;
        let file = file.unwrap();
        assert!(file.headers()["content-type"].to_str().unwrap().starts_with(kind));
    }
}
