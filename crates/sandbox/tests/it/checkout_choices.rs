//! Checkout sessions with discounts, promotion codes, shipping and the shop's own fields.

use super::client::{Sandbox, id};
use serde_json::{Value, json};

const ITEM: &str = "line_items[0][price_data][currency]=usd&line_items[0][quantity]=1\
    &line_items[0][price_data][product_data][name]=Mug&line_items[0][price_data][unit_amount]=2000";
const SHOP: &str = "success_url=https://shop.example/thanks";
const CARD: &str = "cardnumber=4242424242424242&exp=12/34&cvc=123&email=ann@example.com";

async fn session(sandbox: &Sandbox, more: &str) -> Value {
    let form = format!("mode=payment&{SHOP}&{ITEM}&{more}");
    sandbox.post("/v1/checkout/sessions", &form).await.ok()
}

/// Posts the form of the session's page; what it says.
async fn post(sandbox: &Sandbox, session: &Value, form: &str) -> String {
    let path = format!("/checkout.stripe.com/c/pay/{}", id(session));
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let request = browser.build().unwrap().post(sandbox.url(&path)).body(form.to_owned());
    request.send().await.unwrap().text().await.unwrap()
}

async fn now(sandbox: &Sandbox, session: &Value) -> Value {
    sandbox.get(&format!("/v1/checkout/sessions/{}", id(session))).await.ok()
}

#[tokio::test]
async fn a_discount_is_taken_off_and_counts_when_it_is_paid() {
    let sandbox = Sandbox::start().await;
    sandbox.post("/v1/coupons", "id=QUARTER&percent_off=25").await.ok();
    let second = ITEM.replace("line_items[0]", "line_items[1]").replace("=2000", "=333");
    let made = session(&sandbox, &format!("{second}&discounts[0][coupon]=QUARTER")).await;
    assert_eq!((&made["amount_subtotal"], &made["amount_total"]), (&json!(2333), &json!(1750)));
    assert_eq!(made["total_details"]["amount_discount"], 583);
    let items = sandbox.get(&format!("/v1/checkout/sessions/{}/line_items", id(&made))).await.ok();
    let parts = items["data"].as_array().expect("items").iter();
    let parts: Vec<_> = parts.map(|item| item["amount_discount"].as_i64().unwrap()).collect();
    assert_eq!(parts.iter().sum::<i64>(), 583, "to the smallest unit: {parts:?}");
    assert_eq!(sandbox.get("/v1/coupons/QUARTER").await.ok()["times_redeemed"], 0);
    post(&sandbox, &made, CARD).await;
    let paid = now(&sandbox, &made).await;
    assert_eq!(paid["payment_status"], "paid");
    let intent = paid["payment_intent"].as_str().expect("an intent");
    let intent = sandbox.get(&format!("/v1/payment_intents/{intent}")).await.ok();
    assert_eq!(intent["amount_received"], 1750);
    assert_eq!(sandbox.get("/v1/coupons/QUARTER").await.ok()["times_redeemed"], 1);

    let form = format!("mode=payment&{SHOP}&{ITEM}&discounts[0][coupon]=NOTHING");
    sandbox.post("/v1/checkout/sessions", &form).await.refused(400);
    let both = format!(
        "mode=payment&{SHOP}&{ITEM}&discounts[0][coupon]=QUARTER&allow_promotion_codes=true"
    );
    let refused = sandbox.post("/v1/checkout/sessions", &both).await.refused(400);
    assert_eq!(refused["param"], "discounts");
    let free = sandbox.post("/v1/coupons", "percent_off=100").await.ok();
    let free = session(&sandbox, &format!("discounts[0][coupon]={}", id(&free))).await;
    assert_eq!(
        (&free["amount_total"], &free["payment_status"]),
        (&json!(0), &json!("no_payment_required"))
    );
    post(&sandbox, &free, "email=ann@example.com").await;
    assert_eq!(now(&sandbox, &free).await["status"], "complete");
}

#[tokio::test]
async fn a_customer_enters_a_promotion_code() {
    let sandbox = Sandbox::start().await;
    sandbox.post("/v1/coupons", "id=FIVE&amount_off=500&currency=usd").await.ok();
    let form = "promotion[type]=coupon&promotion[coupon]=FIVE&code=SPRING";
    let code = sandbox.post("/v1/promotion_codes", form).await.ok();
    let made = session(&sandbox, "allow_promotion_codes=true").await;
    let said = post(&sandbox, &made, "promotion_code=WINTER&apply=1").await;
    assert!(said.contains("This code is invalid."), "{said}");
    let said = post(&sandbox, &made, "promotion_code=spring&apply=1").await;
    assert!(said.contains("Pay $15.00") && said.contains("−$5.00"), "{said}");
    let shown = now(&sandbox, &made).await;
    assert_eq!(shown["discounts"][0]["promotion_code"], code["id"]);
    post(&sandbox, &made, CARD).await;
    let paid = now(&sandbox, &made).await;
    assert_eq!((&paid["amount_total"], &paid["status"]), (&json!(1500), &json!("complete")));
    let code = sandbox.get(&format!("/v1/promotion_codes/{}", id(&code))).await.ok();
    assert_eq!(code["times_redeemed"], 1);

    let closed = session(&sandbox, "").await;
    post(&sandbox, &closed, "promotion_code=spring&apply=1").await;
    assert_eq!(now(&sandbox, &closed).await["amount_total"], 2000, "it takes no codes");
}

#[tokio::test]
async fn a_subscription_begins_with_its_discount() {
    let sandbox = Sandbox::start().await;
    sandbox.post("/v1/coupons", "id=HALF&percent_off=50&duration=once").await.ok();
    let item = ITEM.to_owned() + "&line_items[0][price_data][recurring][interval]=month";
    let form = format!("mode=subscription&{SHOP}&{item}&discounts[0][coupon]=HALF");
    let made = sandbox.post("/v1/checkout/sessions", &form).await.ok();
    assert_eq!(made["amount_total"], 1000);
    post(&sandbox, &made, CARD).await;
    let paid = now(&sandbox, &made).await;
    assert_eq!(paid["payment_status"], "paid", "{paid:#}");
    let invoice = paid["invoice"].as_str().expect("an invoice");
    let invoice = sandbox.get(&format!("/v1/invoices/{invoice}")).await.ok();
    assert_eq!((&invoice["amount_paid"], &invoice["status"]), (&json!(1000), &json!("paid")));
}

#[tokio::test]
async fn shipping_and_own_fields_are_chosen_on_the_page() {
    let sandbox = Sandbox::start().await;
    let form =
        "display_name=Slow&type=fixed_amount&fixed_amount[amount]=300&fixed_amount[currency]=usd";
    let slow = id(&sandbox.post("/v1/shipping_rates", form).await.ok());
    let form = format!(
        "shipping_options[0][shipping_rate]={slow}\
         &shipping_options[1][shipping_rate_data][display_name]=Fast\
         &shipping_options[1][shipping_rate_data][type]=fixed_amount\
         &shipping_options[1][shipping_rate_data][fixed_amount][amount]=900\
         &shipping_options[1][shipping_rate_data][fixed_amount][currency]=usd\
         &custom_fields[0][key]=engraving&custom_fields[0][type]=text\
         &custom_fields[0][label][type]=custom&custom_fields[0][label][custom]=Engraving\
         &custom_fields[0][text][maximum_length]=5\
         &custom_fields[1][key]=size&custom_fields[1][type]=dropdown&custom_fields[1][optional]=true\
         &custom_fields[1][label][type]=custom&custom_fields[1][label][custom]=Size\
         &custom_fields[1][dropdown][options][0][label]=Small\
         &custom_fields[1][dropdown][options][0][value]=s"
    );
    let made = session(&sandbox, &form).await;
    assert_eq!(made["amount_total"], 2300, "the first way is chosen");
    let fast = made["shipping_options"][1]["shipping_rate"].as_str().expect("a rate");
    for (entry, words) in [
        ("", "Enter: Engraving."),
        ("&custom_engraving=Much too long", "Too long: Engraving."),
        ("&custom_engraving=Ann&custom_size=xl", "Choose: Size."),
        ("&custom_engraving=Ann&shipping=shr_nothing", "Choose a way of shipping."),
    ] {
        let said = post(&sandbox, &made, &format!("{CARD}&shipping={fast}{entry}")).await;
        let said = if words.starts_with("Choose a way") {
            post(&sandbox, &made, &format!("{CARD}{entry}")).await
        } else {
            said
        };
        assert!(said.contains(words), "{words} is not in {said}");
    }
    post(&sandbox, &made, &format!("{CARD}&shipping={fast}&custom_engraving=Ann")).await;
    let paid = now(&sandbox, &made).await;
    assert_eq!((&paid["status"], &paid["amount_total"]), (&json!("complete"), &json!(2900)));
    assert_eq!(paid["shipping_cost"]["amount_total"], 900);
    assert_eq!(paid["custom_fields"][0]["text"]["value"], "Ann");
    assert_eq!(paid["custom_fields"][1]["dropdown"]["value"], json!(null));
}
