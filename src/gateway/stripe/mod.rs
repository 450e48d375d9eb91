//! Everything the host knows about Stripe: hosts, limits, answers, recovery, signatures, default
//! names.

mod answer;
mod list;
mod reconcile;
mod recovery;
pub mod signature;

use crate::executor::BoxFuture;
use crate::gateway::call::Call;
use crate::gateway::contract::{
    Ask, Attempt, Described, EventsPage, Finding, FutureTimes, Gateway, Refusal, SentCall, Verdict,
};
use crate::gateway::error::Error;
use crate::gateway::reply::Answer;
use crate::gateway::stripe::answer::AttemptTraits;
use jiff::Timestamp;
use sluicegate_secret::Secret;

/// The base URL of Stripe's API.
const API: &str = "https://api.stripe.com/";
/// The header that names a connected account.
const ACCOUNT_HEADER: &str = "Stripe-Account";
/// Prefixes of strings that must not be stored in plaintext.
const SECRET_PREFIXES: [&str; 6] =
    ["whsec_", "sk_live_", "sk_test_", "rk_live_", "rk_test_", "access_token"];

/// The Stripe gateway.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stripe;

impl Gateway for Stripe {
    fn module(&self) -> &'static str {
        "stripe"
    }

    fn hosts(&self) -> &'static [&'static str] {
        &["api.stripe.com", "connect.stripe.com", "files.stripe.com", "uploads.stripe.com"]
    }

    fn page_hosts(&self) -> &'static [&'static str] {
        &[
            "https://js.stripe.com",
            "https://*.js.stripe.com",
            "https://checkout.stripe.com",
            "https://hooks.stripe.com",
            "https://api.stripe.com",
            "https://uploads.stripe.com",
        ]
    }

    fn script_hosts(&self) -> &'static [&'static str] {
        &["https://js.stripe.com", "https://checkout.stripe.com"]
    }

    /// Stripe's own limits: <https://docs.stripe.com/rate-limits>.
    fn rate_per_second(&self, livemode: bool) -> f64 {
        if livemode { 100.0 } else { 25.0 }
    }

    fn account<'a>(&self, call: &'a Call) -> &'a str {
        let mut headers = call.headers.iter();
        let named = headers.find(|(name, _)| name.eq_ignore_ascii_case(ACCOUNT_HEADER));
        named.map_or("-", |(_, value)| value.expose())
    }

    fn verdict(&self, answer: &Answer, attempt: Attempt<'_>) -> Verdict {
        let to_stripe = attempt.call.url.starts_with(API);
        answer::verdict(answer, AttemptTraits { to_stripe, repeated: attempt.repeated })
    }

    fn replays_error(&self, answer: &Answer) -> bool {
        answer::replays_error(answer)
    }

    fn is_key_mismatch(&self, answer: &Answer) -> bool {
        answer::is_key_mismatch(answer)
    }

    fn describe(&self, answer: &Answer) -> Described {
        answer::describe(answer)
    }

    fn already_deleted(&self, call: &Call, answer: &Answer) -> Option<Answer> {
        (call.method == "DELETE" && answer::is_missing(answer)).then(|| reconcile::deleted(call))
    }

    fn mark(&self, call: &mut Call, operation: &str) {
        recovery::mark(call, operation);
    }

    fn reconcile<'a>(
        &'a self,
        sent: &'a SentCall<'a>,
        ask: &'a mut dyn Ask,
    ) -> BoxFuture<'a, Result<Finding, Error>> {
        Box::pin(reconcile::reconcile(sent, ask))
    }

    fn own_metadata(&self) -> &'static str {
        recovery::OPERATION
    }

    fn has_own_metadata(&self, call: &Call) -> bool {
        recovery::has_mark(call)
    }

    fn next_page(&self, call: &Call, page: &Answer) -> Option<Call> {
        list::next_page(call, page)
    }

    fn join_pages(&self, pages: &[Answer]) -> Option<Answer> {
        list::join(pages)
    }

    fn holds_secret(&self, body: &str) -> bool {
        SECRET_PREFIXES.iter().any(|prefix| body.contains(prefix))
    }

    fn signature_header(&self) -> &'static str {
        "stripe-signature"
    }

    fn verify(
        &self,
        header: &str,
        body: &[u8],
        secrets: &[Secret],
        now: Timestamp,
        future: FutureTimes,
    ) -> Result<usize, Refusal> {
        signature::verify(header, body, secrets, now, future)
    }

    fn list_events(&self, page: &EventsPage<'_>) -> Call {
        let bearer = format!("Bearer {}", page.key.expose());
        let mut headers = vec![("Authorization".to_owned(), Secret::new(bearer))];
        if let Some(account) = page.account {
            headers.push((ACCOUNT_HEADER.to_owned(), Secret::new(account)));
        }
        let after = page.after.map(|id| format!("&starting_after={id}")).unwrap_or_default();
        let from = page.created_from;
        let url = format!("{API}v1/events?limit=100&created%5Bgte%5D={from}{after}");
        Call { method: "GET".to_owned(), url, headers, body: String::new(), is_secret: false }
    }

    fn events_kept_days(&self) -> i64 {
        30
    }

    fn webhook_endpoints_table(&self) -> &'static str {
        "modules/payments/webhook_endpoint"
    }

    fn accounts_table(&self) -> &'static str {
        "modules/payments/account"
    }

    fn webhook_endpoint_request_type(&self) -> &'static str {
        "create_webhook_endpoint"
    }
}
