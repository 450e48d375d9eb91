//! A call's reply: an answer, or the reason why the answer is not known.

use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use sluicegate_liquid::value::Value;
use sluicegate_secret::InstanceKey;
use sluicegate_store::document::Document;

/// The context that sealed bodies are bound to.
pub const SEAL_PLACE: &str = "steps/response/body";

/// A complete HTTP answer that settles what happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Header names in lower case.
    pub headers: Map<String, Json>,
    /// The body as a string.
    pub body: String,
}

/// The result of one call, retries included.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The gateway's final answer.
    Answer(Answer),
    /// The effect is unknown; the reason is for the operator.
    Unknown(String),
    /// Unknown as well, and the key is unusable: until the gateway forgets it, it replays an answer
    /// that settles nothing.
    KeyReplaysError(String),
    /// Unknown as well: the key was used before for other data, so something was done with it.
    KeyMismatch(String),
}

/// An answer as a step stores it.
#[derive(Serialize)]
struct StoredAnswer<'a> {
    status: u16,
    headers: &'a Map<String, Json>,
    body: StoredBody<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum StoredBody<'a> {
    Plain(&'a str),
    Sealed { sealed: String },
}

impl Answer {
    /// A header's value by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(Json::as_str)
    }

    /// The body parsed as JSON; `None` if it is not JSON.
    pub fn json(&self) -> Option<Json> {
        serde_json::from_str(&self.body).ok()
    }

    /// The answer as templates see it: `{status, headers, body}`.
    pub fn to_json(&self) -> Json {
        json!({ "status": self.status, "headers": self.headers, "body": self.body })
    }

    /// Like [`Answer::to_json`], as a template value.
    pub fn to_value(&self) -> Value {
        let text = |header: &Json| Value::text(header.as_str().unwrap_or_default());
        let headers = self.headers.iter().map(|(name, value)| (name.as_str().into(), text(value)));
        let entries = [
            ("status".into(), Value::Int(self.status.into())),
            ("headers".into(), Value::hash(headers.collect())),
            ("body".into(), Value::text(self.body.as_str())),
        ];
        Value::hash(entries.into_iter().collect())
    }

    /// The answer as a step stores it. A body with a secret, such as that of a new webhook
    /// endpoint, is sealed.
    pub fn to_stored(&self, key: &InstanceKey, holds_secret: impl Fn(&str) -> bool) -> Document {
        let sealed = holds_secret(&self.body).then(|| key.seal(SEAL_PLACE, &self.body));
        let body = match sealed {
            Some(sealed) => StoredBody::Sealed { sealed },
            None => StoredBody::Plain(&self.body),
        };
        let stored = StoredAnswer { status: self.status, headers: &self.headers, body };
        Document::of(&stored).expect("texts can be written")
    }

    /// The answer that [`Answer::to_stored`] stored.
    pub fn from_stored(stored: &Json, key: &InstanceKey) -> Option<Self> {
        let body = stored.get("body")?;
        let body = match body.get("sealed").and_then(Json::as_str) {
            Some(sealed) => key.open(SEAL_PLACE, sealed)?.expose().to_owned(),
            None => body.as_str()?.to_owned(),
        };
        Some(Self {
            status: u16::try_from(stored.get("status")?.as_u64()?).ok()?,
            headers: stored.get("headers")?.as_object()?.clone(),
            body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::contract::Gateway as _;
    use crate::gateway::stripe::Stripe;

    fn answer(status: u16, body: &str, should_retry: Option<&str>) -> Answer {
        let mut headers = Map::new();
        if let Some(text) = should_retry {
            headers.insert("stripe-should-retry".to_owned(), json!(text));
        }
        Answer { status, headers, body: body.to_owned() }
    }

    fn holds_secret(body: &str) -> bool {
        Stripe.holds_secret(body)
    }

    #[test]
    fn a_stored_answer_reads_back() {
        let key = InstanceKey::random();
        let one = answer(200, "{\"id\":\"ch_1\"}", Some("true"));
        assert_eq!(Answer::from_stored(&one.to_stored(&key, holds_secret), &key), Some(one));
        assert_eq!(Answer::from_stored(&json!({"status": 99999}), &key), None);
        let secret = answer(200, "{\"secret\":\"whsec_canary\"}", None);
        let stored = secret.to_stored(&key, holds_secret);
        assert!(!stored.to_string().contains("whsec_canary"));
        assert_eq!(Answer::from_stored(&stored, &key), Some(secret));
        assert_eq!(Answer::from_stored(&stored, &InstanceKey::random()), None);
    }
}
