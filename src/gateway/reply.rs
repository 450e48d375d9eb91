//! A call's reply: an answer, or that the answer is not known.

use crate::gateway::contract::Gateway;
use serde_json::{Map, Value as Json, json};
use sluicegate_liquid::value::Value;
use sluicegate_secret::InstanceKey;

/// Where sealed bodies are bound to.
const SEAL_PLACE: &str = "steps/response/body";

/// A complete HTTP answer that settles what happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Header names in lower case.
    pub headers: Map<String, Json>,
    /// The body as text.
    pub body: String,
}

/// What one call, retries included, came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The gateway's word, final.
    Answer(Answer),
    /// It is not known whether it happened; the text says why, for the operator.
    Unknown(String),
    /// The same, and the key is spent: it replays an answer that settles nothing, for as long as
    /// the gateway remembers it.
    KeyReplaysError(String),
}

impl Answer {
    /// A header's text by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(Json::as_str)
    }

    /// The answer as it may be kept and shown: `secrets` are left out of its body.
    pub fn without(&self, secrets: &[String]) -> Self {
        let mut kept = self.clone();
        for secret in secrets {
            kept.body = kept.body.replace(secret.as_str(), "[secret]");
        }
        kept
    }

    /// The body as JSON, when it is.
    pub fn json(&self) -> Option<Json> {
        serde_json::from_str(&self.body).ok()
    }

    /// The answer as templates see it: `{status, headers, body}`.
    pub fn to_json(&self) -> Json {
        json!({ "status": self.status, "headers": self.headers, "body": self.body })
    }

    /// The same as a value of templates.
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

    /// The answer as a step stores it: a body with a secret in it, such as that of a new webhook
    /// endpoint, is sealed.
    pub fn to_stored(&self, key: &InstanceKey, gateway: &dyn Gateway) -> Json {
        let mut stored = self.to_json();
        if gateway.holds_secret(&self.body) {
            stored["body"] = json!({ "sealed": key.seal(SEAL_PLACE, &self.body) });
        }
        stored
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
    use crate::gateway::stripe::Stripe;

    fn answer(status: u16, body: &str, should_retry: Option<&str>) -> Answer {
        let mut headers = Map::new();
        if let Some(text) = should_retry {
            headers.insert("stripe-should-retry".to_owned(), json!(text));
        }
        Answer { status, headers, body: body.to_owned() }
    }

    #[test]
    fn a_stored_answer_reads_back() {
        let key = InstanceKey::random();
        let one = answer(200, "{\"id\":\"ch_1\"}", Some("true"));
        assert_eq!(Answer::from_stored(&one.to_stored(&key, &Stripe), &key), Some(one));
        assert_eq!(Answer::from_stored(&json!({"status": 99999}), &key), None);
        let secret = answer(200, "{\"secret\":\"whsec_canary\"}", None);
        let stored = secret.to_stored(&key, &Stripe);
        assert!(!stored.to_string().contains("whsec_canary"));
        assert_eq!(Answer::from_stored(&stored, &key), Some(secret));
        assert_eq!(Answer::from_stored(&stored, &InstanceKey::random()), None);
    }
}
