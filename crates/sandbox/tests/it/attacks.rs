//! What a hostile client tries: to see what is not its own, and to break the sandbox with numbers.

use super::client::{Sandbox, id, send};
use reqwest::Method;

#[tokio::test]
async fn expand_follows_no_text_of_the_caller() {
    let sandbox = Sandbox::start().await;
    let endpoint = "url=http://localhost:1/x&enabled_events[]=charge.failed";
    let endpoint = sandbox.post("/v1/webhook_endpoints", endpoint).await.ok();
    let owner = sandbox.post("/v1/customers", "name=Ada").await.ok();
    let other = "type=custom&country=US&capabilities[transfers][requested]=true";
    let other = sandbox.post("/v1/accounts", other).await.ok();
    for hidden in [id(&endpoint), id(&owner)] {
        for (name, path) in [
            ("metadata[k]", "metadata.k"),
            ("description", "description"),
            ("shipping[address][line1]=x&shipping[name]", "shipping.name"),
        ] {
            let form = format!("{name}={hidden}&expand[]={path}");
            let account = id(&other);
            let refused = sandbox
                .post_with("/v1/customers", &form, &[("stripe-account", &account)])
                .await
                .refused(400);
            let message = refused["message"].as_str().unwrap_or_default();
            assert!(message.starts_with("This property cannot be expanded"), "{message}");
        }
    }
}

#[tokio::test]
async fn a_publishable_key_cannot_expand_an_intent_into_itself() {
    let sandbox = Sandbox::start().await;
    let intent = "amount=500&currency=usd&metadata[note]=internal";
    let intent = sandbox.post("/v1/payment_intents", intent).await.ok();
    let (name, secret) = (id(&intent), intent["client_secret"].as_str().unwrap_or_default());
    let path = format!("/v1/payment_intents/{name}?client_secret={secret}");
    let seen = |path: String| {
        send(sandbox.http.request(Method::GET, sandbox.url(&path)).bearer_auth("pk_test_abc"))
    };
    assert!(seen(path.clone()).await.ok()["metadata"]["note"].is_null());
    seen(format!("{path}&expand[]=id")).await.refused(400);
}
