//! Pages of other sites, names that resolve to this machine, and ports that were not named.

use super::client::{Receiver, Sandbox, config, id, send};
use reqwest::Method;
use serde_json::{Value, json};
use sluicegate_sandbox::{Config, WebhookPorts};

const CARD: &str =
    "card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2040&card[cvc]=123";
const EVIL: &str = "https://evil.example";

/// What a browser adds to requests of another site's page.
const FOREIGN: [(&str, &str); 4] = [
    ("origin", EVIL),
    ("origin", "null"),
    ("sec-fetch-site", "cross-site"),
    ("sec-fetch-site", "same-site"),
];

/// Routes that a secret key opens, and those that control the sandbox.
const CLOSED: [(&str, &str, &str); 9] = [
    ("GET", "/v1/charges", ""),
    ("POST", "/v1/charges", "amount=500&currency=usd&source=tok_visa"),
    ("DELETE", "/v1/customers/cus_x", ""),
    ("POST", "/v1/webhook_endpoints", "url=https://evil.example&enabled_events[]=*"),
    ("POST", "/v1/tokens", CARD),
    ("GET", "/_sandbox/state", ""),
    ("GET", "/_sandbox/requests", ""),
    ("POST", "/_sandbox/reset", ""),
    ("POST", "/_sandbox/settings", "{}"),
];

#[tokio::test]
async fn a_page_of_another_site_drives_nothing() {
    let sandbox = Sandbox::start().await;
    let own = sandbox.running.url();
    let request = |method: &str, path: &str, body: &str, header: (&str, &str)| {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = sandbox.request(method, path).body(body.to_owned());
        send(request.header(header.0, header.1))
    };
    for (method, path, body) in CLOSED {
        for header in FOREIGN {
            let answer = request(method, path, body, header).await;
            let readable = answer.header("access-control-allow-origin").is_some();
            assert_eq!(readable, path == "/v1/tokens", "{method} {path}");
            answer.refused(403);
        }
    }
    for path in ["/v1/charges", "/v1/webhook_endpoints", "/v1/events"] {
        assert_eq!(sandbox.get(path).await.ok()["data"], json!([]), "{path}");
    }
    // The dashboard's own buttons, and what a developer types into the browser.
    let ours =
        [("origin", own.as_str()), ("sec-fetch-site", "none"), ("sec-fetch-site", "same-origin")];
    for (method, path, body) in CLOSED {
        for header in ours {
            let answer = request(method, path, body, header).await;
            assert_ne!(answer.status, 403, "{method} {path} {header:?}");
        }
    }
}

#[tokio::test]
async fn a_page_of_another_site_makes_tokens_as_with_stripe() {
    let sandbox = Sandbox::start().await;
    let post = |path: &str, key: &str| {
        let form = format!("{CARD}&key={key}");
        sandbox.http.post(sandbox.url(path)).header("origin", EVIL).body(form)
    };
    let made = send(post("/v1/tokens", "pk_test_sandbox1234")).await;
    assert_eq!(made.header("access-control-allow-origin"), Some("*"));
    assert!(id(&made.ok()).starts_with("tok_"));
    let refused = send(post("/v1/charges", "pk_test_sandbox1234")).await;
    assert_eq!(refused.header("access-control-allow-origin"), Some("*"), "it is told why");
    assert_eq!(refused.refused(401)["code"], "secret_key_required");
    send(post("/v1/charges", "sk_test_sandbox1234")).await.refused(401);
    let preflight = |path: &str| {
        let request = sandbox.http.request(Method::OPTIONS, sandbox.url(path));
        send(request.header("origin", EVIL).header("access-control-request-method", "POST"))
    };
    let open = preflight("/v1/tokens").await;
    assert_eq!((open.status, open.header("access-control-allow-origin")), (204, Some("*")));
    for path in ["/v1/charges", "/v1/webhook_endpoints", "/_sandbox/reset", "/"] {
        let closed = preflight(path).await;
        assert_eq!(closed.header("access-control-allow-origin"), None, "{path}");
        assert!(closed.status >= 400, "{path}");
    }
    let script = send(sandbox.http.get(sandbox.url("/js.stripe.com/v3/")).header("origin", EVIL));
    assert_eq!(script.await.header("access-control-allow-origin"), Some("*"));
    // A program, such as an SDK, says nothing of pages, and no answer is for them.
    let program = sandbox.get("/v1/charges").await;
    assert_eq!(program.header("access-control-allow-origin"), None);
    program.ok();
}

#[tokio::test]
async fn a_name_of_somebody_else_is_not_answered() {
    let hosts = vec!["stripe.internal".to_owned()];
    let sandbox = Sandbox::with(Config { hosts, ..config() }).await;
    let port = sandbox.running.addr().port();
    for path in ["/", "/v1/charges", "/_sandbox/state", "/js.stripe.com/v3/"] {
        let ask = |host: String| send(sandbox.request(Method::GET, path).header("host", host));
        for host in ["evil.example", "localhost.evil.example", "10.0.0.5", "127.0.0.1.evil.example"]
        {
            ask(format!("{host}:{port}")).await.refused(403);
        }
        for host in ["localhost", "127.0.0.1", "[::1]", "stripe.internal"] {
            assert_eq!(ask(format!("{host}:{port}")).await.status, 200, "{host}{path}");
        }
    }
}

#[tokio::test]
async fn no_other_page_shows_the_dashboard_in_a_frame() {
    let sandbox = Sandbox::start().await;
    let page = send(sandbox.http.get(sandbox.url("/"))).await;
    assert!(page.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    assert_eq!(page.header("access-control-allow-origin"), None);
}

/// Creates an endpoint; its URL is the receiver's with another host.
async fn endpoint(sandbox: &Sandbox, url: &str) -> super::client::Answer {
    let form = format!("url={url}&enabled_events[]=*");
    sandbox.post("/v1/webhook_endpoints", &form).await
}

#[tokio::test]
async fn webhooks_go_to_named_ports_of_this_machine_only() {
    let (named, other) = (Receiver::start(&[]).await, Receiver::start(&[]).await);
    let port: u16 =
        named.url.split(':').nth(2).unwrap().split('/').next().unwrap().parse().unwrap();
    let webhook_ports = WebhookPorts::Only(vec![port]);
    let sandbox = Sandbox::with(Config { webhook_ports, ..config() }).await;
    for url in [&other.url, "http://localhost:1/", "http://[::1]/", "http://0.0.0.0:22/"] {
        let refused = endpoint(&sandbox, url).await.refused(400);
        assert_eq!((&refused["code"], &refused["param"]), (&json!("url_invalid"), &json!("url")));
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains("--allow-webhook-port"), "{message}");
    }
    let made = endpoint(&sandbox, &named.url).await.ok();
    let path = format!("/v1/webhook_endpoints/{}", id(&made));
    sandbox.post(&path, &format!("url={}", other.url)).await.refused(400);
    // A reset forgets the endpoints, and not the ports.
    sandbox.control("/reset", json!({})).await.ok();
    endpoint(&sandbox, &other.url).await.refused(400);
    endpoint(&sandbox, &named.url).await.ok();
    sandbox.post("/v1/customers", "").await.ok();
    named.wait(1).await;
    let state: Value = send(sandbox.http.get(sandbox.url("/_sandbox/state"))).await.ok();
    assert_eq!(state["deliveries"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_endpoint_of_an_older_file_gets_nothing_at_a_port_that_is_no_longer_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = Some(folder.path().join("sandbox.json"));
    let receiver = Receiver::start(&[]).await;
    let open = Sandbox::with(Config { data: data.clone(), ..config() }).await;
    endpoint(&open, &receiver.url).await.ok();
    open.running.stop().await;
    let webhook_ports = WebhookPorts::Only(Vec::new());
    let closed = Sandbox::with(Config { data, webhook_ports, ..config() }).await;
    closed.post("/v1/customers", "").await.ok();
    let attempts = loop {
        let state = send(closed.http.get(closed.url("/_sandbox/state"))).await.ok();
        if state["deliveries"][0]["state"] == "failed" {
            break state["deliveries"][0]["attempts"].clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    };
    for attempt in attempts.as_array().unwrap() {
        assert!(attempt["answer"].as_str().unwrap().contains("not allowed"), "{attempt}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_data_file_is_its_owners() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("sandbox.json");
    let mode = || std::fs::metadata(&data).unwrap().permissions().mode() & 0o777;
    let start = || Sandbox::with(Config { data: Some(data.clone()), ..config() });
    let sandbox = start().await;
    assert_eq!(mode(), 0o600);
    sandbox.control("/reset", json!({})).await.ok();
    assert_eq!(mode(), 0o600);
    sandbox.running.stop().await;
    // One that an older version wrote.
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o644)).unwrap();
    start().await;
    assert_eq!(mode(), 0o600);
}
