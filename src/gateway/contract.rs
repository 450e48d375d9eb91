//! What the host asks of a payment gateway: one trait. `stripe/` implements it for Stripe.

use crate::gateway::call::Call;
use crate::gateway::error::Error;
use crate::gateway::reply::{Answer, Reply};
use jiff::Timestamp;
use sluicegate_secret::Secret;

/// A payment gateway as the host knows it. What a module can say about its gateway is said in the
/// module; here is only what has to hold before a module is asked.
pub trait Gateway: Send + Sync + std::fmt::Debug {
    /// The machine name of the module that describes its request types, such as `stripe`.
    fn module(&self) -> &'static str;

    /// The hosts that its calls may reach without being named by the operator.
    fn hosts(&self) -> &'static [&'static str];

    /// The hosts whose scripts, frames and requests a page may use, as sources of a
    /// `Content-Security-Policy`.
    fn page_hosts(&self) -> &'static [&'static str];

    /// Requests a second that it allows for one account.
    fn rate_per_second(&self, livemode: bool) -> f64;

    /// The account whose rate limit a call counts for; `-` for the platform's own.
    fn account<'a>(&self, call: &'a Call) -> &'a str;

    /// What one attempt's answer settles.
    fn verdict(&self, answer: &Answer, attempt: Attempt<'_>) -> Verdict;

    /// True when the answer is stored under the idempotency key, settles nothing, and will be the
    /// same for as long as the gateway remembers the key.
    fn replays_error(&self, answer: &Answer) -> bool;

    /// What an answer says besides its status.
    fn describe(&self, answer: &Answer) -> Described;

    /// The answer to a deletion whose object is gone when it is repeated; `None` when the answer
    /// says something else.
    fn already_deleted(&self, call: &Call, answer: &Answer) -> Option<Answer>;

    /// Writes `operation` into a call, where the gateway keeps it with the object that is made, so
    /// that [`Gateway::reconcile`] finds it. Calls that cannot carry it stay as they are.
    fn mark(&self, call: &mut Call, operation: &str);

    /// Finds out whether a call whose idempotency key may be gone took effect.
    ///
    /// # Errors
    /// What `ask` refuses.
    fn reconcile(&self, sent: &Sent<'_>, ask: &mut Ask<'_>) -> Result<Finding, Error>;

    /// True when a body holds a credential and must be sealed where it is stored.
    fn holds_secret(&self, body: &str) -> bool;

    /// The request header that holds a delivery's signature, in lower case.
    fn signature_header(&self) -> &'static str;

    /// Verifies a delivery. Returns the index in `secrets` of the one that signed it.
    ///
    /// # Errors
    /// [`Refusal`]; blank secrets are passed over, and none at all is [`Refusal::NoSecret`].
    fn verify(
        &self,
        header: &str,
        body: &[u8],
        secrets: &[Secret],
        now: Timestamp,
    ) -> Result<usize, Refusal>;

    /// A call that lists one page of the events made at `created_from` (Unix seconds) or later,
    /// newest first, for a connected account or the platform itself.
    fn list_events(&self, page: &EventsPage<'_>) -> Call;

    /// How many days back events can be listed.
    fn events_kept_days(&self) -> i64;

    /// The table whose records hold webhook endpoints, with their secrets.
    fn webhook_endpoints_table(&self) -> &'static str;

    /// The table whose records are connected accounts; `gateway_id` names the account.
    fn accounts_table(&self) -> &'static str;

    /// The request type that creates a webhook endpoint.
    fn webhook_endpoint_request_type(&self) -> &'static str;
}

/// Sends a call that only reads, with the credentials that it carries.
pub type Ask<'a> = dyn FnMut(&Call) -> Result<Reply, Error> + 'a;

/// One attempt at a call.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// What was sent.
    pub call: &'a Call,
    /// True when an earlier attempt went out whose answer is not known: it may have taken effect.
    pub repeated: bool,
}

/// What a single attempt's answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The gateway's answer, final.
    Final,
    /// Not settled: send the same bytes with the same key again.
    Again,
    /// Not settled, and the gateway asks for no further attempt soon.
    Later,
}

/// What an answer says besides its status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Described {
    /// The id of the object in the body.
    pub id: Option<String>,
    /// The gateway's id of this request.
    pub request_id: Option<String>,
    /// The code of a refusal.
    pub code: Option<String>,
    /// The message of a refusal, for people.
    pub message: Option<String>,
    /// True when the payment method was declined.
    pub is_decline: bool,
}

/// A call that was sent, for [`Gateway::reconcile`].
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// The bytes.
    pub call: &'a Call,
    /// The operation that [`Gateway::mark`] wrote into it.
    pub operation: &'a str,
    /// When its intent was committed: nothing that it made is older.
    pub since: Timestamp,
}

/// What became of a call, as far as it can be found out.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// It took effect; this is what the call would have been answered.
    Applied(Answer),
    /// It took no effect, or sending it again has the same effect as sending it once.
    NotApplied,
    /// The gateway does not answer now; the reason is for the operator. Ask again later.
    Unavailable(String),
    /// It cannot be found out from outside: an operator decides.
    Undeterminable,
}

/// One page of a gateway's list of events.
#[derive(Debug, Clone, Copy)]
pub struct EventsPage<'a> {
    /// The secret key.
    pub key: &'a Secret,
    /// The connected account; `None` for the platform's own events.
    pub account: Option<&'a str>,
    /// The earliest creation time, in Unix seconds.
    pub created_from: i64,
    /// The id of the last event of the page before.
    pub after: Option<&'a str>,
}

/// Why a delivery is refused. The sender is told only the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No secret is configured, so no delivery can be verified.
    #[error("no webhook secret is configured")]
    NoSecret,
    /// The header is missing, or does not have the gateway's form.
    #[error("the signature header is missing or malformed")]
    Malformed,
    /// None of the signatures was made with one of our secrets over these bytes.
    #[error("the signature does not match")]
    Mismatch,
    /// The signature is right and older than the tolerance.
    #[error("the signature is too old")]
    Expired,
}
