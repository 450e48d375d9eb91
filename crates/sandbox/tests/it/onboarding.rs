//! Account links and the pages behind them, login links, account sessions.

use super::client::{Sandbox, id};
use serde_json::json;

fn client() -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy();
    builder.redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

fn location(response: &reqwest::Response) -> String {
    assert_eq!(response.status(), 303);
    response.headers()["location"].to_str().unwrap().to_owned()
}

const URLS: &str = "refresh_url=http://127.0.0.1:9/again&return_url=http://127.0.0.1:9/done";

#[tokio::test]
async fn an_express_account_is_set_up_on_the_page() {
    let sandbox = Sandbox::start().await;
    let form = "type=express&country=US&capabilities[transfers][requested]=true";
    let account = id(&sandbox.post("/v1/accounts", form).await.ok());
    let form = format!("account={account}&type=account_onboarding&{URLS}");
    let link = sandbox.post("/v1/account_links", &form).await.ok();
    assert_eq!(link["object"], "account_link");
    let url = link["url"].as_str().unwrap();
    let page = location(&client().get(url).send().await.unwrap());
    // A link works once: then it leads to the platform, which makes a new one.
    assert_eq!(location(&client().get(url).send().await.unwrap()), "http://127.0.0.1:9/again");

    let page = sandbox.url(&page);
    let shown = client().get(&page).send().await.unwrap().text().await.unwrap();
    assert!(shown.contains("name=\"business_type\""), "{shown}");
    let samples = client().post(&page).body("decision=samples").send().await.unwrap();
    assert!(samples.text().await.unwrap().contains("btok_us_verified"));
    let wrong = client().post(&page).body("business_type=circus").send().await.unwrap();
    assert!(wrong.text().await.unwrap().contains("role=\"alert\""));
    let first = "business_type=individual&external_account=btok_us_verified\
        &business_profile[mcc]=5734";
    client().post(&page).body(first).send().await.unwrap();
    let second = "individual[first_name]=Jenny&individual[last_name]=Rosen&individual[dob][day]=1\
        &individual[dob][month]=1&individual[dob][year]=1902\
        &individual[address][line1]=address_full_match&individual[address][city]=X\
        &individual[address][postal_code]=94111&type=standard";
    let done = client().post(&page).body(second).send().await.unwrap();
    assert_eq!(location(&done), "http://127.0.0.1:9/done");
    let whole = sandbox.get(&format!("/v1/accounts/{account}")).await.ok();
    assert_eq!((&whole["details_submitted"], &whole["type"]), (&json!(true), &json!("express")));

    let path = format!("/v1/accounts/{account}/login_links");
    let login = sandbox.post(&path, "").await.ok();
    let dashboard = login["url"].as_str().unwrap();
    let shown = client().get(dashboard).send().await.unwrap();
    assert!(shown.text().await.unwrap().contains("Balance"));
    assert_eq!(client().get(dashboard).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_link_ends_after_five_minutes_and_a_page_after_an_hour() {
    let sandbox = Sandbox::start().await;
    let account = sandbox.account().await;
    let form = format!("account={account}&type=account_onboarding&{URLS}");
    let old = sandbox.post("/v1/account_links", &form).await.ok();
    let link = sandbox.post("/v1/account_links", &form).await.ok();
    let page = location(&client().get(link["url"].as_str().unwrap()).send().await.unwrap());
    sandbox.control("/clock", json!({"seconds": 301})).await.ok();
    let late = client().get(old["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(location(&late), "http://127.0.0.1:9/again");
    let page = sandbox.url(&page);
    assert_eq!(client().get(&page).send().await.unwrap().status(), 200);
    sandbox.control("/clock", json!({"hours": 1})).await.ok();
    assert_eq!(location(&client().get(&page).send().await.unwrap()), "http://127.0.0.1:9/again");
    let foreign = client().post(&page).header("origin", "https://evil.example");
    assert_eq!(foreign.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn links_and_sessions_are_refused_with_the_reason() {
    let sandbox = Sandbox::start().await;
    let account = sandbox.account().await;
    let session = format!("account={account}&components[payouts][enabled]=true");
    let session = sandbox.post("/v1/account_sessions", &session).await.ok();
    assert_eq!(session["components"]["payouts"]["enabled"], true);
    assert!(session["client_secret"].as_str().unwrap().starts_with("accs_secret_"));
    let standard = id(&sandbox.post("/v1/accounts", "type=standard").await.ok());
    for (path, form, param) in [
        ("/v1/account_links".to_owned(), format!("account={account}&{URLS}"), json!("type")),
        (
            "/v1/account_links".to_owned(),
            format!("account={account}&type=account_onboarding&refresh_url=x&return_url=y"),
            json!("refresh_url"),
        ),
        (
            "/v1/account_links".to_owned(),
            format!("account={standard}&type=account_update&{URLS}"),
            json!(null),
        ),
        (format!("/v1/accounts/{standard}/login_links"), String::new(), json!(null)),
        ("/v1/account_sessions".to_owned(), format!("account={account}"), json!("components")),
    ] {
        let refused = sandbox.post(&path, &form).await.refused(400);
        assert_eq!(refused["param"], param, "{path} {form}");
    }
    let unknown = format!("account=acct_no&type=account_onboarding&{URLS}");
    sandbox.post("/v1/account_links", &unknown).await.refused(403);
}
