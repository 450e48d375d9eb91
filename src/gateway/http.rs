//! The HTTP client below the transport: one exchange, and the pauses between two.

use crate::executor::BoxFuture;
use crate::gateway::address::PublicOnly;
use crate::gateway::call::Call;
use crate::gateway::error::Error;
use crate::gateway::reply::Answer;
use serde::de::IgnoredAny;
use serde_json::{Map, Value as Json};
use sluicegate_failpoint::failpoint;
use sluicegate_store::document::without_spaces;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// The longest response body that is read, in bytes; a longer one is an error.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// What the transport sends with. The simulation has its own client, without network and real time.
pub trait HttpClient: Send + Sync + std::fmt::Debug {
    /// Sends the call once. Returns the answer, or why there is no complete one.
    ///
    /// # Errors
    /// The chain of causes, for an operator. The effect on the other side is unknown then.
    fn exchange<'a>(
        &'a self,
        url: &'a reqwest::Url,
        call: &'a Call,
    ) -> BoxFuture<'a, Result<Answer, String>>;

    /// The current time, for timeouts and rate limits.
    fn now(&self) -> Instant;

    /// Waits for `wait`.
    fn pause(&self, wait: Duration) -> BoxFuture<'_, ()>;
}

/// The HTTP client. It does not follow redirects, and ignores proxy settings of the environment.
#[derive(Debug, Clone)]
pub struct ReqwestClient {
    client: reqwest::Client,
    runtime: Handle,
    timeout: Duration,
}

impl ReqwestClient {
    /// A client whose exchanges run on `runtime`, each for at most `timeout`. Without TLS, the
    /// system's certificates are not loaded, which is the slowest part of startup.
    ///
    /// # Errors
    /// [`Error::Client`] when TLS cannot be set up.
    pub fn new(
        runtime: Handle,
        timeout: Duration,
        with_tls: bool,
        names: PublicOnly,
    ) -> Result<Self, Error> {
        let mut client = reqwest::Client::builder();
        if !with_tls {
            client = client.tls_certs_only([]);
        }
        let client = client
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(names))
            .connect_timeout(Duration::from_secs(5))
            // Shorter than the keep-alive of Stripe's servers, so that no closing connection is
            // reused.
            .pool_idle_timeout(Duration::from_secs(20))
            .user_agent(concat!("Sluicegate/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(Error::Client)?;
        Ok(Self { client, runtime, timeout })
    }

    async fn one(&self, url: &reqwest::Url, call: &Call) -> Result<Answer, String> {
        let method = reqwest::Method::from_bytes(call.method.as_bytes())
            .map_err(|_| format!("`{}` is not an HTTP method", call.method))?;
        let mut sending = self.client.request(method, url.clone()).timeout(self.timeout);
        for (name, value) in &call.headers {
            sending = sending.header(name, value.expose());
        }
        if !call.body.is_empty() {
            sending = sending.body(call.body.clone());
        }
        // `without_url`: a query may hold data that must not reach a log.
        failpoint!("send_before");
        let response = sending.send().await.map_err(|e| explain(&e.without_url()))?;
        failpoint!("send_after_head");
        let status = response.status().as_u16();
        let headers = header_map(response.headers());
        let body = read_body(response).await?;
        failpoint!("send_after_body");
        // As it is stored and as templates see it, in this run and in one that is resumed.
        let is_json = serde_json::from_str::<IgnoredAny>(&body).is_ok();
        let body = if is_json { without_spaces(&body) } else { body };
        Ok(Answer { status, headers, body })
    }
}

impl HttpClient for ReqwestClient {
    fn exchange<'a>(
        &'a self,
        url: &'a reqwest::Url,
        call: &'a Call,
    ) -> BoxFuture<'a, Result<Answer, String>> {
        // Spawned on the runtime: whoever waits is woken once, with the complete answer.
        let (http_client, url, call) = (self.clone(), url.clone(), call.clone());
        let exchange = self.runtime.spawn(async move { http_client.one(&url, &call).await });
        Box::pin(async move {
            let answer = exchange.await;
            answer.unwrap_or_else(|stopped| Err(format!("the exchange was not ended: {stopped}")))
        })
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn pause(&self, wait: Duration) -> BoxFuture<'_, ()> {
        // A timer belongs to the runtime that it was made on.
        let _runtime = self.runtime.enter();
        Box::pin(tokio::time::sleep(wait))
    }
}

fn header_map(headers: &reqwest::header::HeaderMap) -> Map<String, Json> {
    headers
        .iter()
        .map(|(name, value)| {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), Json::String(text))
        })
        .collect()
}

async fn read_body(mut response: reqwest::Response) -> Result<String, String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| explain(&e.without_url()))? {
        if bytes.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(format!("the answer is longer than {BODY_BYTES_MAX} bytes"));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| "the answer is not UTF-8 text".to_owned())
}

/// The chain of causes, because reqwest's own message stops at "error sending request".
fn explain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
