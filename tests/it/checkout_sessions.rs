//! Stripe's own payment page: opened, paid on, closed.

use crate::support::host::TestHost;
use crate::support::http::send;
use crate::support::wait::eventually;
use serde_json::{Value as Json, json};

fn stored(host: &TestHost, session: &Json) -> Json {
    let all = host.records("modules/payments/checkout_session");
    let own = all.into_iter().find(|one| one["properties"]["gateway_id"] == session["gateway_id"]);
    own.expect("the session")["properties"].clone()
}

fn mugs() -> Json {
    json!({ "success_url": "http://localhost/thanks", "external_id": "order-7",
        "line_items": [{ "quantity": 2, "price_data": { "currency": "usd", "unit_amount": 1500,
            "product_data": { "name": "Mug" } } }] })
}

#[test]
fn a_customer_pays_on_stripes_page() {
    let host = TestHost::start();
    let open = host.completed("create_checkout_session", &mugs());
    assert_eq!((&open["state"], &open["amount_cents"]), (&json!("open"), &json!(3000)));
    assert_eq!(
        (&open["payment_state"], &open["external_id"]),
        (&json!("unpaid"), &json!("order-7"))
    );
    let url = open["url"].as_str().expect("a page");
    let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).expect("a path").1;
    let path = format!("/{}", path.split('#').next().unwrap());
    let page = send(host.stripe.addr, "GET", &path, &[], b"").expect("a page");
    assert!(page.expect(200).text().contains("Mug"));
    let card = "kind=card&email=a%40b.c&cardnumber=4242424242424242&exp=12%2F40&cvc=123&name=Ada";
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let paid = send(host.stripe.addr, "POST", &path, &form, card.as_bytes()).expect("an answer");
    assert_eq!(paid.status, 303, "{}", paid.text());
    let now = eventually("it is paid", || {
        let now = stored(&host, &open);
        let is_paid = now["state"] == "complete" && now["payment_state"] == "paid";
        if is_paid { Ok(now) } else { Err(format!("{now:#}")) }
    });
    assert!(now["payment_intent"].as_str().is_some_and(|id| id.starts_with("pi_")), "{now:#}");
    assert_eq!(now["email"], "a@b.c");
}

#[test]
fn a_page_is_closed() {
    let host = TestHost::start();
    let open = host.completed("create_checkout_session", &mugs());
    let id = json!({ "gateway_id": open["gateway_id"] });
    let closed = host.completed("expire_checkout_session", &id);
    assert_eq!((&closed["state"], &closed["url"]), (&json!("expired"), &json!(null)));
    let again = host.request_type("expire_checkout_session", &json!({ "data": id })).json();
    assert_eq!(again["state"], "failed", "{again:#}");
    let nothing = json!({ "data": { "success_url": "http://localhost/x" } });
    let refused = host.request_type("create_checkout_session", &nothing).json();
    assert_eq!(refused["state"], "failed", "{refused:#}");
}
