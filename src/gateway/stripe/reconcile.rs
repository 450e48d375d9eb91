//! Finds out whether a call took effect, after its idempotency key may have expired.

use crate::gateway::call::Call;
use crate::gateway::contract::{Ask, Finding, SentCall};
use crate::gateway::error::Error;
use crate::gateway::reply::{Answer, Reply};
use crate::gateway::stripe::recovery::{OPERATION, Recovery, is_marked, mark_of};
use serde_json::{Map, Value as Json, json};
use sluicegate_failpoint::injected_bug;

/// The maximum number of list pages to read; beyond it the answer stays unknown.
const PAGES_MAX: usize = 500;
/// How far our clock may have been ahead of Stripe's when the intent was written, in seconds.
const CLOCKS_DIFFER_SECS: i64 = 2 * 3600;
/// The credential and version headers that lookups copy from the call.
const CREDENTIAL_HEADERS: [&str; 3] = ["authorization", "stripe-account", "stripe-version"];

/// Finds out whether a call took effect.
///
/// # Errors
/// Any error of `ask`.
pub async fn reconcile(sent: &SentCall<'_>, ask: &mut dyn Ask) -> Result<Finding, Error> {
    let call = sent.call;
    match Recovery::of(&call.method, &call.url) {
        Recovery::SafeToRepeat => Ok(Finding::NotApplied),
        Recovery::Undeterminable => Ok(Finding::Undeterminable),
        Recovery::FindByMetadata { .. } if !is_marked(call) => Ok(Finding::Undeterminable),
        Recovery::FindByMetadata { dated, ended } => {
            Reconcile { sent, ask }.find_by_metadata(dated, ended).await
        }
        Recovery::ReadState { property, done } => {
            Reconcile { sent, ask }.read_state(property, done).await
        }
    }
}

struct Reconcile<'a> {
    sent: &'a SentCall<'a>,
    ask: &'a mut dyn Ask,
}

impl Reconcile<'_> {
    async fn find_by_metadata(&mut self, dated: bool, ended: &str) -> Result<Finding, Error> {
        let from = self.sent.since.as_second() - CLOCKS_DIFFER_SECS;
        let operation = mark_of(self.sent.call);
        let created = if dated { format!("&created%5Bgte%5D={from}") } else { String::new() };
        let mut after = String::new();
        for _ in 0..PAGES_MAX {
            let query = format!("limit=100{created}{ended}{after}");
            let page = match self.get(&self.address(None), &query).await? {
                Ok(page) => page,
                Err(reason) => return Ok(Finding::Unavailable(reason)),
            };
            // A malformed list must not pass for an empty one: the call would be sent again.
            let Some(objects) = page.get("data").and_then(Json::as_array) else {
                return Ok(Finding::Unavailable("the list cannot be read".to_owned()));
            };
            let ours = |object: &&Json| {
                let mark = object.get("metadata").and_then(|m| m.get(OPERATION));
                mark.and_then(Json::as_str) == operation
            };
            if let Some(object) = objects.iter().find(ours) {
                return self.retrieve(object).await;
            }
            let more = page.get("has_more").and_then(Json::as_bool).unwrap_or(false);
            let last = objects.last().and_then(|object| object.get("id")?.as_str());
            match last {
                Some(last) if more && !injected_bug("first_page_only") => {
                    after = format!("&starting_after={last}")
                }
                None if more => {
                    return Ok(Finding::Unavailable("the list cannot be read".to_owned()));
                }
                _ => return Ok(Finding::NotApplied),
            }
        }
        Ok(Finding::Unavailable(format!("more than {PAGES_MAX} pages to look through")))
    }

    /// The answer that the call would have received, with the same expansions.
    async fn retrieve(&mut self, object: &Json) -> Result<Finding, Error> {
        if let Some(declined) = declined(object, is_confirmed(&self.sent.call.body)) {
            return Ok(Finding::Applied(declined));
        }
        let id = object.get("id").and_then(Json::as_str).unwrap_or_default();
        let query = expansions(&self.sent.call.body);
        Ok(match self.get(&self.address(Some(id)), &query).await? {
            Ok(object) if text(&object, "id") == id => Finding::Applied(answered(200, &object)),
            Ok(_) => Finding::Unavailable("the object cannot be read".to_owned()),
            Err(reason) => Finding::Unavailable(reason),
        })
    }

    async fn read_state(&mut self, property: &str, done: &str) -> Result<Finding, Error> {
        let address = self.address(None);
        let object = address.trim_end_matches('/').rsplit_once('/').map_or("", |(of, _)| of);
        let query = expansions(&self.sent.call.body);
        Ok(match self.get(object, &query).await? {
            Ok(object) if text(&object, property) == done => {
                Finding::Applied(answered(200, &object))
            }
            Ok(object) if object.get(property).is_none() => {
                Finding::Unavailable(format!("the object shows no `{property}`"))
            }
            Ok(_) => Finding::NotApplied,
            Err(reason) => Finding::Unavailable(reason),
        })
    }

    async fn get(&mut self, address: &str, query: &str) -> Result<Result<Json, String>, Error> {
        let is_credential =
            |name: &str| CREDENTIAL_HEADERS.iter().any(|one| name.eq_ignore_ascii_case(one));
        let headers = self.sent.call.headers.iter();
        let headers = headers.filter(|(name, _)| is_credential(name)).cloned().collect();
        let mark = if query.is_empty() { "" } else { "?" };
        let url = format!("{address}{mark}{query}");
        let (method, body) = ("GET".to_owned(), String::new());
        let call = Call { method, url, headers, body, is_secret: false };
        Ok(match self.ask.ask(&call).await? {
            Reply::Answer(answer) if answer.status == 200 => {
                answer.json().ok_or_else(|| "the list cannot be read".to_owned())
            }
            Reply::Answer(answer) => Err(format!("the lookup was answered {}", answer.status)),
            Reply::Unknown(reason)
            | Reply::KeyReplaysError(reason)
            | Reply::KeyMismatch(reason) => Err(reason),
        })
    }

    fn address(&self, id: Option<&str>) -> String {
        let address = self.sent.call.url.split(['?', '#']).next().unwrap_or_default();
        match id {
            Some(id) => format!("{}/{id}", address.trim_end_matches('/')),
            None => address.to_owned(),
        }
    }
}

/// The answer to a repeated deletion (Stripe ignores idempotency keys on DELETE).
pub fn deleted(call: &Call) -> Answer {
    let path = call.url.split(['?', '#']).next().unwrap_or_default();
    let id = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    answered(200, &json!({ "id": id, "deleted": true }))
}

/// Stripe keeps a declined charge, and an intent whose method was declined; the call that created
/// it was answered with 402. An intent that was not confirmed by that call was declined later.
fn declined(object: &Json, is_confirmed: bool) -> Option<Answer> {
    let error = match text(object, "object").as_str() {
        "charge" if text(object, "status") == "failed" => json!({
            "type": "card_error", "charge": object.get("id"),
            "code": object.get("failure_code"), "message": object.get("failure_message"),
            "decline_code": object.pointer("/outcome/reason"),
        }),
        kind @ ("payment_intent" | "setup_intent")
            if is_confirmed && text(object, "status") == "requires_payment_method" =>
        {
            let last = ["last_payment_error", "last_setup_error"];
            let mut error = last.iter().find_map(|name| object.get(name)).cloned()?;
            error.as_object_mut()?.insert(kind.to_owned(), object.clone());
            error
        }
        _ => return None,
    };
    Some(answered(402, &json!({ "error": error })))
}

/// True when the call that makes an intent confirms it, too.
fn is_confirmed(body: &str) -> bool {
    form_urlencoded::parse(body.as_bytes())
        .any(|(name, value)| name == "confirm" && value == "true")
}

fn answered(status: u16, body: &Json) -> Answer {
    let mut headers = Map::new();
    headers.insert("content-type".to_owned(), json!("application/json"));
    // Marks the stored answer as looked up.
    headers.insert("sluicegate-looked-up".to_owned(), json!("true"));
    Answer { status, headers, body: body.to_string() }
}

/// The `expand[…]` pairs of a form body, unchanged.
fn expansions(body: &str) -> String {
    let pairs = body.split('&').filter(|pair| {
        pair.starts_with("expand%5B") || pair.starts_with("expand[") || pair.starts_with("expand=")
    });
    pairs.collect::<Vec<_>>().join("&")
}

fn text(object: &Json, property: &str) -> String {
    match object.get(property) {
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}
