//! The hosted pages beside Checkout: payment links, invoices, the customer portal.

use super::client::{Sandbox, id, send};
use reqwest::Method;
use serde_json::{Value, json};

const CARD: &str = "exp=12/34&cvc=123";

/// The path of an address of the sandbox.
fn path(url: &Value) -> String {
    let url = url.as_str().expect("an address");
    let (_, rest) = url.split_once("://").expect("a scheme");
    format!("/{}", rest.split_once('/').expect("a path").1)
}

/// A request of a browser that does not follow: the status, and the text or the address it leads to.
async fn ask(sandbox: &Sandbox, method: Method, path: &str, form: &str) -> (u16, String) {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let request = browser.build().unwrap().request(method, sandbox.url(path));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer = send(request.body(form.to_owned())).await;
    let said = answer.header("location").map(str::to_owned);
    (answer.status, said.unwrap_or_else(|| answer.body.as_str().unwrap_or_default().to_owned()))
}

async fn post(sandbox: &Sandbox, path: &str, form: &str) -> (u16, String) {
    ask(sandbox, Method::POST, path, form).await
}

async fn get(sandbox: &Sandbox, path: &str) -> (u16, String) {
    ask(sandbox, Method::GET, path, "").await
}

async fn price(sandbox: &Sandbox, more: &str) -> String {
    let form = format!("currency=usd&unit_amount=900&product_data[name]=Box{more}");
    id(&sandbox.post("/v1/prices", &form).await.ok())
}

#[tokio::test]
async fn a_link_sells_until_its_limit() {
    let sandbox = Sandbox::start().await;
    let price = price(&sandbox, "").await;
    let form = format!(
        "line_items[0][price]={price}&line_items[0][quantity]=2&metadata[shop]=7\
         &restrictions[completed_sessions][limit]=1"
    );
    let link = sandbox.post("/v1/payment_links", &form).await.ok();
    let address = path(&link["url"]);
    let visit = format!("{address}?prefilled_email=ann@example.com&client_reference_id=order-7");
    let (status, page) = get(&sandbox, &visit).await;
    assert_eq!(status, 303, "{page}");
    let sessions = sandbox.get("/v1/checkout/sessions").await.ok();
    let session = &sessions["data"][0];
    assert_eq!(session["payment_link"], link["id"]);
    assert_eq!(session["client_reference_id"], "order-7");
    assert_eq!(session["amount_total"], 1800);
    assert_eq!(session["metadata"]["shop"], "7");
    let page = path(&json!(page));
    let form = format!("email=ann@example.com&cardnumber=4242424242424242&{CARD}");
    let (status, said) = post(&sandbox, &page, &form).await;
    assert_eq!(status, 200, "it has no page of a shop to go to: {said}");
    assert!(said.contains("Thank you"), "{said}");

    let link = sandbox.get(&format!("/v1/payment_links/{}", id(&link))).await.ok();
    assert_eq!(link["active"], false);
    assert_eq!(link["restrictions"]["completed_sessions"]["count"], 1);
    let events = sandbox.get("/v1/events?type=payment_link.updated").await.ok();
    assert_eq!(events["data"][0]["data"]["previous_attributes"], json!({"active": true}));
    let (status, said) = get(&sandbox, &address).await;
    assert_eq!(status, 404);
    assert!(said.contains("no longer active"), "{said}");
    assert_eq!(get(&sandbox, "/buy.stripe.com/test_nothing").await.0, 404);
}

#[tokio::test]
async fn a_link_of_a_monthly_price_begins_subscriptions() {
    let sandbox = Sandbox::start().await;
    let price = price(&sandbox, "&recurring[interval]=month").await;
    let form = format!(
        "line_items[0][price]={price}&line_items[0][quantity]=1&subscription_data[trial_period_days]=7\
         &after_completion[type]=redirect&after_completion[redirect][url]=https://shop.example/thanks"
    );
    let link = sandbox.post("/v1/payment_links", &form).await.ok();
    let (_, page) = get(&sandbox, &path(&link["url"])).await;
    let form = format!("email=ann@example.com&cardnumber=4242424242424242&{CARD}");
    let (status, next) = post(&sandbox, &path(&json!(page)), &form).await;
    assert_eq!((status, next.as_str()), (303, "https://shop.example/thanks"));
    let all = sandbox.get("/v1/subscriptions").await.ok();
    assert_eq!(all["data"][0]["status"], "trialing");
}

/// A customer with an invoice that is sent to them.
async fn invoice(sandbox: &Sandbox) -> Value {
    let customer = id(&sandbox.post("/v1/customers", "email=ann@example.com").await.ok());
    let form = format!("customer={customer}&amount=2500&currency=usd&description=Repair");
    sandbox.post("/v1/invoiceitems", &form).await.ok();
    let form = format!(
        "customer={customer}&collection_method=send_invoice&days_until_due=30&pending_invoice_items_behavior=include"
    );
    let made = sandbox.post("/v1/invoices", &form).await.ok();
    sandbox.post(&format!("/v1/invoices/{}/finalize", id(&made)), "").await.ok()
}

#[tokio::test]
async fn an_invoice_is_paid_on_its_page() {
    let sandbox = Sandbox::start().await;
    let invoice = invoice(&sandbox).await;
    let page = path(&invoice["hosted_invoice_url"]);
    let page = page.split('?').next().expect("a path");
    let (_, said) = get(&sandbox, page).await;
    assert!(said.contains("Repair") && said.contains("Pay $25.00"), "{said}");
    let (_, said) = post(&sandbox, page, &format!("cardnumber=&{CARD}")).await;
    assert!(said.contains("Enter your card number."), "{said}");
    let declined = format!("cardnumber=4000000000000002&{CARD}");
    assert!(post(&sandbox, page, &declined).await.1.contains("Your card was declined."));
    let (_, said) = get(&sandbox, page).await;
    assert!(said.contains("Your card was declined."), "it says so after a reload: {said}");
    let asked = format!("cardnumber=4000002760003184&{CARD}");
    let (status, bank) = post(&sandbox, page, &asked).await;
    assert_eq!(status, 303, "{bank}");
    let bank = path(&json!(bank));
    let (bank, secret) = bank.split_once('?').expect("a secret");
    let (status, back) = post(&sandbox, bank, &format!("{secret}&outcome=complete")).await;
    assert_eq!(status, 303);
    let (_, said) = get(&sandbox, &path(&json!(back))).await;
    assert!(said.contains("This invoice is paid."), "{said}");
    let now = sandbox.get(&format!("/v1/invoices/{}", id(&invoice))).await.ok();
    assert_eq!((&now["status"], &now["amount_paid"]), (&json!("paid"), &json!(2500)));
    let (_, said) = post(&sandbox, page, &asked).await;
    assert!(said.contains("This invoice is paid."), "it is not paid twice: {said}");
    let wrong = format!("{}x", page);
    assert_eq!(get(&sandbox, &wrong).await.0, 404, "the address has a secret");
}

/// A monthly price, a customer with a card, and their subscription.
async fn subscribed(sandbox: &Sandbox) -> (String, String, String) {
    let price = price(sandbox, "&recurring[interval]=month").await;
    let form = "payment_method=pm_card_visa&invoice_settings[default_payment_method]=pm_card_visa";
    let customer = id(&sandbox.post("/v1/customers", form).await.ok());
    let form = format!("customer={customer}&items[0][price]={price}");
    let subscription = id(&sandbox.post("/v1/subscriptions", &form).await.ok());
    (price, customer, subscription)
}

#[tokio::test]
async fn a_customer_looks_after_subscriptions_and_cards() {
    let sandbox = Sandbox::start().await;
    let (price, customer, subscription) = subscribed(&sandbox).await;
    let form = format!("customer={customer}&return_url=https://shop.example/account");
    let session = sandbox.post("/v1/billing_portal/sessions", &form).await.ok();
    let page = path(&session["url"]);
    let (_, said) = get(&sandbox, &page).await;
    for words in ["$9.00", "visa ···· 4242", "https://shop.example/account", "-0001"] {
        assert!(said.contains(words), "{words} is not in {said}");
    }
    let run = async |form: String| post(&sandbox, &page, &form).await;
    let read = async |what: String| sandbox.get(&what).await.ok();

    let (status, said) = run(format!("do=cancel&id={subscription}")).await;
    assert_eq!(status, 303, "{said}");
    let now = read(format!("/v1/subscriptions/{subscription}")).await;
    assert_eq!((&now["cancel_at_period_end"], &now["status"]), (&json!(true), &json!("active")));
    let (status, said) = run(format!("do=renew&id={subscription}")).await;
    assert_eq!(status, 303, "{said}");
    let now = read(format!("/v1/subscriptions/{subscription}")).await;
    assert_eq!(now["cancel_at_period_end"], false);

    let wrong = run(format!("do=add_method&cardnumber=4242424242424241&{CARD}")).await.1;
    assert!(wrong.contains("Your card number is incorrect."), "{wrong}");
    let (status, said) = run(format!("do=add_method&cardnumber=5555555555554444&{CARD}")).await;
    assert_eq!(status, 303, "{said}");
    let methods = read(format!("/v1/customers/{customer}/payment_methods")).await;
    let methods = methods["data"].as_array().expect("a list").clone();
    assert_eq!(methods.len(), 2);
    let owner = read(format!("/v1/customers/{customer}")).await;
    assert_eq!(owner["invoice_settings"]["default_payment_method"], methods[0]["id"]);
    let old = id(&methods[1]);
    let (status, said) = run(format!("do=use_method&id={old}")).await;
    assert_eq!(status, 303, "{said}");
    let owner = read(format!("/v1/customers/{customer}")).await;
    assert_eq!(owner["invoice_settings"]["default_payment_method"], old.as_str());
    let (status, said) = run(format!("do=remove_method&id={}", id(&methods[0]))).await;
    assert_eq!(status, 303, "{said}");

    // What is somebody else's is not touched.
    let other = id(&sandbox.post("/v1/customers", "payment_method=pm_card_visa").await.ok());
    let theirs = read(format!("/v1/customers/{other}/payment_methods")).await;
    let theirs = id(&theirs["data"][0]);
    let refused = run(format!("do=remove_method&id={theirs}")).await.1;
    assert!(refused.contains("There is no such payment method."), "{refused}");
    let form = format!("customer={other}&items[0][price]={price}&default_payment_method={theirs}");
    let theirs = id(&sandbox.post("/v1/subscriptions", &form).await.ok());
    let refused = run(format!("do=cancel&id={theirs}")).await.1;
    assert!(refused.contains("There is no such subscription."), "{refused}");
}

#[tokio::test]
async fn a_portal_offers_what_its_configuration_allows() {
    let sandbox = Sandbox::start().await;
    let (_, customer, subscription) = subscribed(&sandbox).await;
    let form = "features[invoice_history][enabled]=true";
    let only = id(&sandbox.post("/v1/billing_portal/configurations", form).await.ok());
    let form = format!("customer={customer}&configuration={only}");
    let session = sandbox.post("/v1/billing_portal/sessions", &form).await.ok();
    let page = path(&session["url"]);
    let (_, said) = get(&sandbox, &page).await;
    assert!(said.contains("Invoices") && !said.contains("Add a card"), "{said}");
    let (status, said) = post(&sandbox, &page, &format!("do=cancel&id={subscription}")).await;
    assert_eq!(status, 200);
    assert!(said.contains("This page does not offer that."), "{said}");
}
