//! The trait that a payment gateway implements. `stripe/` implements it for Stripe.

use crate::executor::BoxFuture;
use crate::gateway::call::Call;
use crate::gateway::error::Error;
use crate::gateway::reply::{Answer, Reply};
use jiff::Timestamp;
use sluicegate_secret::Secret;

/// A payment gateway as the host sees it. Everything else about a gateway is in its module; this
/// trait covers only what the host must know itself.
pub trait Gateway: Send + Sync + std::fmt::Debug {
    /// The machine name of the module that defines its request types, such as `stripe`.
    fn module(&self) -> &'static str;

    /// The hosts that its calls may reach without an operator's permission.
    fn hosts(&self) -> &'static [&'static str];

    /// The hosts whose scripts, frames and requests a page may use, as sources of a
    /// `Content-Security-Policy`.
    fn page_hosts(&self) -> &'static [&'static str];

    /// The origins of its scripts, which pages load by absolute URL.
    fn script_hosts(&self) -> &'static [&'static str];

    /// The requests per second that it allows for one account.
    fn rate_per_second(&self, livemode: bool) -> f64;

    /// The account whose rate limit a call counts against; `-` for the platform's own.
    fn account<'a>(&self, call: &'a Call) -> &'a str;

    /// Whether the answer to one attempt is final.
    fn verdict(&self, answer: &Answer, attempt: Attempt<'_>) -> Verdict;

    /// True when the answer is stored under the idempotency key, settles nothing, and will be
    /// replayed until the gateway forgets the key.
    fn replays_error(&self, answer: &Answer) -> bool;

    /// True when the gateway refuses because the idempotency key was used for other data: something
    /// was done with this key before, and the answer does not say what.
    fn is_key_mismatch(&self, answer: &Answer) -> bool;

    /// Ids, code and message of an answer.
    fn describe(&self, answer: &Answer) -> Described;

    /// The success answer for a repeated deletion whose object no longer exists; `None` when the
    /// answer has another cause.
    fn already_deleted(&self, call: &Call, answer: &Answer) -> Option<Answer>;

    /// Writes `operation` into a call, where the gateway stores it with the created object, so that
    /// [`Gateway::reconcile`] finds it. Calls that cannot carry it are unchanged.
    fn mark(&self, call: &mut Call, operation: &str);

    /// The metadata name that [`Gateway::mark`] writes.
    fn own_metadata(&self) -> &'static str;

    /// True when a call already has that name.
    fn has_own_metadata(&self, call: &Call) -> bool;

    /// Finds out whether a call took effect, after its idempotency key may have expired.
    ///
    /// # Errors
    /// Any error of `ask`.
    fn reconcile<'a>(
        &'a self,
        sent: &'a SentCall<'a>,
        ask: &'a mut dyn Ask,
    ) -> BoxFuture<'a, Result<Finding, Error>>;

    /// The call for the next page of a list that a call asks for completely; `None` after the last.
    fn next_page(&self, call: &Call, page: &Answer) -> Option<Call>;

    /// The pages of a list, in order, as one page; `None` when one of them is not a page.
    fn join_pages(&self, pages: &[Answer]) -> Option<Answer>;

    /// True when a body holds a credential and must be sealed where it is stored.
    fn holds_secret(&self, body: &str) -> bool;

    /// The request header that holds a delivery's signature, in lower case.
    fn signature_header(&self) -> &'static str;

    /// Verifies a delivery. Returns the index in `secrets` of the one that signed it.
    ///
    /// # Errors
    /// [`Refusal`]. Blank secrets are skipped; if none is left, [`Refusal::NoSecret`].
    fn verify(
        &self,
        header: &str,
        body: &[u8],
        secrets: &[Secret],
        now: Timestamp,
        future: FutureTimes,
    ) -> Result<usize, Refusal>;

    /// A call that lists one page of the events created at `created_from` (Unix seconds) or later,
    /// newest first, for a connected account or the platform itself.
    fn list_events(&self, page: &EventsPage<'_>) -> Call;

    /// For how many days the gateway lists events.
    fn events_kept_days(&self) -> i64;

    /// The table whose records hold webhook endpoints, with their secrets.
    fn webhook_endpoints_table(&self) -> &'static str;

    /// The table whose records are connected accounts; `gateway_id` holds the account's id.
    fn accounts_table(&self) -> &'static str;

    /// The request type that creates a webhook endpoint.
    fn webhook_endpoint_request_type(&self) -> &'static str;
}

/// Asks the gateway while a call is reconciled.
pub trait Ask: Send {
    /// Sends a read-only call, with the reconciled call's own credentials.
    ///
    /// # Errors
    /// Any error but the network's, which is a [`Reply`].
    fn ask<'a>(&'a mut self, call: &'a Call) -> BoxFuture<'a, Result<Reply, Error>>;
}

/// One attempt at a call.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The call as sent.
    pub call: &'a Call,
    /// True when an earlier attempt was sent and its answer is not known: it may have taken effect.
    pub repeated: bool,
}

impl<'a> Attempt<'a> {
    /// The first attempt at a call.
    pub fn first(call: &'a Call) -> Self {
        Self { call, repeated: false }
    }
}

/// What a single attempt's answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The gateway's final answer.
    Final,
    /// Not settled: send the same bytes with the same key again.
    Again,
    /// Not settled, and the gateway asks not to retry soon.
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
pub struct SentCall<'a> {
    /// The call as sent.
    pub call: &'a Call,
    /// Nothing that the call created is older.
    pub since: Timestamp,
}

/// The result of reconciling a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// The call took effect; the answer is what it would have returned.
    Applied(Answer),
    /// The call took no effect, or repeating it is safe.
    NotApplied,
    /// The gateway does not answer now; the reason is for the operator. Try again later.
    Unavailable(String),
    /// The gateway's data cannot show it: an operator decides.
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
    /// The id of the last event of the previous page.
    pub after: Option<&'a str>,
}

/// What becomes of a signature whose time is further in the future than the tolerance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FutureTimes {
    /// It is accepted, as in Stripe's own libraries: clocks differ, and only a holder of the secret
    /// can create a signature.
    Accepted,
    /// It is refused: it would be valid for longer than the tolerance.
    Refused,
}

/// Why a delivery is refused. The reason is logged, not returned to the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No secret is configured, so no delivery can be verified.
    #[error("no webhook secret is configured")]
    NoSecret,
    /// The header is missing or malformed.
    #[error("the signature header is missing or malformed")]
    Malformed,
    /// No signature matches one of our secrets over these bytes.
    #[error("the signature does not match")]
    Mismatch,
    /// The signature is valid, and its time further in the future than the tolerance.
    #[error("the signature is from the future; compare the clock of this machine")]
    Future,
    /// The signature is valid but older than the tolerance.
    #[error("the signature is too old")]
    Expired,
}
