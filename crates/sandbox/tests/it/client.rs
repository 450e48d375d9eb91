//! A small client of the sandbox, and a server that receives its webhooks.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use reqwest::Method;
use serde_json::Value;
pub use sluicegate_sandbox::PLATFORM;
use sluicegate_sandbox::{Config, WebhookPorts, shape_faults};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The version that the tests use, unless they say another; its answers are checked field by field.
pub const NEWEST: &str = "2026-10-28.endive";

/// A running sandbox and a client of it.
pub struct Sandbox {
    pub running: sluicegate_sandbox::Sandbox,
    pub http: reqwest::Client,
}

/// A parsed response.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Answer {
    /// The body of a success.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{:#}", self.body);
        self.body
    }

    /// The error object of a refusal.
    #[track_caller]
    pub fn refused(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{:#}", self.body);
        self.body["error"].clone()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

pub fn config() -> Config {
    Config {
        seed: Some("test".into()),
        enforce_capabilities: false,
        webhook_backoff: vec![Duration::from_millis(20); 3],
        webhook_ports: WebhookPorts::Any,
        ..Config::default()
    }
}

impl Sandbox {
    pub async fn start() -> Self {
        Self::with(config()).await
    }

    /// A card whose payments are available at once.
    pub async fn settling() -> Self {
        Self::with(Config { settle_immediately: true, ..config() }).await
    }

    /// One whose requests without a version get the shapes of 2019.
    pub async fn old(settle_immediately: bool) -> Self {
        let api_version = "2019-08-14".into();
        Self::with(Config { settle_immediately, api_version, ..config() }).await
    }

    pub async fn with(config: Config) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let running = sluicegate_sandbox::Sandbox::start(config).await.unwrap();
        Self { running, http }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.url())
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, self.url(path)).bearer_auth("sk_test_sandbox1234")
    }

    pub async fn post(&self, path: &str, form: &str) -> Answer {
        self.post_with(path, form, &[]).await
    }

    pub async fn post_with(&self, path: &str, form: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.request(Method::POST, path).body(form.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send(request).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn get_as(&self, account: &str, path: &str) -> Answer {
        send(self.request(Method::GET, path).header("stripe-account", account)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    /// A control call.
    pub async fn control(&self, path: &str, body: Value) -> Answer {
        let url = self.url(&format!("/_sandbox{path}"));
        send(self.http.post(url).body(body.to_string())).await
    }

    pub async fn ledger(&self) -> Value {
        send(self.http.get(self.url("/_sandbox/ledger"))).await.ok()
    }

    /// `(available, pending)` of an account in usd, by its own balance endpoint.
    pub async fn balance(&self, account: &str) -> (i64, i64) {
        let balance = self.get_as(account, "/v1/balance").await.ok();
        let side = |name: &str| balance[name][0]["amount"].as_i64().unwrap();
        (side("available"), side("pending"))
    }

    /// Creates a custom account that can be paid.
    pub async fn account(&self) -> String {
        let form = "type=custom&country=US&requested_capabilities[]=transfers";
        id(&self.post("/v1/accounts", form).await.ok())
    }

    /// The event types of an account so far, oldest first.
    pub async fn event_types(&self, account: &str) -> Vec<String> {
        let list = self.get_as(account, "/v1/events?limit=100").await.ok();
        let data = list["data"].as_array().unwrap().iter().rev();
        data.map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }
}

pub async fn send(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    let is_newest = headers.get("stripe-version").is_some_and(|version| version == NEWEST);
    // Stripe describes no payment page: only its CLI calls it.
    let is_described = body["object"].is_string() && body["object"] != "payment_page";
    // What v2 has deleted is only named.
    let is_described = is_described && body.as_object().is_some_and(|fields| fields.len() > 2);
    if status == 200 && is_newest && is_described {
        let mut faults = shape_faults(&body);
        if headers.contains_key("access-control-allow-origin") {
            // A publishable key is not shown everything.
            faults.retain(|fault| !fault.ends_with(" is missing"));
        }
        assert!(faults.is_empty(), "SHAPE {faults:#?} in {body:#}");
    }
    Answer { status, headers, body }
}

#[track_caller]
pub fn id(object: &Value) -> String {
    object["id"].as_str().unwrap_or_else(|| panic!("no id in {object:#}")).to_owned()
}

/// A received webhook.
#[derive(Debug, Clone)]
pub struct Received {
    pub headers: HeaderMap,
    pub body: String,
}

impl Received {
    pub fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

/// A server that receives webhooks; it answers the given statuses in turn, then 200.
#[derive(Clone, Default)]
pub struct Receiver {
    pub url: String,
    received: Arc<Mutex<Vec<Received>>>,
    statuses: Arc<Mutex<VecDeque<u16>>>,
    arrived: Arc<tokio::sync::Notify>,
}

impl Receiver {
    pub async fn start(statuses: &[u16]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let statuses = Arc::new(Mutex::new(statuses.iter().copied().collect()));
        let receiver = Self { url, statuses, ..Self::default() };
        let router = axum::Router::new().route("/hook", post(receive)).with_state(receiver.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        receiver
    }

    /// Waits until `count` webhooks have arrived.
    pub async fn wait(&self, count: usize) -> Vec<Received> {
        let enough = async {
            loop {
                let arrived = self.arrived.notified();
                let received = self.received.lock().unwrap().clone();
                if received.len() >= count {
                    return received;
                }
                arrived.await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), enough).await;
        waited.unwrap_or_else(|_| {
            panic!("{} of {count} webhooks", self.received.lock().unwrap().len())
        })
    }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> StatusCode {
    let status = receiver.statuses.lock().unwrap().pop_front().unwrap_or(200);
    receiver.received.lock().unwrap().push(Received { headers, body });
    receiver.arrived.notify_one();
    StatusCode::from_u16(status).unwrap()
}
