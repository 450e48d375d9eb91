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

#[tokio::test]
async fn no_number_is_too_large_to_be_refused() {
    let sandbox = Sandbox::start().await;
    let customer = id(&sandbox.post("/v1/customers", "name=Ada").await.ok());
    let price = "currency=usd&unit_amount=999999999999&product_data[name]=x";
    let price = format!("{price}&recurring[interval]=month");
    let price = id(&sandbox.post("/v1/prices", &price).await.ok());
    let lines = format!("customer={customer}&payment_behavior=default_incomplete&items[0]");
    let (most, least) = (i64::MAX, i64::MIN);
    for (path, form) in [
        ("subscriptions", format!("{lines}[price]={price}&items[0][quantity]={most}")),
        ("subscriptions", format!("{lines}[price]={price}&items[0][quantity]=999999")),
        ("subscriptions", format!("{lines}[price]={price}&items[0][quantity]=-1")),
        ("subscriptions", format!("{lines}[price]={price}&trial_end={most}")),
        ("subscriptions", format!("{lines}[price]={price}&backdate_start_date={least}")),
        ("prices", format!("currency=usd&unit_amount={most}&product_data[name]=x")),
        ("prices", "currency=usd&unit_amount=-1&product_data[name]=x".to_owned()),
        ("prices", format!("currency=usd&unit_amount_decimal={most}&product_data[name]=x")),
        ("plans", format!("amount=1&currency=usd&interval=year&interval_count={most}")),
        ("invoiceitems", format!("customer={customer}&currency=usd&amount={least}")),
        ("coupons", format!("percent_off=5&duration=repeating&duration_in_months={most}")),
        ("coupons", "percent_off=5&max_redemptions=-1".to_owned()),
        ("test_helpers/test_clocks", format!("frozen_time={most}")),
    ] {
        let refused = sandbox.post(&format!("/v1/{path}"), &form).await.refused(400);
        assert_ne!(refused["code"], "resource_missing", "{path} {form}");
    }
    let invoice = format!("customer={customer}&collection_method=send_invoice");
    for days in [most, least, 4_000] {
        let form = format!("{invoice}&days_until_due={days}");
        sandbox.post("/v1/invoices", &form).await.refused(400);
    }
    for _ in 0..2 {
        let item = format!("customer={customer}&currency=usd&amount=999999999999");
        sandbox.post("/v1/invoiceitems", &item).await.ok();
    }
    let form = format!("{invoice}&days_until_due=1&pending_invoice_items_behavior=include");
    let refused = sandbox.post("/v1/invoices", &form).await.refused(400);
    assert_eq!(refused["code"], "amount_too_large");
}

#[tokio::test]
async fn no_page_sends_a_browser_to_a_script() {
    let sandbox = Sandbox::start().await;
    for url in ["javascript:alert(1)", "JavaScript:1", "data:text/html,x", "//evil", "x"] {
        for form in [
            format!("mode=setup&currency=usd&success_url={url}"),
            format!("mode=setup&currency=usd&success_url=http://localhost/&cancel_url={url}"),
        ] {
            let refused = sandbox.post("/v1/checkout/sessions", &form).await.refused(400);
            assert_eq!(refused["code"], "url_invalid", "{form}");
        }
        let form = format!(
            "amount=500&currency=usd&payment_method=pm_card_visa&confirm=true&return_url={url}"
        );
        let refused = sandbox.post("/v1/payment_intents", &form).await.refused(400);
        assert_eq!(refused["code"], "url_invalid", "{form}");
    }
    let form = "amount=500&currency=usd&payment_method=pm_card_visa&confirm=true&return_url=shop:a";
    sandbox.post("/v1/payment_intents", form).await.ok();
}

#[tokio::test]
async fn a_test_clock_is_not_advanced_by_a_century_at_once() {
    let sandbox = Sandbox::start().await;
    let start = 1_900_000_000_i64;
    let form = format!("frozen_time={start}");
    let clock = id(&sandbox.post("/v1/test_helpers/test_clocks", &form).await.ok());
    let path = format!("/v1/test_helpers/test_clocks/{clock}/advance");
    let century = format!("frozen_time={}", start + 36_525 * 86_400);
    let refused = sandbox.post(&path, &century).await.refused(400);
    assert_eq!(refused["param"], "frozen_time");
    let year = format!("frozen_time={}", start + 366 * 86_400);
    sandbox.post(&path, &year).await.ok();
}
