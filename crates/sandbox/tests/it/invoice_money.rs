//! An invoice is paid once, with what remains of it, and not after its end.

use super::client::{Sandbox, id};
use serde_json::{Value, json};

/// An invoice of 25 dollars that is sent, with the page of the bank that its payment waits for.
async fn waiting(sandbox: &Sandbox) -> (Value, String) {
    let form = "email=ann@example.com&payment_method=pm_card_visa\
        &invoice_settings[default_payment_method]=pm_card_visa";
    let customer = id(&sandbox.post("/v1/customers", form).await.ok());
    let form = format!("customer={customer}&amount=2500&currency=usd&description=Repair");
    sandbox.post("/v1/invoiceitems", &form).await.ok();
    let form = format!(
        "customer={customer}&collection_method=send_invoice&days_until_due=30\
         &pending_invoice_items_behavior=include"
    );
    let made = sandbox.post("/v1/invoices", &form).await.ok();
    let made = sandbox.post(&format!("/v1/invoices/{}/finalize", id(&made)), "").await.ok();
    let page = made["hosted_invoice_url"].as_str().expect("a page").to_owned();
    let bank = post(&page, "cardnumber=4000002760003184&exp=12/34&cvc=123").await;
    assert!(bank.contains("/authenticate/"), "{bank}");
    (made, bank)
}

/// Posts a form; where it leads, or what it says.
async fn post(url: &str, form: &str) -> String {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let sent = browser.build().unwrap().post(url);
    let sent = sent.header("content-type", "application/x-www-form-urlencoded");
    let answer = sent.body(form.to_owned()).send().await.unwrap();
    match answer.headers().get("location") {
        Some(next) => next.to_str().unwrap().to_owned(),
        None => answer.text().await.unwrap(),
    }
}

async fn authenticate(url: &str) {
    let (page, query) = url.split_once('?').expect("a secret");
    post(page, &format!("{query}&outcome=complete")).await;
}

async fn charged(sandbox: &Sandbox) -> Vec<Value> {
    let all = sandbox.get("/v1/charges").await.ok()["data"].clone();
    let all = all.as_array().cloned().unwrap_or_default();
    let paid = all.into_iter().filter(|charge| charge["paid"] == true);
    paid.map(|charge| charge["amount"].clone()).collect()
}

#[tokio::test]
async fn an_invoice_that_is_paid_or_void_is_not_paid_by_a_page_left_open() {
    for (end, form, expected) in [
        ("pay", "", vec![json!(2500)]),
        ("pay", "paid_out_of_band=true", vec![]),
        ("void", "", vec![]),
    ] {
        let sandbox = Sandbox::start().await;
        let (invoice, bank) = waiting(&sandbox).await;
        let path = format!("/v1/invoices/{}/{end}", id(&invoice));
        sandbox.post(&path, form).await.ok();
        authenticate(&bank).await;
        assert_eq!(charged(&sandbox).await, expected, "{end} {form}");
        let events = sandbox.get("/v1/events?type=payment_intent.canceled").await.ok();
        assert_eq!(events["data"].as_array().map(Vec::len), Some(1));
    }
}

#[tokio::test]
async fn a_credit_note_changes_what_the_page_takes() {
    let sandbox = Sandbox::start().await;
    let (invoice, bank) = waiting(&sandbox).await;
    let form = format!("invoice={}&amount=1000", id(&invoice));
    let note = sandbox.post("/v1/credit_notes", &form).await.ok();
    authenticate(&bank).await;
    assert_eq!(charged(&sandbox).await, [json!(1500)]);
    let paid = sandbox.get(&format!("/v1/invoices/{}", id(&invoice))).await.ok();
    assert_eq!((&paid["status"], &paid["amount_paid"]), (&json!("paid"), &json!(1500)));
    sandbox.post(&format!("/v1/credit_notes/{}/void", id(&note)), "").await.refused(400);

    // A rest that no card can pay, and then more again.
    let sandbox = Sandbox::start().await;
    let (invoice, bank) = waiting(&sandbox).await;
    let form = format!("invoice={}&amount=2490", id(&invoice));
    let note = sandbox.post("/v1/credit_notes", &form).await.ok();
    authenticate(&bank).await;
    assert_eq!(charged(&sandbox).await, Vec::<Value>::new());
    sandbox.post(&format!("/v1/credit_notes/{}/void", id(&note)), "").await.ok();
    let page = invoice["hosted_invoice_url"].as_str().expect("a page");
    let said = post(page, "cardnumber=4242424242424242&exp=12/34&cvc=123").await;
    assert_eq!(charged(&sandbox).await, [json!(2500)], "{said}");
}

#[tokio::test]
async fn lines_of_a_credit_note_never_overflow() {
    let sandbox = Sandbox::start().await;
    let (invoice, _) = waiting(&sandbox).await;
    let lines = (0..20).fold(format!("invoice={}", id(&invoice)), |form, at| {
        form + &format!(
            "&lines[{at}][type]=custom_line_item&lines[{at}][description]=x\
             &lines[{at}][unit_amount]=999999999999&lines[{at}][quantity]=999999"
        )
    });
    sandbox.post("/v1/credit_notes", &lines).await.refused(400);
}

#[tokio::test]
async fn a_canceled_subscription_collects_nothing_more() {
    let sandbox = Sandbox::start().await;
    let clock = sandbox.post("/v1/test_helpers/test_clocks", "frozen_time=1800000000").await.ok();
    let form = format!(
        "email=ann@example.com&test_clock={}&payment_method=pm_card_visa\
         &invoice_settings[default_payment_method]=pm_card_visa",
        id(&clock)
    );
    let customer = id(&sandbox.post("/v1/customers", &form).await.ok());
    let form = "currency=usd&unit_amount=900&product_data[name]=Box&recurring[interval]=month";
    let price = id(&sandbox.post("/v1/prices", form).await.ok());
    let form = format!("customer={customer}&items[0][price]={price}");
    let subscription = id(&sandbox.post("/v1/subscriptions", &form).await.ok());
    let method = sandbox
        .post(
            "/v1/payment_methods/pm_card_chargeCustomerFail/attach",
            &format!("customer={customer}"),
        )
        .await
        .ok();
    let form = format!("invoice_settings[default_payment_method]={}", id(&method));
    sandbox.post(&format!("/v1/customers/{customer}"), &form).await.ok();
    let advance = async |time: i64| {
        let path = format!("/v1/test_helpers/test_clocks/{}/advance", id(&clock));
        sandbox.post(&path, &format!("frozen_time={time}")).await.ok();
    };
    advance(1_800_000_000 + 32 * 86_400).await;
    let path = format!("/v1/subscriptions/{subscription}");
    assert_eq!(sandbox.get(&path).await.ok()["status"], "past_due");
    sandbox.delete(&path).await.ok();
    let method = sandbox
        .post("/v1/payment_methods/pm_card_visa/attach", &format!("customer={customer}"))
        .await
        .ok();
    let form = format!("invoice_settings[default_payment_method]={}", id(&method));
    sandbox.post(&format!("/v1/customers/{customer}"), &form).await.ok();
    advance(1_800_000_000 + 60 * 86_400).await;
    assert_eq!(charged(&sandbox).await, [json!(900)], "only the first month");
}
