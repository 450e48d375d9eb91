//! OAuth: consent, codes, tokens, refresh, disconnection, in both families.

use super::client::{Answer, PLATFORM, Sandbox, send};
use serde_json::{Value, json};

const REDIRECT: &str = "http://127.0.0.1:9/back?from=stripe";

/// The page's answer to a request for consent: where the browser is sent.
async fn decide(sandbox: &Sandbox, path: &str, form: &str) -> reqwest::Url {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let client = client.build().unwrap();
    let response = client.post(sandbox.url(path)).body(form.to_owned()).send().await.unwrap();
    assert_eq!(response.status(), 303, "{}", response.text().await.unwrap());
    response.headers()["location"].to_str().unwrap().parse().unwrap()
}

fn query(url: &reqwest::Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn authorize(path: &str, client: &str) -> String {
    let redirect: String = form_urlencoded::byte_serialize(REDIRECT.as_bytes()).collect();
    format!("{path}?client_id={client}&scope=read_write&state=s1&redirect_uri={redirect}")
}

/// Connects a new account; returns the answer with its tokens.
async fn connected(sandbox: &Sandbox, path: &str, client: &str, token: &str) -> Value {
    let back = decide(sandbox, &authorize(path, client), "decision=connect&account=new").await;
    assert_eq!(query(&back, "state").as_deref(), Some("s1"));
    assert_eq!(query(&back, "from").as_deref(), Some("stripe"));
    let code = query(&back, "code").unwrap();
    sandbox.post(token, &format!("grant_type=authorization_code&code={code}")).await.ok()
}

async fn get_with(sandbox: &Sandbox, key: &str, path: &str) -> Answer {
    send(sandbox.http.get(sandbox.url(path)).bearer_auth(key)).await
}

fn field<'v>(answer: &'v Value, name: &str) -> &'v str {
    answer[name].as_str().unwrap()
}

#[tokio::test]
async fn an_account_is_connected_used_and_disconnected() {
    let sandbox = Sandbox::start().await;
    let page = sandbox.http.get(sandbox.url(&authorize("/oauth/authorize", "ca_sandbox")));
    let page = page.send().await.unwrap().text().await.unwrap();
    assert!(page.contains("A new test account") && page.contains("Sluicegate"), "{page}");

    let tokens = connected(&sandbox, "/oauth/authorize", "ca_sandbox", "/oauth/token").await;
    let account = field(&tokens, "stripe_user_id");
    assert_eq!((&tokens["scope"], &tokens["token_type"]), (&json!("read_write"), &json!("bearer")));
    assert_eq!(tokens["livemode"], false);
    let own = get_with(&sandbox, field(&tokens, "access_token"), "/v1/account").await.ok();
    assert_eq!(own["id"], account);
    sandbox.get_as(account, "/v1/balance").await.ok();

    let form = format!("client_id=ca_sandbox&stripe_user_id={account}");
    let gone = sandbox.post("/oauth/deauthorize", &form).await.ok();
    assert_eq!(gone, json!({"stripe_user_id": account}));
    assert_eq!(sandbox.post("/oauth/deauthorize", &form).await.status, 401);
    let refused = get_with(&sandbox, field(&tokens, "access_token"), "/v1/account").await;
    refused.refused(401);
    sandbox.get_as(account, "/v1/balance").await.refused(403);
    let events = sandbox.get("/_sandbox/state").await.ok()["events"].clone();
    let about = events.as_array().unwrap().iter().filter(|event| event["account"] == account);
    let mut types: Vec<_> = about.map(|event| event["type"].as_str().unwrap()).collect();
    types.sort_unstable();
    assert_eq!(types, ["account.application.authorized", "account.application.deauthorized"]);
}

#[tokio::test]
async fn a_code_works_once_and_a_second_use_ends_the_connection() {
    let sandbox = Sandbox::start().await;
    let path = authorize("/oauth/authorize", "ca_sandbox");
    let back = decide(&sandbox, &path, "decision=connect&account=new&name=Shop").await;
    let form = format!("grant_type=authorization_code&code={}", query(&back, "code").unwrap());
    let tokens = sandbox.post("/oauth/token", &form).await.ok();
    let again = sandbox.post("/oauth/token", &form).await;
    assert_eq!((again.status, &again.body["error"]), (400, &json!("invalid_grant")));
    get_with(&sandbox, field(&tokens, "access_token"), "/v1/account").await.refused(401);

    let late = decide(&sandbox, &path, "decision=connect&account=new").await;
    sandbox.control("/clock", json!({"seconds": 301})).await.ok();
    let form = format!("grant_type=authorization_code&code={}", query(&late, "code").unwrap());
    assert_eq!(sandbox.post("/oauth/token", &form).await.body["error"], "invalid_grant");
}

#[tokio::test]
async fn tokens_of_apps_expire_and_rotate() {
    let sandbox = Sandbox::start().await;
    let path = "/oauth/v2/chnlink_1/authorize";
    let first = connected(&sandbox, path, "ca_sandbox_app", "/v1/oauth/token").await;
    assert_eq!(first["scope"], "stripe_apps");
    assert!(first.get("expires_in").is_none(), "as with Stripe");
    let form = |token: &Value| {
        format!("grant_type=refresh_token&refresh_token={}", field(token, "refresh_token"))
    };
    sandbox.control("/clock", json!({"seconds": 3_601})).await.ok();
    get_with(&sandbox, field(&first, "access_token"), "/v1/account").await.refused(401);
    let second = sandbox.post("/v1/oauth/token", &form(&first)).await.ok();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    get_with(&sandbox, field(&second, "access_token"), "/v1/account").await.ok();
    let dead = sandbox.post("/v1/oauth/token", &form(&first)).await;
    assert_eq!((dead.status, &dead.body["error"]), (400, &json!("invalid_grant")));
    let other = sandbox.post("/oauth/token", &form(&second)).await;
    assert_eq!(other.body["error"], "invalid_grant", "the other family's address");
    sandbox.control("/clock", json!({"days": 366})).await.ok();
    assert_eq!(sandbox.post("/v1/oauth/token", &form(&second)).await.status, 400);
}

#[tokio::test]
async fn a_token_does_what_it_was_given_for() {
    let sandbox = Sandbox::start().await;
    let app = json!({"client_id": "ca_books", "family": "apps", "name": "Books",
        "redirect_uris": [REDIRECT], "permissions": ["charge_read"], "secret_key": "sk_test_of_app"});
    sandbox.control("/applications", app).await.ok();
    let path = authorize("/oauth/v2/authorize", "ca_books");
    let back = decide(&sandbox, &path, "decision=connect&account=new").await;
    let form = format!("grant_type=authorization_code&code={}", query(&back, "code").unwrap());
    let wrong = sandbox.post("/v1/oauth/token", &form).await;
    assert_eq!(
        wrong.body["error_description"],
        "Authorization code provided does not belong to you"
    );
    let request = sandbox.http.post(sandbox.url("/v1/oauth/token")).body(form);
    let tokens = send(request.basic_auth("sk_test_of_app", Some(""))).await.ok();
    let key = field(&tokens, "access_token");
    get_with(&sandbox, key, "/v1/charges").await.ok();
    let refused = get_with(&sandbox, key, "/v1/customers").await.refused(403);
    assert_eq!(refused["code"], "more_permissions_required_for_application");
    assert!(!refused["message"].as_str().unwrap().contains(key));
}

#[tokio::test]
async fn what_is_wrong_is_shown_and_only_a_refusal_goes_back() {
    let sandbox = Sandbox::start().await;
    let back =
        decide(&sandbox, &authorize("/oauth/authorize", "ca_sandbox"), "decision=deny").await;
    assert_eq!(query(&back, "error").as_deref(), Some("access_denied"));
    assert_eq!(query(&back, "state").as_deref(), Some("s1"));
    assert_eq!(query(&back, "code"), None);
    let wrong = [
        ("/oauth/authorize", "invalid_request"),
        ("/oauth/authorize?client_id=ca_other", "invalid_client"),
        ("/oauth/authorize?client_id=ca_sandbox&scope=all", "invalid_scope"),
        ("/oauth/authorize?client_id=ca_sandbox", "invalid_redirect_uri"),
        ("/oauth/authorize?client_id=ca_sandbox&response_type=token", "unsupported_response_type"),
        ("/oauth/v2/authorize?client_id=ca_sandbox", "invalid_client"),
    ];
    for (path, code) in wrong {
        let answer = sandbox.get(path).await;
        assert_eq!((answer.status, &answer.body["error"]), (400, &json!(code)), "{path}");
    }
    let foreign = sandbox.http.post(sandbox.url(&authorize("/oauth/authorize", "ca_sandbox")));
    let foreign = foreign.header("origin", "https://evil.example").body("decision=connect");
    assert_eq!(send(foreign).await.status, 400);
    for (form, code) in [
        ("", "invalid_request"),
        ("grant_type=password", "unsupported_grant_type"),
        ("grant_type=authorization_code", "invalid_request"),
        ("grant_type=authorization_code&code=ac_no", "invalid_grant"),
        ("grant_type=refresh_token&refresh_token=rt_no", "invalid_grant"),
    ] {
        assert_eq!(sandbox.post("/oauth/token", form).await.body["error"], code, "{form}");
    }
    let keyless = send(sandbox.http.post(sandbox.url("/oauth/token"))).await;
    assert_eq!((keyless.status, &keyless.body["error"]), (401, &json!("invalid_client")));
    let form = "client_secret=sk_test_sandbox1234&grant_type=refresh_token&refresh_token=rt_no";
    let by_form = send(sandbox.http.post(sandbox.url("/oauth/token")).body(form)).await;
    assert_eq!(by_form.body["error"], "invalid_grant");
    assert_eq!(sandbox.event_types(PLATFORM).await, Vec::<String>::new());
}
