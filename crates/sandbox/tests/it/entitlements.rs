//! Features of products, entitlements, billing credits, and what meters counted.

use super::client::{PLATFORM, Sandbox, id};
use serde_json::json;

#[tokio::test]
async fn a_subscription_entitles_to_the_features_of_its_product() {
    let sandbox = Sandbox::settling().await;
    let product = id(&sandbox.post("/v1/products", "name=Tea").await.ok());
    let form = "name=Milk&lookup_key=milk";
    let feature = id(&sandbox.post("/v1/entitlements/features", form).await.ok());
    let path = format!("/v1/products/{product}/features");
    let refused = sandbox.post(&path, "entitlement_feature=feat_none").await.refused(400);
    assert_eq!(refused["param"], "entitlement_feature");
    let form = format!("entitlement_feature={feature}");
    let linked = sandbox.post(&path, &form).await.ok();
    assert_eq!(linked["entitlement_feature"]["id"], feature);
    let one = format!("{path}/{}", id(&linked));
    assert_eq!(sandbox.get(&one).await.ok()["id"], linked["id"]);

    let customer = id(&sandbox.post("/v1/customers", "source=tok_visa").await.ok());
    let list = format!("/v1/entitlements/active_entitlements?customer={customer}");
    assert_eq!(sandbox.get(&list).await.ok()["data"], json!([]));
    let form = format!("currency=usd&unit_amount=100&product={product}&recurring[interval]=month");
    let price = id(&sandbox.post("/v1/prices", &form).await.ok());
    let form = format!("customer={customer}&items[0][price]={price}");
    let subscription = id(&sandbox.post("/v1/subscriptions", &form).await.ok());
    let active = sandbox.get(&list).await.ok();
    assert_eq!(active["data"][0]["lookup_key"], "milk");
    let path = format!("/v1/entitlements/active_entitlements/{}", id(&active["data"][0]));
    assert_eq!(sandbox.get(&path).await.ok()["feature"], feature);
    sandbox.delete(&format!("/v1/subscriptions/{subscription}")).await.ok();
    assert_eq!(sandbox.get(&list).await.ok()["data"], json!([]));
    sandbox.get(&path).await.refused(404);
    let told = sandbox.event_types(PLATFORM).await;
    let summaries =
        told.iter().filter(|kind| *kind == "entitlements.active_entitlement_summary.updated");
    assert_eq!(summaries.count(), 2);
    assert_eq!(sandbox.delete(&one).await.ok()["deleted"], true);
}

#[tokio::test]
async fn credits_are_granted_and_voided() {
    let sandbox = Sandbox::start().await;
    let customer = id(&sandbox.post("/v1/customers", "").await.ok());
    let form = |amount: i64| {
        format!(
            "customer={customer}&amount[type]=monetary&amount[monetary][currency]=usd\
             &amount[monetary][value]={amount}\
             &applicability_config[scope][price_type]=metered&category=paid"
        )
    };
    let first = id(&sandbox.post("/v1/billing/credit_grants", &form(500)).await.ok());
    sandbox.post("/v1/billing/credit_grants", &form(300)).await.ok();
    let whole = format!(
        "/v1/billing/credit_balance_summary?customer={customer}&filter[type]=applicability_scope\
         &filter[applicability_scope][price_type]=metered"
    );
    let value = |summary: &serde_json::Value| {
        summary["balances"][0]["available_balance"]["monetary"]["value"].clone()
    };
    assert_eq!(value(&sandbox.get(&whole).await.ok()), 800);
    let path = format!("/v1/billing/credit_grants/{first}/void");
    sandbox.post(&path, "").await.ok();
    sandbox.post(&path, "").await.refused(400);
    assert_eq!(value(&sandbox.get(&whole).await.ok()), 300);
    let one = format!(
        "/v1/billing/credit_balance_summary?customer={customer}&filter[type]=credit_grant\
         &filter[credit_grant]={first}"
    );
    assert_eq!(value(&sandbox.get(&one).await.ok()), 0);
    let list = format!("/v1/billing/credit_balance_transactions?customer={customer}");
    let rows = sandbox.get(&list).await.ok();
    assert_eq!(rows["data"][0]["debit"]["type"], "credits_voided");
    assert_eq!(rows["data"].as_array().map(Vec::len), Some(3));
    let row = format!("/v1/billing/credit_balance_transactions/{}", id(&rows["data"][0]));
    assert_eq!(sandbox.get(&row).await.ok()["credit_grant"], first);
}

#[tokio::test]
async fn a_meter_sums_the_events_of_a_customer() {
    let sandbox = Sandbox::start().await;
    let customer = id(&sandbox.post("/v1/customers", "").await.ok());
    let form = "display_name=Calls&event_name=calls&default_aggregation[formula]=sum";
    let meter = id(&sandbox.post("/v1/billing/meters", form).await.ok());
    for (value, at) in [(3, 7_200), (4, 7_300), (5, 90_000)] {
        let form = format!(
            "event_name=calls&payload[stripe_customer_id]={customer}&payload[value]={value}\
             &timestamp={at}"
        );
        sandbox.post("/v1/billing/meter_events", &form).await.ok();
    }
    let path = format!("/v1/billing/meters/{meter}/event_summaries?customer={customer}");
    let span = format!("{path}&start_time=0&end_time=172800");
    let whole = sandbox.get(&span).await.ok();
    assert_eq!(whole["data"][0]["aggregated_value"], 12.0);
    let days = sandbox.get(&format!("{span}&value_grouping_window=day")).await.ok();
    let values: Vec<_> =
        days["data"].as_array().unwrap().iter().map(|day| &day["aggregated_value"]).collect();
    assert_eq!(values, [&json!(5.0), &json!(7.0)]);
    let refused = sandbox.get(&format!("{path}&start_time=9&end_time=8")).await.refused(400);
    assert_eq!(refused["param"], "start_time");
}

#[tokio::test]
async fn a_customers_discount_is_on_its_invoices_until_it_is_dropped() {
    let sandbox = Sandbox::start().await;
    sandbox.post("/v1/coupons", "percent_off=10&duration=forever&id=TEN").await.ok();
    let customer = sandbox.post("/v1/customers", "coupon=TEN").await.ok();
    assert_eq!(customer["discount"]["source"]["coupon"], "TEN");
    let customer = id(&customer);
    let form = format!("customer={customer}&amount=1000&currency=usd");
    sandbox.post("/v1/invoiceitems", &form).await.ok();
    let form = format!("customer={customer}&pending_invoice_items_behavior=include");
    assert_eq!(sandbox.post("/v1/invoices", &form).await.ok()["total"], 900);
    let path = format!("/v1/customers/{customer}/discount");
    assert_eq!(sandbox.delete(&path).await.ok()["deleted"], true);
    sandbox.delete(&path).await.refused(404);
}

#[tokio::test]
async fn a_payment_is_attached_to_an_invoice() {
    let sandbox = Sandbox::settling().await;
    let customer = id(&sandbox.post("/v1/customers", "email=a@b.c").await.ok());
    let form = format!("customer={customer}&collection_method=send_invoice&days_until_due=5");
    let invoice = id(&sandbox.post("/v1/invoices", &form).await.ok());
    let form = format!("customer={customer}&invoice={invoice}&amount=700&currency=usd");
    sandbox.post("/v1/invoiceitems", &form).await.ok();
    sandbox.post(&format!("/v1/invoices/{invoice}/finalize"), "").await.ok();
    let pay = |amount: i64| {
        let form = format!("amount={amount}&currency=usd&payment_method=pm_card_visa&confirm=true");
        format!(
            "{form}&automatic_payment_methods[enabled]=true\
            &automatic_payment_methods[allow_redirects]=never"
        )
    };
    let path = format!("/v1/invoices/{invoice}/attach_payment");
    let other = id(&sandbox.post("/v1/payment_intents", &pay(600)).await.ok());
    let form = format!("payment_intent={other}");
    assert_eq!(sandbox.post(&path, &form).await.refused(400)["param"], "payment_intent");
    let intent = id(&sandbox.post("/v1/payment_intents", &pay(700)).await.ok());
    let paid = sandbox.post(&path, &format!("payment_intent={intent}")).await.ok();
    assert_eq!((&paid["status"], &paid["amount_remaining"]), (&json!("paid"), &json!(0)));
}
