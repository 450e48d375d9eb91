//! What a checkout page shows is what is paid: choices made late, limits, and other currencies.

use super::client::{Sandbox, id};
use serde_json::{Value, json};

const ITEM: &str = "line_items[0][price_data][currency]=usd&line_items[0][quantity]=1\
    &line_items[0][price_data][product_data][name]=Mug&line_items[0][price_data][unit_amount]=2000";
const SHOP: &str = "success_url=https://shop.example/thanks";
const REST: &str = "exp=12/34&cvc=123&email=ann@example.com";
const GOOD: &str = "cardnumber=4242424242424242";
const ASKS: &str = "cardnumber=4000002760003184";
const DECLINED: &str = "cardnumber=4000000000000002";

async fn session(sandbox: &Sandbox, more: &str) -> Value {
    let form = format!("mode=payment&{SHOP}&{ITEM}&{more}");
    sandbox.post("/v1/checkout/sessions", &form).await.ok()
}

async fn refused(sandbox: &Sandbox, more: &str) -> Value {
    let form = format!("mode=payment&{SHOP}&{ITEM}&{more}");
    sandbox.post("/v1/checkout/sessions", &form).await.refused(400)
}

fn browser() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// Posts the form of a page; where it leads, or what it says.
async fn post_to(url: &str, form: &str) -> String {
    let sent = browser().post(url).header("content-type", "application/x-www-form-urlencoded");
    let answer = sent.body(form.to_owned()).send().await.unwrap();
    match answer.headers().get("location") {
        Some(next) => next.to_str().unwrap().to_owned(),
        None => answer.text().await.unwrap(),
    }
}

async fn post(sandbox: &Sandbox, session: &Value, form: &str) -> String {
    post_to(&sandbox.url(&format!("/checkout.stripe.com/c/pay/{}", id(session))), form).await
}

async fn now(sandbox: &Sandbox, session: &Value) -> Value {
    sandbox.get(&format!("/v1/checkout/sessions/{}", id(session))).await.ok()
}

/// The customer completes what their bank asks at an address.
async fn authenticate(url: &str) -> String {
    let (page, query) = url.split_once('?').expect("a secret");
    post_to(page, &format!("{query}&outcome=complete")).await
}

/// All that was ever charged.
async fn charged(sandbox: &Sandbox) -> Vec<Value> {
    let all = sandbox.get("/v1/charges").await.ok()["data"].clone();
    let all = all.as_array().cloned().unwrap_or_default();
    let paid = all.into_iter().filter(|charge| charge["paid"] == true);
    paid.map(|charge| charge["amount"].clone()).collect()
}

async fn code(sandbox: &Sandbox, coupon: &str, more: &str) -> Value {
    let coupon = id(&sandbox.post("/v1/coupons", coupon).await.ok());
    let form = format!("promotion[type]=coupon&promotion[coupon]={coupon}{more}");
    sandbox.post("/v1/promotion_codes", &form).await.ok()
}

#[tokio::test]
async fn a_code_entered_during_an_authentication_changes_what_is_paid() {
    let sandbox = Sandbox::start().await;
    code(&sandbox, "amount_off=500&currency=usd", "&code=SPRING").await;
    let made = session(&sandbox, "allow_promotion_codes=true").await;
    let bank = post(&sandbox, &made, &format!("{ASKS}&{REST}")).await;
    assert!(bank.contains("/authenticate/"), "{bank}");
    let said = post(&sandbox, &made, "promotion_code=SPRING&apply=1").await;
    assert!(said.contains("Pay $15.00"), "{said}");
    authenticate(&bank).await;
    assert_eq!(charged(&sandbox).await, Vec::<Value>::new(), "it was asked for another amount");
    post(&sandbox, &made, &format!("{GOOD}&{REST}")).await;
    assert_eq!(now(&sandbox, &made).await["status"], "complete");
    assert_eq!(charged(&sandbox).await, [json!(1500)]);

    code(&sandbox, "percent_off=100", "&code=FREE").await;
    let made = session(&sandbox, "allow_promotion_codes=true").await;
    let bank = post(&sandbox, &made, &format!("{ASKS}&{REST}")).await;
    post(&sandbox, &made, "promotion_code=FREE&apply=1").await;
    authenticate(&bank).await;
    post(&sandbox, &made, REST).await;
    assert_eq!(now(&sandbox, &made).await["payment_status"], "no_payment_required");
    assert_eq!(charged(&sandbox).await, [json!(1500)], "the second was free");
}

#[tokio::test]
async fn a_session_of_an_old_version_pays_its_new_total_by_the_intent_it_has() {
    let sandbox = Sandbox::start().await;
    code(&sandbox, "amount_off=500&currency=usd", "&code=SPRING").await;
    let form = format!("mode=payment&{SHOP}&{ITEM}&allow_promotion_codes=true");
    let version = [("stripe-version", "2020-08-27")];
    let made = sandbox.post_with("/v1/checkout/sessions", &form, &version).await.ok();
    assert!(made["payment_intent"].is_string());
    post(&sandbox, &made, &format!("promotion_code=SPRING&{GOOD}&{REST}")).await;
    let paid = now(&sandbox, &made).await;
    assert_eq!((&paid["amount_total"], &paid["status"]), (&json!(1500), &json!("complete")));
    assert_eq!(paid["payment_intent"], made["payment_intent"]);
    assert_eq!(charged(&sandbox).await, [json!(1500)]);
}

#[tokio::test]
async fn a_subscription_that_began_takes_no_code_any_more() {
    let sandbox = Sandbox::start().await;
    code(&sandbox, "percent_off=50", "&code=SPRING").await;
    let item = ITEM.to_owned() + "&line_items[0][price_data][recurring][interval]=month";
    let form = format!("mode=subscription&{SHOP}&{item}&allow_promotion_codes=true");
    let made = sandbox.post("/v1/checkout/sessions", &form).await.ok();
    post(&sandbox, &made, &format!("{DECLINED}&{REST}")).await;
    let said = post(&sandbox, &made, "promotion_code=SPRING&apply=1").await;
    assert!(said.contains("too late"), "{said}");
    post(&sandbox, &made, &format!("{GOOD}&{REST}")).await;
    let paid = now(&sandbox, &made).await;
    assert_eq!((&paid["amount_total"], &paid["status"]), (&json!(2000), &json!("complete")));
    assert_eq!(charged(&sandbox).await, [json!(2000)], "as the page said");
}

#[tokio::test]
async fn a_coupon_that_is_deleted_was_promised() {
    let sandbox = Sandbox::start().await;
    sandbox.post("/v1/coupons", "id=HALF&percent_off=50").await.ok();
    let made = session(&sandbox, "discounts[0][coupon]=HALF").await;
    sandbox.delete("/v1/coupons/HALF").await.ok();
    post(&sandbox, &made, &format!("{GOOD}&{REST}")).await;
    assert_eq!(now(&sandbox, &made).await["amount_total"], 1000);
    assert_eq!(charged(&sandbox).await, [json!(1000)]);
}

#[tokio::test]
async fn amounts_of_another_currency_are_never_mixed() {
    let sandbox = Sandbox::start().await;
    sandbox.post("/v1/coupons", "id=EURO&amount_off=500&currency=eur").await.ok();
    refused(&sandbox, "discounts[0][coupon]=EURO").await;
    let form = "id=BOTH&amount_off=500&currency=eur&currency_options[usd][amount_off]=700";
    sandbox.post("/v1/coupons", form).await.ok();
    let made = session(&sandbox, "discounts[0][coupon]=BOTH").await;
    assert_eq!(made["amount_total"], 1300);
    let rate = |currency: &str, amount: &str| {
        format!(
            "shipping_options[0][shipping_rate_data][display_name]=Fast\
             &shipping_options[0][shipping_rate_data][type]=fixed_amount\
             &shipping_options[0][shipping_rate_data][fixed_amount][amount]={amount}\
             &shipping_options[0][shipping_rate_data][fixed_amount][currency]={currency}"
        )
    };
    refused(&sandbox, &rate("eur", "300")).await;
    refused(&sandbox, &rate("usd", "-5000")).await;
    assert_eq!(session(&sandbox, &rate("usd", "0")).await["amount_total"], 2000);

    // The same on an invoice: what is off in euros is nothing off in dollars.
    let customer = id(&sandbox.post("/v1/customers", "coupon=EURO").await.ok());
    let form = format!("customer={customer}&amount=2500&currency=usd");
    sandbox.post("/v1/invoiceitems", &form).await.ok();
    let form = format!("customer={customer}&pending_invoice_items_behavior=include");
    assert_eq!(sandbox.post("/v1/invoices", &form).await.ok()["total"], 2500);
}

#[tokio::test]
async fn a_total_is_an_amount_that_can_be_paid() {
    let sandbox = Sandbox::start().await;
    let off = id(&sandbox.post("/v1/coupons", "amount_off=1990&currency=usd").await.ok());
    let said = refused(&sandbox, &format!("discounts[0][coupon]={off}")).await;
    assert_eq!(said["code"], "amount_too_small");
    let huge = (1..20).fold(String::new(), |form, at| {
        let item = ITEM.replace("line_items[0]", &format!("line_items[{at}]"));
        let item = item.replace("[quantity]=1", "[quantity]=999999");
        form + "&" + &item.replace("unit_amount]=2000", "unit_amount]=999999999999")
    });
    assert_eq!(refused(&sandbox, &huge).await["code"], "amount_too_large");
}

#[tokio::test]
async fn a_promotion_code_keeps_its_terms() {
    let sandbox = Sandbox::start().await;
    let customer = id(&sandbox.post("/v1/customers", "").await.ok());
    let off = "amount_off=500&currency=usd";
    code(&sandbox, off, "&code=ONCE&max_redemptions=1").await;
    code(&sandbox, off, &format!("&code=HERS&customer={customer}")).await;
    let least = "restrictions[minimum_amount]=2001&restrictions[minimum_amount_currency]=usd";
    code(&sandbox, off, &format!("&code=MUCH&{least}")).await;
    let enter = async |name: &str, more: &str| {
        let made = session(&sandbox, &format!("allow_promotion_codes=true{more}")).await;
        post(&sandbox, &made, &format!("promotion_code={name}&apply=1")).await;
        (made.clone(), now(&sandbox, &made).await["amount_total"].clone())
    };
    assert_eq!(enter("HERS", "").await.1, 2000);
    assert_eq!(enter("HERS", &format!("&customer={customer}")).await.1, 1500);
    assert_eq!(enter("MUCH", "").await.1, 2000);
    let (made, total) = enter("ONCE", "").await;
    assert_eq!(total, 1500);
    post(&sandbox, &made, &format!("{GOOD}&{REST}")).await;
    assert_eq!(enter("ONCE", "").await.1, 2000, "it was redeemed");
}

#[tokio::test]
async fn a_link_at_its_limit_ends_the_pages_that_are_open() {
    let sandbox = Sandbox::start().await;
    let form = "currency=usd&unit_amount=900&product_data[name]=Box";
    let price = id(&sandbox.post("/v1/prices", form).await.ok());
    let form = format!(
        "line_items[0][price]={price}&line_items[0][quantity]=1\
         &restrictions[completed_sessions][limit]=1"
    );
    let link = sandbox.post("/v1/payment_links", &form).await.ok();
    let link = link["url"].as_str().expect("an address");
    let mut pages = Vec::new();
    for _ in 0..3 {
        let answer = browser().get(link).send().await.unwrap();
        pages.push(answer.headers()["location"].to_str().unwrap().to_owned());
    }
    let bank = post_to(&pages[2], &format!("{ASKS}&{REST}")).await;
    for page in &pages[..2] {
        post_to(page, &format!("{GOOD}&{REST}")).await;
    }
    authenticate(&bank).await;
    assert_eq!(charged(&sandbox).await, [json!(900)], "it sells once");
}

#[tokio::test]
async fn an_expired_session_is_not_paid_by_an_authentication() {
    let sandbox = Sandbox::start().await;
    let made = session(&sandbox, "").await;
    let bank = post(&sandbox, &made, &format!("{ASKS}&{REST}")).await;
    let path = format!("/v1/checkout/sessions/{}/expire", id(&made));
    let intent = sandbox.post(&path, "").await.ok()["payment_intent"].clone();
    authenticate(&bank).await;
    let path = format!("/v1/payment_intents/{}", intent.as_str().expect("an intent"));
    let intent = sandbox.get(&path).await.ok();
    assert_eq!(
        (&intent["status"], &intent["cancellation_reason"]),
        (&json!("canceled"), &json!("expired"))
    );

    let item = ITEM.to_owned() + "&line_items[0][price_data][recurring][interval]=month";
    let form = format!("mode=subscription&{SHOP}&{item}");
    let made = sandbox.post("/v1/checkout/sessions", &form).await.ok();
    let bank = post(&sandbox, &made, &format!("{ASKS}&{REST}")).await;
    sandbox.post(&format!("/v1/checkout/sessions/{}/expire", id(&made)), "").await.ok();
    authenticate(&bank).await;

    let form = format!("mode=setup&currency=usd&{SHOP}");
    let made = sandbox.post("/v1/checkout/sessions", &form).await.ok();
    let bank = post(&sandbox, &made, &format!("{ASKS}&{REST}")).await;
    sandbox.post(&format!("/v1/checkout/sessions/{}/expire", id(&made)), "").await.ok();
    authenticate(&bank).await;
    let path = format!("/v1/setup_intents/{}", made["setup_intent"].as_str().expect("an intent"));
    assert_eq!(sandbox.get(&path).await.ok()["status"], "canceled");
    assert_eq!(charged(&sandbox).await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_the_api_did_to_the_intent_counts_on_the_page() {
    let sandbox = Sandbox::start().await;
    for (end, expected) in [("cancel", 0), ("confirm?payment_method=pm_card_visa", 1)] {
        let made = session(&sandbox, "").await;
        post(&sandbox, &made, &format!("{DECLINED}&{REST}")).await;
        let intent = now(&sandbox, &made).await["payment_intent"].clone();
        let (end, form) = end.split_once('?').unwrap_or((end, ""));
        let path = format!("/v1/payment_intents/{}/{end}", intent.as_str().expect("an intent"));
        sandbox.post(&path, form).await.ok();
        post(&sandbox, &made, &format!("{GOOD}&{REST}")).await;
        assert_eq!(charged(&sandbox).await.len(), expected, "{end}");
    }
}

#[tokio::test]
async fn nothing_of_another_account_is_sold() {
    let sandbox = Sandbox::start().await;
    let account = id(&sandbox.post("/v1/accounts", "type=custom&country=US").await.ok());
    let form = "currency=usd&unit_amount=900&product_data[name]=Box";
    let price = sandbox.post("/v1/prices", form).await.ok();
    let other = [("stripe-account", account.as_str())];
    let form = format!("mode=payment&{SHOP}&line_items[0][quantity]=1&line_items[0]");
    let by_price = format!("{form}[price]={}", id(&price));
    let product = price["product"].as_str().expect("a product");
    let by_product = format!(
        "{form}[price_data][currency]=usd&line_items[0][price_data][unit_amount]=900\
         &line_items[0][price_data][product]={product}"
    );
    for form in [by_price, by_product] {
        let refused = sandbox.post_with("/v1/checkout/sessions", &form, &other).await.refused(400);
        assert_eq!(refused["code"], "resource_missing");
        sandbox.post("/v1/checkout/sessions", &form).await.ok();
    }
}
