//! Checkout sessions, by the API and on the hosted page.

use super::client::{Answer, PLATFORM, Sandbox, id, send};
use serde_json::{Value, json};

const SESSIONS: &str = "/v1/checkout/sessions";
const ORDER: &str = "mode=payment&success_url=https://shop.example/thanks?s={CHECKOUT_SESSION_ID}&\
    cancel_url=https://shop.example/cart&line_items[0][price_data][currency]=usd&\
    line_items[0][price_data][unit_amount]=1500&line_items[0][price_data][product_data][name]=Mug&\
    line_items[0][quantity]=2&line_items[1][price_data][currency]=usd&\
    line_items[1][price_data][unit_amount]=250&line_items[1][price_data][product_data][name]=Tea";
const NEWEST: [(&str, &str); 1] = [("stripe-version", "2026-08-26.dahlia")];

async fn open(sandbox: &Sandbox, more: &str) -> Value {
    sandbox.post_with(SESSIONS, &format!("{ORDER}{more}"), &NEWEST).await.ok()
}

fn card(number: &str) -> String {
    format!("email=a@b.c&name=Ann&cardnumber={number}&exp=12/40&cvc=123")
}

/// Sends the form of a page, and does not follow where it leads.
async fn submit(url: &str, body: &str) -> Answer {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let client = client.no_proxy().build().unwrap();
    let form = "application/x-www-form-urlencoded";
    send(client.post(url).header("content-type", form).body(body.to_owned())).await
}

fn page(answer: &Answer) -> &str {
    answer.body.as_str().unwrap_or_else(|| panic!("{answer:?}"))
}

#[tokio::test]
async fn a_person_pays_on_the_hosted_page() {
    let sandbox = Sandbox::old(false).await;
    let session = open(&sandbox, "&client_reference_id=7&metadata[a]=b").await;
    assert_eq!((&session["amount_total"], &session["status"]), (&json!(3250), &json!("open")));
    assert_eq!(session["payment_intent"], json!(null), "a new version");
    let url = session["url"].as_str().unwrap();
    let shown = send(sandbox.http.get(url)).await;
    let policy = shown.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
    for words in ["Mug", "2 × $15.00", "Pay $32.50", "https://shop.example/cart"] {
        assert!(page(&shown).contains(words), "{words}");
    }
    for (entries, fault) in [
        ("", "Enter your email address."),
        ("email=a@b.c", "Enter your card number."),
        (&*card("4242424242424241"), "Your card number is incorrect."),
        (&*card("4000000000000002"), "Your card was declined."),
    ] {
        let answer = submit(url, entries).await;
        assert_eq!(answer.status, 200);
        assert!(page(&answer).contains(fault), "{fault}");
    }
    let paid = submit(url, &card("4242424242424242")).await;
    assert_eq!(paid.status, 303);
    let thanks = format!("https://shop.example/thanks?s={}", id(&session));
    assert_eq!(paid.header("location"), Some(thanks.as_str()));
    let path = format!("{SESSIONS}/{}?expand[]=line_items&expand[]=payment_intent", id(&session));
    let after = sandbox.get(&path).await.ok();
    assert_eq!(
        (&after["status"], &after["payment_status"], &after["customer_details"]["email"]),
        (&json!("complete"), &json!("paid"), &json!("a@b.c"))
    );
    assert_eq!(after["payment_intent"]["amount_received"], 3250);
    assert_eq!(after["line_items"]["data"][0]["description"], "Mug");
    assert_eq!(after["line_items"]["data"][1]["amount_total"], 250);
    let again = submit(url, &card("4242424242424242")).await;
    assert_eq!(again.header("location"), Some(thanks.as_str()));
    let intents = sandbox.get("/v1/payment_intents").await.ok();
    assert_eq!(intents["data"].as_array().unwrap().len(), 1, "one intent, declined and paid");
    let told = sandbox.event_types(PLATFORM).await;
    assert_eq!(told.last().unwrap(), "checkout.session.completed");
}

#[tokio::test]
async fn three_d_secure_leads_back_to_the_session() {
    let sandbox = Sandbox::old(false).await;
    for (outcome, status) in [("fail", "open"), ("complete", "complete")] {
        let session = open(&sandbox, "").await;
        let url = session["url"].as_str().unwrap();
        let challenge = submit(url, &card("4000002760003184")).await;
        let challenge = challenge.header("location").unwrap().to_owned();
        let secret = challenge.split("client_secret=").nth(1).unwrap();
        let body = format!("client_secret={secret}&outcome={outcome}");
        let back = submit(&challenge, &body).await;
        let back = back.header("location").unwrap().to_owned();
        assert!(back.starts_with(url), "{back}");
        let after = sandbox.get(&format!("{SESSIONS}/{}", id(&session))).await.ok();
        assert_eq!(after["status"], status);
        if status == "open" {
            let shown = send(sandbox.http.get(&back)).await;
            assert!(page(&shown).contains("unable to authenticate"), "{}", page(&shown));
        }
    }
}

#[tokio::test]
async fn a_session_expires_by_request_and_by_the_clock() {
    let sandbox = Sandbox::old(false).await;
    let (one, other) = (open(&sandbox, "").await, open(&sandbox, "").await);
    let expire = |session: &Value| format!("{SESSIONS}/{}/expire", id(session));
    let expired = sandbox.post(&expire(&one), "").await.ok();
    assert_eq!((&expired["status"], &expired["url"]), (&json!("expired"), &json!(null)));
    sandbox.post(&expire(&one), "").await.refused(400);
    sandbox.control("/clock", json!({"hours": 25})).await.ok();
    let late = sandbox.get(&format!("{SESSIONS}/{}", id(&other))).await.ok();
    assert_eq!(late["status"], "expired");
    let shown = send(sandbox.http.get(other["url"].as_str().unwrap())).await;
    assert!(page(&shown).contains("This page has expired"));
    let told = sandbox.event_types(PLATFORM).await;
    assert_eq!(told.iter().filter(|kind| *kind == "checkout.session.expired").count(), 2);
}

#[tokio::test]
async fn the_clis_payment_pages() {
    let sandbox = Sandbox::old(false).await;
    let session = open(&sandbox, "&customer_creation=always").await;
    let path = format!("/v1/payment_pages/{}", id(&session));
    let shown = sandbox.get(&path).await.ok();
    assert_eq!(shown["session_id"], session["id"]);
    let token = "type=card&card[token]=tok_visa&billing_details[email]=cli@b.c";
    let method = id(&sandbox.post("/v1/payment_methods", token).await.ok());
    let confirm = format!("{path}/confirm");
    let form = format!("payment_method={method}&expected_amount=1");
    sandbox.post(&confirm, &form).await.refused(400);
    let form = format!("payment_method={method}&expected_amount=3250");
    sandbox.post(&confirm, &form).await.ok();
    let after = sandbox.get(&format!("{SESSIONS}/{}", id(&session))).await.ok();
    assert_eq!(after["payment_status"], "paid");
    let customer = after["customer"].as_str().unwrap();
    let customer = sandbox.get(&format!("/v1/customers/{customer}")).await.ok();
    assert_eq!(customer["email"], "cli@b.c");
    sandbox.post(&confirm, &form).await.refused(400);
}

#[tokio::test]
async fn a_late_payment_tells_when_it_ends() {
    let sandbox = Sandbox::old(false).await;
    for (name, status, event) in [
        ("pm_usBankAccount_success", "paid", "async_payment_succeeded"),
        ("pm_usBankAccount_noAccount", "unpaid", "async_payment_failed"),
    ] {
        let session = open(&sandbox, "").await;
        let confirm = format!("/v1/payment_pages/{}/confirm", id(&session));
        let public = [("stripe-version", "2026-08-26.dahlia")];
        let form = format!("payment_method={name}");
        sandbox.post_with(&confirm, &form, &public).await.ok();
        let path = format!("{SESSIONS}/{}", id(&session));
        let waiting = sandbox.get(&path).await.ok();
        assert_eq!(
            (&waiting["status"], &waiting["payment_status"]),
            (&json!("complete"), &json!("unpaid"))
        );
        sandbox.control("/clock", json!({"hours": 1})).await.ok();
        assert_eq!(sandbox.get(&path).await.ok()["payment_status"], status);
        let told = sandbox.event_types(PLATFORM).await;
        assert_eq!(told.last().unwrap(), &format!("checkout.session.{event}"));
    }
}

#[tokio::test]
async fn setup_embedded_and_free_sessions() {
    let sandbox = Sandbox::old(false).await;
    let form = "mode=setup&success_url=https://shop.example/&payment_method_types[]=card";
    let session = sandbox.post(SESSIONS, form).await.ok();
    assert!(session["setup_intent"].as_str().unwrap().starts_with("seti_"));
    let url = session["url"].as_str().unwrap();
    assert_eq!(submit(url, &card("4242424242424242")).await.status, 303);
    let after =
        sandbox.get(&format!("{SESSIONS}/{}?expand[]=setup_intent", id(&session))).await.ok();
    assert_eq!(after["setup_intent"]["status"], "succeeded");
    assert_eq!(after["payment_status"], "no_payment_required");
    let embedded = ORDER.split("&line_items").skip(1).map(|part| format!("&line_items{part}"));
    let lines: String = embedded.collect();
    let form = format!("mode=payment&ui_mode=embedded{lines}&return_url=https://shop.example/back");
    let session = sandbox.post(SESSIONS, &form).await.ok();
    assert!(session["client_secret"].as_str().unwrap().starts_with(&id(&session)));
    assert_eq!(session["url"], json!(null));
    assert!(session["payment_intent"].is_string(), "an old version makes it at once");
    let path = format!("/checkout.stripe.com/c/pay/{}", id(&session));
    let shown = send(sandbox.http.get(sandbox.url(&path))).await;
    assert!(shown.header("content-security-policy").unwrap().contains("frame-ancestors *"));
    let entries = card("4242424242424242") + "&framed=1";
    let done = submit(&sandbox.url(&path), &entries).await;
    assert!(page(&done).contains("data-url=\"https://shop.example/back\""), "{}", page(&done));
    let free = "mode=payment&success_url=https://shop.example/&line_items[0][price_data][currency]\
        =usd&line_items[0][price_data][unit_amount]=0&line_items[0][price_data][product_data][name]=A";
    let session = sandbox.post(SESSIONS, free).await.ok();
    let url = session["url"].as_str().unwrap();
    assert_eq!(submit(url, "email=a@b.c").await.status, 303);
    for (form, param) in [
        ("mode=payment", "success_url"),
        ("success_url=https://x.example/", "mode"),
        ("mode=payment&success_url=https://x.example/", "line_items"),
        ("mode=payment&ui_mode=embedded", "return_url"),
    ] {
        assert_eq!(sandbox.post(SESSIONS, form).await.refused(400)["param"], param);
    }
}

#[tokio::test]
async fn a_subscription_is_bought() {
    let sandbox = Sandbox::settling().await;
    let price = "line_items[0][price_data][currency]=usd&line_items[0][price_data][unit_amount]=\
        1200&line_items[0][price_data][product_data][name]=Plan&\
        line_items[0][price_data][recurring][interval]=month";
    let form = format!("mode=subscription&success_url=https://shop.example/&{price}");
    let once = form.replace("&line_items[0][price_data][recurring][interval]=month", "");
    assert_eq!(sandbox.post(SESSIONS, &once).await.refused(400)["param"], "line_items");
    let session = sandbox.post_with(SESSIONS, &form, &NEWEST).await.ok();
    let url = session["url"].as_str().unwrap();
    let declined = submit(url, &card("4000000000000002")).await;
    assert!(page(&declined).contains("Your card was declined."), "{}", page(&declined));
    assert_eq!(submit(url, &card("4242424242424242")).await.status, 303);
    let path = format!("{SESSIONS}/{}?expand[]=subscription&expand[]=invoice", id(&session));
    let after = send(sandbox.request(reqwest::Method::GET, &path).header(NEWEST[0].0, NEWEST[0].1));
    let after = after.await.ok();
    assert_eq!(
        (&after["payment_status"], &after["payment_intent"]),
        (&json!("paid"), &json!(null))
    );
    assert_eq!(after["subscription"]["status"], "active");
    assert!(after["subscription"]["default_payment_method"].is_string());
    assert_eq!(after["invoice"]["status"], "paid");
    let list = sandbox.get("/v1/subscriptions?status=all").await.ok();
    assert_eq!(list["data"].as_array().unwrap().len(), 1, "one, declined and paid");
    assert_eq!(sandbox.balance(PLATFORM).await, (1200 - 65, 0));
    let trial = format!("{form}&subscription_data[trial_period_days]=7");
    let session = sandbox.post_with(SESSIONS, &trial, &NEWEST).await.ok();
    let url = session["url"].as_str().unwrap();
    assert_eq!(submit(url, &card("4242424242424242")).await.status, 303);
    let after = sandbox.get(&format!("{SESSIONS}/{}?expand[]=subscription", id(&session))).await;
    assert_eq!(after.ok()["subscription"]["status"], "trialing");
    assert_eq!(sandbox.balance(PLATFORM).await, (1200 - 65, 0), "nothing is paid yet");
}
