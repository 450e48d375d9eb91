//! The one outbound door: sends stored bytes, retries as Stripe asks, and never guesses.

use crate::crash_point;
use crate::gateway::call::Call;
use crate::gateway::error::Error;
use crate::gateway::rate::Rate;
use crate::gateway::reply::{Answer, Reply, Verdict};
use crate::gateway::tally::{Counts, Tally};
use crate::gateway::target::Target;
use serde_json::{Map, Value as Json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// An answer longer than this is not read to its end.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The first pause between two attempts; it doubles (`stripe.md` 2.2).
const PAUSE_FIRST: Duration = Duration::from_millis(500);
/// The longest pause between two attempts.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// The longest wait for a turn under the rate limit: shorter than a lease.
const QUEUE_MAX: Duration = Duration::from_secs(5);

/// How long a caller is made to wait for a settled answer.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How many times the bytes are sent at most.
    pub attempts_max: u32,
    /// After this long no further attempt is begun.
    pub total: Duration,
    /// How long one attempt may take.
    pub attempt: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { attempts_max: 3, total: Duration::from_secs(20), attempt: Duration::from_secs(15) }
    }
}

/// Sends calls. It follows no redirects and no proxy settings of the environment.
#[derive(Debug, Clone)]
pub struct Transport {
    client: reqwest::Client,
    runtime: Handle,
    target: Target,
    patience: Patience,
    rate: Arc<Rate>,
    tally: Arc<Tally>,
}

impl Transport {
    /// A transport whose requests run on `runtime`; [`Transport::send`] blocks its caller.
    ///
    /// # Errors
    /// [`Error::Client`] when TLS cannot be set up.
    pub fn new(target: Target, runtime: Handle, patience: Patience) -> Result<Self, Error> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            // Under the keep-alive of Stripe's servers, so that a connection is not reused as it closes.
            .pool_idle_timeout(Duration::from_secs(20))
            .user_agent(concat!("Sluicegate/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| Error::Client(e.to_string()))?;
        let (rate, tally) = (Arc::default(), Arc::default());
        Ok(Self { client, runtime, target, patience, rate, tally })
    }

    /// The same, sending at most so many requests a second for each account.
    #[must_use]
    pub fn with_rate(mut self, per_second: Option<f64>) -> Self {
        self.rate = Arc::new(Rate::new(per_second));
        self
    }

    /// What was sent so far.
    pub fn counts(&self) -> Counts {
        self.tally.counts()
    }

    /// Checks that the call may be sent at all, before anything is committed for it.
    ///
    /// # Errors
    /// [`Error::Address`].
    pub fn check(&self, call: &Call) -> Result<(), Error> {
        self.target.resolve(&call.url).map(|_| ())
    }

    /// Sends the call, again with the same bytes while the answer is not settled and the caller's
    /// patience lasts.
    ///
    /// `before_retry` is called before every attempt but the first; what it refuses ends the sending.
    ///
    /// # Errors
    /// [`Error::Address`], or what `before_retry` says; everything that can happen on the network
    /// is a [`Reply`].
    pub fn send(
        &self,
        call: &Call,
        before_retry: &mut dyn FnMut() -> Result<(), Error>,
    ) -> Result<Reply, Error> {
        let url = self.target.resolve(&call.url)?;
        let begun = Instant::now();
        let mut reason = String::new();
        for attempt in 1..=self.patience.attempts_max {
            if let Err(reason) = self.queue(call, begun) {
                return Ok(Reply::Unknown(reason));
            }
            match self.runtime.block_on(self.attempt(&url, call)) {
                Ok(answer) => match answer.verdict() {
                    Verdict::Final => return Ok(Reply::Answer(answer)),
                    verdict => {
                        reason = describe(&answer);
                        if answer.status == 429 {
                            self.rate.refused(account(call), Instant::now());
                        }
                        if answer.is_spent() {
                            return Ok(Reply::Spent(reason));
                        }
                        if verdict == Verdict::Later {
                            break;
                        }
                    }
                },
                Err(failure) => reason = failure,
            }
            let pause = pause_after(attempt);
            let over = begun.elapsed() + pause > self.patience.total;
            if over || attempt == self.patience.attempts_max {
                break;
            }
            std::thread::sleep(pause);
            before_retry()?;
        }
        Ok(Reply::Unknown(reason))
    }

    /// Waits for its turn under the account's rate limit, as long as the caller's patience lasts.
    fn queue(&self, call: &Call, begun: Instant) -> Result<(), String> {
        while let Some(wait) = self.rate.take(account(call), Instant::now()) {
            if begun.elapsed() + wait > self.patience.total.min(QUEUE_MAX) {
                return Err("the account's rate limit leaves no room now".to_owned());
            }
            std::thread::sleep(wait);
        }
        Ok(())
    }

    async fn attempt(&self, url: &reqwest::Url, call: &Call) -> Result<Answer, String> {
        let begun = Instant::now();
        let answer = self.exchange(url, call).await;
        let status = answer.as_ref().map_or(0, |answer| answer.status);
        self.tally.count(status, begun.elapsed());
        answer
    }

    async fn exchange(&self, url: &reqwest::Url, call: &Call) -> Result<Answer, String> {
        let method = reqwest::Method::from_bytes(call.method.as_bytes())
            .map_err(|_| format!("`{}` is no HTTP method", call.method))?;
        let mut sending = self.client.request(method, url.clone()).timeout(self.patience.attempt);
        for (name, value) in &call.headers {
            sending = sending.header(name, value.expose());
        }
        if !call.body.is_empty() {
            sending = sending.body(call.body.clone());
        }
        // `without_url`: a query may hold data that must not reach a log.
        crash_point!("send_before");
        let response = sending.send().await.map_err(|e| explain(&e.without_url()))?;
        crash_point!("send_after_head");
        let status = response.status().as_u16();
        let headers = header_map(response.headers());
        let body = read_body(response).await?;
        crash_point!("send_after_body");
        Ok(Answer { status, headers, body })
    }
}

/// Whose limit a call counts for: the connected account's, or the platform's own.
fn account(call: &Call) -> &str {
    let named = call.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("stripe-account"));
    named.map_or("-", |(_, value)| value.expose())
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

/// The whole chain of causes, because reqwest's own text stops at "error sending request".
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

fn describe(answer: &Answer) -> String {
    match answer.error_code() {
        Some(code) => format!("the gateway answered {} ({code})", answer.status),
        None => format!("the gateway answered {}", answer.status),
    }
}

/// 0.5 s doubled with every attempt, at most 5 s, times 0.5 to 1 so that callers spread.
fn pause_after(attempt: u32) -> Duration {
    let whole = PAUSE_FIRST.saturating_mul(1 << (attempt - 1).min(8)).min(PAUSE_MAX);
    let share = rand::random_range(0.5..=1.0);
    whole.mul_f64(share).max(PAUSE_FIRST / 2) / crate::crash::haste()
}
