//! Payment records, Financial Connections, secrets of apps, climate orders, and other small families.

use super::client::{PLATFORM, Sandbox, id};
use serde_json::json;

#[tokio::test]
async fn a_payment_elsewhere_is_reported_tried_again_and_refunded() {
    let sandbox = Sandbox::start().await;
    let form = "amount_requested[value]=1000&amount_requested[currency]=usd&initiated_at=1700000000\
        &payment_method_details[type]=custom&payment_method_details[custom][display_name]=Cash\
        &outcome=failed&failed[failed_at]=1700000001&customer_details[name]=Jo";
    let record = sandbox.post("/v1/payment_records/report_payment", form).await.ok();
    assert_eq!(record["amount_failed"]["value"], 1_000);
    let path = format!("/v1/payment_records/{}", id(&record));
    let at = "guaranteed_at=1700000002";
    sandbox.post(&format!("{path}/report_payment_attempt_guaranteed"), at).await.refused(400);
    let attempt = format!("{path}/report_payment_attempt");
    let again = sandbox.post(&attempt, "initiated_at=1700000002").await.ok();
    assert_eq!(again["amount_failed"]["value"], 0);
    assert_ne!(again["latest_payment_attempt_record"], record["latest_payment_attempt_record"]);
    let paid = sandbox.post(&format!("{path}/report_payment_attempt_guaranteed"), at).await.ok();
    assert_eq!(paid["amount_guaranteed"]["value"], 1_000);
    let refund = |value: i64| {
        format!(
            "outcome=refunded&refunded[refunded_at]=1700000003&amount[value]={value}\
             &amount[currency]=usd&processor_details[type]=custom\
             &processor_details[custom][refund_reference]=r1"
        )
    };
    let part = sandbox.post(&format!("{path}/report_refund"), &refund(400)).await.ok();
    assert_eq!(part["amount_refunded"]["value"], 400);
    sandbox.post(&format!("{path}/report_refund"), &refund(601)).await.refused(400);
    let inform = "description=Cash&customer_details[email]=a@b.c";
    let path = format!("{path}/report_payment_attempt_informational");
    assert_eq!(sandbox.post(&path, inform).await.ok()["description"], "Cash");
    let list = format!("/v1/payment_attempt_records?payment_record={}", id(&record));
    let attempts = sandbox.get(&list).await.ok();
    assert_eq!(attempts["data"].as_array().map(Vec::len), Some(2));
    assert_eq!(attempts["data"][0]["amount_refunded"]["value"], 400);
    let one = format!("/v1/payment_attempt_records/{}", id(&attempts["data"][1]));
    assert_eq!(sandbox.get(&one).await.ok()["amount_failed"]["value"], 1_000);
    let found = sandbox.get("/v1/payment_records?created_after=1").await.ok();
    assert_eq!(found["data"][0]["id"], record["id"]);
}

#[tokio::test]
async fn a_session_links_an_account_that_is_refreshed_and_disconnected() {
    let sandbox = Sandbox::start().await;
    let customer = id(&sandbox.post("/v1/customers", "").await.ok());
    let form = format!(
        "account_holder[type]=customer&account_holder[customer]={customer}\
         &permissions[]=balances&permissions[]=ownership&permissions[]=transactions"
    );
    let root = "/v1/financial_connections";
    let session = sandbox.post(&format!("{root}/sessions"), &form).await.ok();
    let account = id(&session["accounts"]["data"][0]);
    sandbox.get(&format!("{root}/sessions/{}", id(&session))).await.ok();
    let path = format!("{root}/accounts/{account}");
    let features = "features[]=balance&features[]=ownership&features[]=transactions";
    let fresh = sandbox.post(&format!("{path}/refresh"), features).await.ok();
    assert_eq!(fresh["balance"]["type"], "cash");
    let owners = format!("{path}/owners?ownership={}", fresh["ownership"].as_str().unwrap());
    assert_eq!(sandbox.get(&owners).await.ok()["data"][0]["name"], "Jenny Rosen");
    let list = sandbox.get(&format!("{root}/transactions?account={account}")).await.ok();
    assert_eq!(list["data"].as_array().map(Vec::len), Some(2));
    let one = format!("{root}/transactions/{}", id(&list["data"][0]));
    assert_eq!(sandbox.get(&one).await.ok()["account"], account);
    let on = sandbox.post(&format!("{path}/subscribe"), "features[]=transactions").await.ok();
    assert_eq!(on["subscriptions"], json!(["transactions"]));
    sandbox.post(&format!("{path}/unsubscribe"), "features[]=transactions").await.ok();
    assert_eq!(
        sandbox.post(&format!("{path}/disconnect"), "").await.ok()["status"],
        "disconnected"
    );
    sandbox.post(&format!("{path}/refresh"), features).await.refused(400);
    let only = form.replace("&permissions[]=balances", "");
    let session = sandbox.post(&format!("{root}/sessions"), &only).await.ok();
    let path = format!("{root}/accounts/{}/refresh", id(&session["accounts"]["data"][0]));
    sandbox.post(&path, "features[]=balance").await.refused(400);
}

#[tokio::test]
async fn secrets_are_found_by_name_and_scope() {
    let sandbox = Sandbox::start().await;
    let form = "name=token&payload=abc&scope[type]=account";
    let secret = sandbox.post("/v1/apps/secrets", form).await.ok();
    assert!(secret.get("payload").is_none());
    let again = sandbox.post("/v1/apps/secrets", &form.replace("abc", "def")).await.ok();
    assert_eq!(again["id"], secret["id"]);
    let plain = "/v1/apps/secrets/find?name=token&scope[type]=account";
    assert!(sandbox.get(plain).await.ok().get("payload").is_none());
    let find = "/v1/apps/secrets/find?name=token&scope[type]=account&expand[]=payload";
    assert_eq!(sandbox.get(find).await.ok()["payload"], "def");
    let other = "/v1/apps/secrets/find?name=token&scope[type]=user&scope[user]=u1";
    sandbox.get(other).await.refused(404);
    let list = sandbox.get("/v1/apps/secrets?scope[type]=account").await.ok();
    assert_eq!(list["data"][0]["id"], secret["id"]);
    let named = "name=token&scope[type]=account";
    sandbox.post("/v1/apps/secrets/delete", named).await.ok();
    sandbox.get(find).await.refused(404);
    let install = sandbox.post("/v1/apps/installs", "app=com.example.app").await.ok();
    let path = format!("/v1/apps/installs/{}/uninstall", id(&install));
    assert_eq!(sandbox.post(&path, "").await.ok()["status"], "uninstalling");
    sandbox.post(&path, "").await.refused(400);
}

#[tokio::test]
async fn orders_authentications_offers_and_requests() {
    let sandbox = Sandbox::start().await;
    let form = "product=climsku_sandbox_2030&metric_tons=0.5";
    let order = sandbox.post("/v1/climate/orders", form).await.ok();
    assert_eq!((&order["amount_total"], &order["metric_tons"]), (&json!(26_000), &json!("0.500")));
    let path = format!("/v1/climate/orders/{}/cancel", id(&order));
    assert_eq!(sandbox.post(&path, "").await.ok()["status"], "canceled");
    sandbox.post(&path, "").await.refused(400);
    sandbox.post("/v1/climate/orders", "product=climsku_sandbox_2030").await.refused(400);

    let method = "type=card&card[number]=4242424242424242&card[exp_month]=1&card[exp_year]=40";
    let method = id(&sandbox.post("/v1/payment_methods", method).await.ok());
    let form = format!(
        "payment_method={method}&message_category=non_payment_authentication&channel[type]=browser\
         &channel[browser][accept_header]=a&channel[browser][ip_address]=1.1.1.1\
         &channel[browser][javascript_enabled]=true&channel[browser][language]=en\
         &channel[browser][user_agent]=u"
    );
    let path = "/v1/three_d_secure/authentications";
    let made = sandbox.post(path, &form).await.ok();
    assert_eq!(made["status"], "requires_submission");
    let one = format!("{path}/{}", id(&made));
    assert_eq!(sandbox.post(&format!("{one}/submit"), "").await.ok()["status"], "succeeded");
    sandbox.post(&format!("{one}/cancel"), "").await.refused(400);

    let form = format!(
        "payment_method={method}&url=https://example.com&replacements[]=card_number\
         &request[body]=x"
    );
    let sent = sandbox.post("/v1/forwarding/requests", &form).await.ok();
    assert_eq!(sent["response_details"]["status"], 200);
    sandbox.get(&format!("/v1/forwarding/requests/{}", id(&sent))).await.ok();
    for path in ["identity/verification_reports", "sigma/scheduled_query_runs"] {
        assert_eq!(sandbox.get(&format!("/v1/{path}")).await.ok()["data"], json!([]));
        sandbox.get(&format!("/v1/{path}/none")).await.refused(404);
    }
    let told = sandbox.event_types(PLATFORM).await;
    assert!(told.contains(&"three_d_secure.authentication.succeeded".to_owned()));
}

#[tokio::test]
async fn a_trial_offer_names_two_prices_and_a_quote_is_a_file() {
    let sandbox = Sandbox::start().await;
    let form = "currency=usd&unit_amount=1000&product_data[name]=Tea&recurring[interval]=month";
    let price = id(&sandbox.post("/v1/prices", form).await.ok());
    let form = format!(
        "price={price}&duration[type]=relative&duration[relative][iterations]=2\
         &end_behavior[transition][price]={price}"
    );
    let offer = sandbox.post("/v1/product_catalog/trial_offers", &form).await.ok();
    assert_eq!(offer["duration"]["relative"]["iterations"], 2);
    let path = format!("/v1/product_catalog/trial_offers/{}", id(&offer));
    assert_eq!(sandbox.post(&path, "active=false").await.ok()["active"], false);
    let wrong = form.replace(&format!("[price]={price}"), "[price]=price_none");
    sandbox.post("/v1/product_catalog/trial_offers", &wrong).await.refused(400);

    let customer = id(&sandbox.post("/v1/customers", "").await.ok());
    let form = format!("customer={customer}&line_items[0][price]={price}");
    let quote = id(&sandbox.post("/v1/quotes", &form).await.ok());
    let file = sandbox.get(&format!("/v1/quotes/{quote}/pdf")).await;
    assert_eq!(file.header("content-type"), Some("application/pdf"));
    let text = file.body.as_str().unwrap();
    assert!(text.starts_with("%PDF-") && text.contains("1 x Tea: $10.00"), "{text}");
}

#[tokio::test]
async fn a_payment_is_evaluated_and_terms_have_a_link() {
    let sandbox = Sandbox::start().await;
    let method = "type=card&card[number]=4242424242424242&card[exp_month]=1&card[exp_year]=40";
    let method = id(&sandbox.post("/v1/payment_methods", method).await.ok());
    let form = format!(
        "customer_details[email]=a@b.co&payment_details[amount]=500&payment_details[currency]=usd\
         &payment_details[payment_method_details][payment_method]={method}"
    );
    let made = sandbox.post("/v1/radar/payment_evaluations", &form).await.ok();
    assert_eq!(made["signals"]["fraudulent_payment"]["risk_level"], "not_assessed");
    let form = "link_type=apple_terms_and_conditions\
        &link_options[apple_terms_and_conditions][merchant_display_name]=Tea";
    let link = sandbox.post("/v1/terminal/onboarding_links", form).await.ok();
    assert!(link["redirect_url"].as_str().unwrap().starts_with("https://"));
}
