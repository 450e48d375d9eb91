//! The only sender of outbound calls: sends stored bytes, retries as Stripe documents, never
//! guesses.

use crate::gateway::address::PublicOnly;
use crate::gateway::call::Call;
use crate::gateway::contract::{Attempt, Gateway, Verdict};
use crate::gateway::error::Error;
use crate::gateway::http::{HttpClient, ReqwestClient};
use crate::gateway::metrics::CallMetrics;
use crate::gateway::rate::Rate;
use crate::gateway::reply::{Answer, Reply};
use crate::gateway::target::Target;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// The first pause between two attempts; it doubles.
const BACKOFF_FIRST: Duration = Duration::from_millis(500);
/// The longest pause between two attempts.
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// The longest wait for the rate limit: shorter than a lease.
const QUEUE_MAX: Duration = Duration::from_secs(5);

/// How long a caller waits for a settled answer.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// The maximum number of attempts.
    pub attempts_max: u32,
    /// No further attempt begins after this time.
    pub total: Duration,
    /// The timeout of one attempt.
    pub attempt: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts_max: 3, total: Duration::from_secs(20), attempt: Duration::from_secs(15) }
    }
}

/// Sends calls, with retries, rate limit and metrics.
#[derive(Debug, Clone)]
pub struct Transport {
    http_client: Arc<dyn HttpClient>,
    target: Target,
    retry_policy: RetryPolicy,
    rate: Arc<Rate>,
    metrics: CallMetrics,
}

impl Transport {
    /// A transport whose requests run on `runtime`; [`Transport::send`] may be awaited anywhere.
    ///
    /// # Errors
    /// [`Error::Client`] when TLS cannot be set up.
    pub fn new(target: Target, runtime: Handle, retry_policy: RetryPolicy) -> Result<Self, Error> {
        let (timeout, names) = (retry_policy.attempt, PublicOnly::for_hosts(target.public_hosts()));
        let http_client = ReqwestClient::new(runtime, timeout, target.speaks_tls(), names)?;
        Ok(Self::over(Arc::new(http_client), target, retry_policy))
    }

    /// A transport over a client other than HTTP, such as the simulation's.
    pub fn over(
        http_client: Arc<dyn HttpClient>,
        target: Target,
        retry_policy: RetryPolicy,
    ) -> Self {
        Self {
            http_client,
            target,
            retry_policy,
            rate: Arc::default(),
            metrics: CallMetrics::default(),
        }
    }

    /// Limits the requests per second for each account.
    #[must_use]
    pub fn with_rate(mut self, per_second: Option<f64>) -> Self {
        self.rate = Arc::new(Rate::new(per_second));
        self
    }

    /// The gateway that is called.
    pub fn gateway(&self) -> &'static dyn Gateway {
        self.target.gateway()
    }

    /// The counters of all attempts.
    pub fn metrics(&self) -> &CallMetrics {
        &self.metrics
    }

    /// Checks that the call's URL is allowed, before anything is committed for it.
    ///
    /// # Errors
    /// [`Error::NotAUrl`] and [`Error::Address`].
    pub fn check(&self, call: &Call) -> Result<(), Error> {
        self.target.resolve(&call.url).map(|_| ())
    }

    /// Sends the call, and retries with the same bytes until the answer is settled or the caller's
    /// patience ends.
    ///
    /// `before_retry` runs before every attempt but the first; an error of it ends the sending.
    ///
    /// # Errors
    /// As [`Transport::check`], or an error of `before_retry`. Network failures are [`Reply`]
    /// values.
    pub async fn send(
        &self,
        Attempt { call, repeated }: Attempt<'_>,
        before_retry: &mut (dyn FnMut() -> Result<(), Error> + Send),
    ) -> Result<Reply, Error> {
        let url = self.target.resolve(&call.url)?;
        let begun = self.http_client.now();
        let mut reason = String::new();
        for attempt in 1..=self.retry_policy.attempts_max {
            if let Err(reason) = self.queue(call, begun).await {
                return Ok(Reply::Unknown(reason));
            }
            // Repeating a read or a deletion is safe.
            let repeated = (repeated || attempt > 1) && call.method == "POST";
            let attempt_made = Attempt { call, repeated };
            match self.attempt(&url, call).await {
                Ok(answer) => match self.gateway().verdict(&answer, attempt_made) {
                    Verdict::Final if self.gateway().is_key_mismatch(&answer) => {
                        return Ok(Reply::KeyMismatch(self.describe(&answer)));
                    }
                    Verdict::Final => return Ok(Reply::Answer(answer)),
                    verdict => {
                        reason = self.describe(&answer);
                        if answer.status == 429 {
                            self.rate.refused(self.gateway().account(call), self.http_client.now());
                        }
                        if self.gateway().replays_error(&answer) {
                            return Ok(Reply::KeyReplaysError(reason));
                        }
                        if verdict == Verdict::Later {
                            break;
                        }
                    }
                },
                Err(failure) => reason = failure,
            }
            let pause = backoff_after(attempt);
            let over = self.since(begun) + pause > self.retry_policy.total;
            if over || attempt == self.retry_policy.attempts_max {
                break;
            }
            self.http_client.pause(pause).await;
            before_retry()?;
        }
        Ok(Reply::Unknown(reason))
    }

    /// Waits for the account's rate limit while the caller's patience lasts.
    async fn queue(&self, call: &Call, begun: Instant) -> Result<(), String> {
        while let Some(wait) = self.rate.take(self.gateway().account(call), self.http_client.now())
        {
            if self.since(begun) + wait > self.retry_policy.total.min(QUEUE_MAX) {
                return Err("the account's rate limit leaves no room now".to_owned());
            }
            self.http_client.pause(wait).await;
        }
        Ok(())
    }

    fn since(&self, begun: Instant) -> Duration {
        self.http_client.now().saturating_duration_since(begun)
    }

    async fn attempt(&self, url: &reqwest::Url, call: &Call) -> Result<Answer, String> {
        let begun = self.http_client.now();
        let answer = self.http_client.exchange(url, call).await;
        let status = answer.as_ref().map_or(0, |answer| answer.status);
        self.metrics.count(status, self.http_client.now().saturating_duration_since(begun));
        answer
    }

    /// Describes an answer that settles nothing, for an operator.
    fn describe(&self, answer: &Answer) -> String {
        match self.gateway().describe(answer).code {
            Some(code) => format!("the gateway answered {} ({code})", answer.status),
            None if answer.status < 409 => {
                format!("{} was answered, but not by the gateway", answer.status)
            }
            None => format!("the gateway answered {}", answer.status),
        }
    }
}

/// 0.5 s, doubled with every attempt up to 5 s, times 0.5 to 1 to spread the callers.
fn backoff_after(attempt: u32) -> Duration {
    let whole = BACKOFF_FIRST.saturating_mul(1 << (attempt - 1).min(8)).min(BACKOFF_MAX);
    let share = rand::random_range(0.5..=1.0);
    whole.mul_f64(share).max(BACKOFF_FIRST / 2) / sluicegate_failpoint::time_scale()
}
