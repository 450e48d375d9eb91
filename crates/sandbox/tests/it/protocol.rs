//! Keys, forms, errors, headers, lists, expansion, API versions.

use super::client::{Sandbox, id, send};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn keys_are_checked() {
    let sandbox = Sandbox::start().await;
    let url = sandbox.url("/v1/customers");
    let none = send(sandbox.http.get(&url)).await.refused(401);
    assert!(none["message"].as_str().unwrap().starts_with("You did not provide an API key."));
    let odd = send(sandbox.http.get(&url).bearer_auth("hunter2hunter2")).await.refused(401);
    assert!(!odd["message"].as_str().unwrap().contains("hunter2hunter2"), "keys are not echoed");
    send(sandbox.http.get(&url).bearer_auth("sk_live_abcdefgh")).await.refused(401);
    let open = send(sandbox.http.get(&url).bearer_auth("pk_test_abcdefgh")).await.refused(401);
    assert_eq!(open["code"], "secret_key_required");
    send(sandbox.http.get(&url).basic_auth("rk_test_abc", Some(""))).await.ok();
    let card = "card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2040";
    let tokens = sandbox.url("/v1/tokens");
    send(sandbox.http.post(&tokens).bearer_auth("pk_test_x").body(card)).await.ok();
    send(sandbox.http.post(&tokens).body(format!("{card}&key=pk_test_x"))).await.ok();
}

#[tokio::test]
async fn odd_requests_of_old_modules_work() {
    let sandbox = Sandbox::start().await;
    let form =
        "\n\n  amount=2000&currency=usd&source=tok_visa&metadata%5Ba%5D=1+2&expand[]=customer\n\n";
    let charge = sandbox.post("//v1/charges", form).await.ok();
    assert_eq!(charge["metadata"]["a"], "1 2");
    let get = sandbox
        .request(Method::GET, &format!("//v1//charges/{}", id(&charge)))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("expand[]=balance_transaction");
    let charge = send(get).await.ok();
    assert_eq!(charge["balance_transaction"]["object"], "balance_transaction");
}

#[tokio::test]
async fn refusals_are_stripes() {
    let sandbox = Sandbox::start().await;
    for (form, code, message) in [
        ("currency=usd&source=tok_visa", "parameter_missing", "Missing required param: amount."),
        (
            "amount=abc&currency=usd&source=tok_visa",
            "parameter_invalid_integer",
            "Invalid integer: abc",
        ),
        (
            "amount=1&currency=usd&source=tok_visa",
            "amount_too_small",
            "Amount must be at least $0.50 usd",
        ),
        ("amount=500&currency=usd", "parameter_missing", "Must provide source or customer."),
        (
            "amount=500&currency=usd&source=tok_nope",
            "resource_missing",
            "No such token: 'tok_nope'",
        ),
        (
            "amount=500&currency=usd&source=tok_visa&bogus=1",
            "parameter_unknown",
            "Received unknown parameter: bogus",
        ),
        ("amount=500&currency=usd&customer=cus_x", "resource_missing", "No such customer: 'cus_x'"),
        (
            "amount=500&currency=usd&source=tok_visa&destination=acct_x",
            "resource_missing",
            "No such destination: 'acct_x'",
        ),
    ] {
        let error = sandbox.post("/v1/charges", form).await.refused(400);
        assert_eq!((&error["code"], &error["message"]), (&json!(code), &json!(message)));
        assert_eq!(error["type"], "invalid_request_error");
    }
    let error =
        sandbox.post("/v1/charges", "amount=500&currency=zzz&source=tok_visa").await.refused(400);
    assert!(error["message"].as_str().unwrap().starts_with("Invalid currency: zzz."));
    let error = sandbox.get("/v1/customers/cus_x").await.refused(404);
    assert_eq!(
        (&error["message"], &error["param"]),
        (&json!("No such customer: 'cus_x'"), &json!("id"))
    );
    let error = sandbox.get("/v1/nonsense").await.refused(404);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .starts_with("Unrecognized request URL (GET: /v1/nonsense)")
    );
    sandbox.post("/v1/charges", "a[b=1").await.refused(400);
    sandbox.post("/v1/charges", &"x".repeat(2_000_000)).await.refused(413);
}

#[tokio::test]
async fn answers_carry_stripes_headers() {
    let sandbox = Sandbox::old(false).await;
    let request =
        sandbox.request(Method::GET, "/v1/balance").header("stripe-version", "2018-02-28");
    let answer = send(request).await;
    assert!(answer.header("request-id").unwrap().starts_with("req_"));
    assert_eq!(answer.header("stripe-version"), Some("2018-02-28"));
    let answer = sandbox.get("/v1/balance").await;
    assert_eq!(answer.header("stripe-version"), Some("2019-08-14"));
    let request = sandbox.request(Method::GET, "/v1/balance").header("stripe-version", "soon");
    send(request).await.refused(400);
}

#[tokio::test]
async fn versions_shape_answers() {
    let sandbox = Sandbox::start().await;
    let customer = sandbox.post("/v1/customers", "source=tok_visa").await.ok();
    let path = format!("/v1/customers/{}", id(&customer));
    let modern = [("stripe-version", "2026-10-28.endive")];
    let plain = sandbox.post_with(&path, "", &modern).await.ok();
    assert_eq!(plain.get("sources"), None);
    let asked = sandbox.post_with(&path, "expand[]=sources", &modern).await.ok();
    assert_eq!(asked["sources"]["data"][0]["last4"], "4242");
    let account = sandbox
        .post_with("/v1/accounts", "type=custom", &[("stripe-version", "2018-02-28")])
        .await
        .ok();
    assert!(account["verification"]["fields_needed"].is_array());
}

#[tokio::test]
async fn lists_have_pages_in_both_directions() {
    let sandbox = Sandbox::start().await;
    let mut made = Vec::new();
    for at in 0..5 {
        made.insert(0, id(&sandbox.post("/v1/customers", &format!("email=c{at}@x.y")).await.ok()));
    }
    let ids = |list: &serde_json::Value| -> Vec<String> {
        list["data"].as_array().unwrap().iter().map(id).collect()
    };
    let first = sandbox.get("/v1/customers?limit=2").await.ok();
    assert_eq!((ids(&first), &first["has_more"]), (made[..2].to_vec(), &json!(true)));
    let next = sandbox.get(&format!("/v1/customers?limit=3&starting_after={}", made[1])).await.ok();
    assert_eq!((ids(&next), &next["has_more"]), (made[2..].to_vec(), &json!(false)));
    let back = sandbox.get(&format!("/v1/customers?limit=2&ending_before={}", made[4])).await.ok();
    assert_eq!((ids(&back), &back["has_more"]), (made[2..4].to_vec(), &json!(true)));
    let one = sandbox.get("/v1/customers?email=c3@x.y").await.ok();
    assert_eq!(ids(&one), [made[1].clone()]);
    let none = sandbox.get("/v1/customers?created[gt]=99999999999").await.ok();
    assert_eq!(none["data"], json!([]));
    sandbox.get("/v1/customers?limit=0").await.refused(400);
    sandbox.get("/v1/customers?limit=101").await.refused(400);
    sandbox.get("/v1/customers?starting_after=cus_x").await.refused(400);
}

#[tokio::test]
async fn expand_reaches_through_objects_and_refuses_nonsense() {
    let sandbox = Sandbox::settling().await;
    let account = sandbox.account().await;
    let form = format!("amount=2000&currency=usd&source=tok_visa&destination={account}");
    let charge = sandbox.post("/v1/charges", &form).await.ok();
    let path =
        "/v1/balance/history?limit=1000&expand[]=data.source.source_transfer.source_transaction";
    let rows = sandbox.get_as(&account, path).await.ok();
    let source = &rows["data"][0]["source"];
    assert_eq!(source["object"], "charge");
    assert_eq!(source["source_transfer"]["source_transaction"]["id"], charge["id"]);
    let error =
        sandbox.get(&format!("/v1/charges/{}?expand[]=nonsense", id(&charge))).await.refused(400);
    assert!(error["message"].as_str().unwrap().contains("cannot be expanded (nonsense)"));
    let deep = format!("/v1/charges/{}?expand[]=a.b.c.d.e", id(&charge));
    sandbox.get(&deep).await.refused(400);
}

#[tokio::test]
async fn odd_input_never_breaks_the_server() {
    let sandbox = Sandbox::start().await;
    for form in [
        "%",
        "=",
        "&&&",
        "a[]=1&a[b]=2&a=3",
        "amount[x]=1&currency[]=usd&source[number]=4",
        "metadata[a][b]=1&amount=500&currency=usd&source=tok_visa",
        "expand=x&amount=99999999999999999999",
        "source[object]=card&amount=500&currency=usd",
        "card=tok_visa&amount=-1&currency=USD",
        "\u{0}\u{ff}=\u{1F600}",
        "transfer_data=x&amount=500&currency=usd&source=tok_visa",
    ] {
        for path in [
            "/v1/charges",
            "/v1/customers",
            "/v1/accounts",
            "/v1/tokens",
            "/v1/transfers",
            "/v1/refunds",
            "/v1/webhook_endpoints",
            "/v1/payouts",
            "/v1/payment_methods",
            "/",
            "/v1",
        ] {
            let answer = sandbox.post(path, form).await;
            assert!(answer.status < 500, "{path} {form}: {}", answer.status);
        }
    }
    sandbox.get("/v1/charges/%00%ff").await.refused(404);
    sandbox.get("/v1/balance").await.ok();
}

#[tokio::test]
async fn the_browser_uploads_documents_with_its_publishable_key() {
    let sandbox = Sandbox::start().await;
    let body = "--B\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\n\
        identity_document\r\n--B\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"id.png\"\r\n\r\n12345\r\n--B--\r\n";
    let upload = sandbox.http.post(sandbox.url("/v1/files")).bearer_auth("pk_test_abc");
    let upload = upload.header("content-type", "multipart/form-data; boundary=B").body(body);
    let file = send(upload).await.ok();
    assert_eq!((&file["size"], &file["filename"]), (&json!(5), &json!("id.png")));
    sandbox.get(&format!("/v1/files/{}", id(&file))).await.ok();
}
