//! Small things that Stripe does: what is told first, what is hidden, how much is too much.

use super::client::{NEWEST, Sandbox, id, send};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_missing_operation_is_told_before_its_parameters() {
    let sandbox = Sandbox::start().await;
    for path in ["/v1/nothing", "/v1/charges/ch_1/nothing", "/v1/climate/nothing"] {
        let refused = sandbox.post(path, "bogus=1").await.refused(404);
        assert!(refused["message"].as_str().unwrap().starts_with("Unrecognized request URL"));
    }
    let refused = sandbox.post("/v1/customers", "bogus=1").await.refused(400);
    assert_eq!(refused["code"], "parameter_unknown");
    assert_eq!(sandbox.get("/v1/customers").await.ok()["data"], json!([]));
}

#[tokio::test]
async fn a_publishable_key_sees_no_value_in_place_of_what_is_hidden() {
    let sandbox = Sandbox::start().await;
    let form = "amount=2000&currency=usd&metadata[a]=1";
    let intent = sandbox.post("/v1/payment_intents", form).await.ok();
    let secret = intent["client_secret"].as_str().unwrap();
    let url = sandbox.url(&format!("/v1/payment_intents/{}?client_secret={secret}", id(&intent)));
    let request = sandbox.http.get(url).bearer_auth("pk_test_sandbox1234");
    let request = request.header("stripe-version", NEWEST);
    let response = request.send().await.unwrap();
    let shown: serde_json::Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!((&shown["id"], &shown["amount"]), (&intent["id"], &json!(2_000)));
    for hidden in ["metadata", "customer", "application", "amount_received", "latest_charge"] {
        assert!(shown.get(hidden).is_none(), "{hidden}: {shown:#}");
    }
}

#[tokio::test]
async fn too_many_elements_are_refused() {
    let sandbox = Sandbox::start().await;
    let items = |count: usize, name: &str| -> String {
        (0..count).map(|at| format!("&{name}[{at}][price]=price_1")).collect()
    };
    let session = format!("mode=payment&success_url=http://localhost/{}", items(101, "line_items"));
    let refused = sandbox.post("/v1/checkout/sessions", &session).await.refused(400);
    assert_eq!(refused["message"], "Array line_items exceeded maximum 100 allowed elements.");
    let customer = id(&sandbox.post("/v1/customers", "").await.ok());
    let form = format!("customer={customer}{}", items(21, "items"));
    let refused = sandbox.post("/v1/subscriptions", &form).await.refused(400);
    assert_eq!(refused["message"], "Array items exceeded maximum 20 allowed elements.");
    let invoice = id(&sandbox.post("/v1/invoices", &format!("customer={customer}")).await.ok());
    let form = format!("customer={customer}&invoice={invoice}&amount=1&currency=usd");
    for _ in 0..250 {
        sandbox.post("/v1/invoiceitems", &form).await.ok();
    }
    sandbox.post("/v1/invoiceitems", &form).await.refused(400);
    let lines = sandbox.get(&format!("/v1/invoices/{invoice}")).await.ok();
    assert_eq!(lines["total"], 250);
}

#[tokio::test]
async fn a_return_address_is_encoded_and_an_application_s_is_a_web_address() {
    let sandbox = Sandbox::start().await;
    let account = id(&sandbox.post("/v1/accounts", "type=express").await.ok());
    let form = format!(
        "account={account}&type=account_onboarding&return_url=http://localhost/back\
         &refresh_url=http://localhost/żółw?q=ü"
    );
    let link = sandbox.post("/v1/account_links", &form).await.ok();
    let url = link["url"].as_str().unwrap();
    let policy = reqwest::redirect::Policy::none();
    let http = reqwest::Client::builder().no_proxy().redirect(policy).build().unwrap();
    http.get(url).send().await.unwrap();
    let again = http.get(url).send().await.unwrap();
    let location = again.headers()["location"].to_str().unwrap();
    assert_eq!(location, "http://localhost/%C5%BC%C3%B3%C5%82w?q=%C3%BC");
    for uri in ["javascript:alert(1)", "data:text/html,x", "nothing", "http://localhost/#part"] {
        let body = json!({"client_id": "ca_books", "redirect_uris": [uri]});
        let refused = sandbox.control("/applications", body).await.refused(400);
        assert!(refused["message"].as_str().unwrap().contains(uri), "{refused:#}");
    }
}

#[tokio::test]
async fn a_hash_in_place_of_a_text_is_shown_as_ruby_prints_it() {
    let sandbox = Sandbox::start().await;
    let request = sandbox.request(Method::POST, "/v1/customers").body("email[a][]=1&email[b]=x");
    let refused = send(request).await.refused(400);
    assert_eq!(refused["message"], r#"Invalid string: {"a"=>["1"], "b"=>"x"}"#);
    assert_eq!(refused["param"], "email");
}
