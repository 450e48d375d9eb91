//! What came back from a call, and what it tells: an answer, or that the answer is not known.

use serde::de::IgnoredAny;
use serde_json::{Map, Value as Json, json};
use sluicegate_failpoint::injected_bug;
use sluicegate_liquid::value::Value;
use sluicegate_secret::InstanceKey;

/// How texts begin that must not be stored in the clear.
const SECRET_PREFIXES: [&str; 6] =
    ["whsec_", "sk_live_", "sk_test_", "rk_live_", "rk_test_", "access_token"];
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
    /// Nobody knows whether it happened; the text says why, for the operator.
    Unknown(String),
    /// The same, and the key is spent: it replays an answer that settles nothing, for as long as
    /// the gateway remembers it.
    KeyReplaysError(String),
}

/// What an answer is to be read with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Stripe was asked: every answer of Stripe's is a JSON object, and every refusal has an
    /// `error`. Anything else comes from somewhere on the way.
    pub stripe: bool,
    /// The call may have taken effect before: an attempt went out whose answer is not known.
    pub repeated: bool,
}

/// What a single attempt's status and headers mean (`stripe.md` 2.2, 4.1, 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The gateway's word, final.
    Final,
    /// Not settled: send the same bytes with the same key again.
    Again,
    /// Not settled, and the gateway asks not to be asked again soon.
    Later,
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

    /// Stripe's id of this request.
    pub fn request_id(&self) -> Option<&str> {
        self.header("request-id")
    }

    /// The body as JSON, when it is.
    pub fn json(&self) -> Option<Json> {
        serde_json::from_str(&self.body).ok()
    }

    /// The id of the object in the body, without reading the rest into memory.
    pub fn object_id(&self) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Object {
            id: Option<String>,
        }
        serde_json::from_str::<Object>(&self.body).ok()?.id
    }

    /// The error code of a Stripe error body.
    pub fn error_code(&self) -> Option<String> {
        self.json()?.pointer("/error/code")?.as_str().map(str::to_owned)
    }

    /// True when the object it is about is not there, or not any more. A deleted account is
    /// answered like one that never gave access.
    pub fn is_missing(&self) -> bool {
        let code = self.error_code();
        matches!(
            (self.status, code.as_deref()),
            (404, Some("resource_missing")) | (403, Some("account_invalid"))
        )
    }

    /// True when this is the stored answer to an earlier use of the key, and settles nothing:
    /// Stripe keeps a 500 like any other answer (`stripe.md` 4.1).
    pub fn replays_error(&self) -> bool {
        self.status >= 500 && self.header("idempotent-replayed") == Some("true")
    }

    /// What this attempt settles.
    ///
    /// A 409 is a concurrent use of the key and a 429 never reached the operation: neither says
    /// what became of an earlier attempt. A 5xx is indeterminate. A 2xx whose body cannot be read
    /// happened, but we do not know what. A refusal that is not Stripe's own may hide that Stripe
    /// did it. Who may not ask (401, 403) is told so before the idempotency key is looked at: that
    /// says nothing of an attempt before.
    pub fn verdict(&self, asked: Asked) -> Verdict {
        let settled = match self.status {
            409 | 424 | 429 => false,
            200..=299 => !asked.stripe || self.is_object() || injected_bug("any_200_is_an_answer"),
            401 | 403 if asked.stripe && asked.repeated => false,
            300..=499 => !asked.stripe || self.is_refusal(),
            _ => false,
        };
        match (settled, self.header("stripe-should-retry")) {
            (true, _) => Verdict::Final,
            (false, Some("false")) => Verdict::Later,
            (false, _) => Verdict::Again,
        }
    }

    fn is_object(&self) -> bool {
        self.body.trim_start().starts_with('{')
            && serde_json::from_str::<IgnoredAny>(&self.body).is_ok()
    }

    fn is_refusal(&self) -> bool {
        self.json().is_some_and(|body| body.get("error").is_some_and(|error| !error.is_null()))
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
    pub fn to_stored(&self, key: &InstanceKey) -> Json {
        let mut stored = self.to_json();
        if SECRET_PREFIXES.iter().any(|prefix| self.body.contains(prefix)) {
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

    fn answer(status: u16, body: &str, should_retry: Option<&str>) -> Answer {
        let mut headers = Map::new();
        if let Some(text) = should_retry {
            headers.insert("stripe-should-retry".to_owned(), json!(text));
        }
        Answer { status, headers, body: body.to_owned() }
    }

    const FIRST: Asked = Asked { stripe: true, repeated: false };
    const AGAIN: Asked = Asked { stripe: true, repeated: true };
    const OTHERS: Asked = Asked { stripe: false, repeated: false };
    const REFUSAL: &str = "{\"error\":{\"code\":\"parameter_missing\"}}";

    #[test]
    fn only_a_complete_definite_answer_is_final() {
        assert_eq!(answer(200, "{}", None).verdict(FIRST), Verdict::Final);
        for status in [400, 401, 402, 403, 404] {
            assert_eq!(answer(status, REFUSAL, None).verdict(FIRST), Verdict::Final, "{status}");
        }
        for status in [409, 424, 429, 500, 502, 503, 504] {
            assert_eq!(answer(status, "{}", None).verdict(FIRST), Verdict::Again, "{status}");
            assert_eq!(answer(status, REFUSAL, None).verdict(OTHERS), Verdict::Again, "{status}");
        }
        assert_eq!(answer(500, "{}", Some("false")).verdict(FIRST), Verdict::Later);
    }

    #[test]
    fn what_stripe_cannot_have_said_settles_nothing() {
        let bodies = ["", "{\"id\": \"ch", "<html>", "\"<html>\"", "[]", "null", "7", "{} {}"];
        for body in bodies {
            for status in [200, 201, 302, 400, 402, 403, 404, 405] {
                let verdict = answer(status, body, None).verdict(FIRST);
                assert_eq!(verdict, Verdict::Again, "{status} {body}");
                // Others answer as they like.
                let verdict = answer(status, body, None).verdict(OTHERS);
                assert_eq!(verdict, Verdict::Final, "{status} {body}");
            }
        }
        for body in ["{}", "{\"message\":\"Forbidden\"}", "{\"error\":null}"] {
            assert_eq!(answer(403, body, None).verdict(FIRST), Verdict::Again, "{body}");
        }
    }

    #[test]
    fn who_may_not_ask_learns_nothing_of_the_attempt_before() {
        for (status, verdict) in [
            (401, Verdict::Again),
            (403, Verdict::Again),
            (400, Verdict::Final),
            (402, Verdict::Final),
            (404, Verdict::Final),
        ] {
            assert_eq!(answer(status, REFUSAL, None).verdict(AGAIN), verdict, "{status}");
        }
    }

    #[test]
    fn the_id_is_the_objects_own() {
        let id = |body: &str| answer(200, body, None).object_id();
        let charge = "{\"source\":{\"id\":\"card_1\"},\"id\":\"ch_1\",\"amount\":1}";
        assert_eq!(id(charge).as_deref(), Some("ch_1"));
        for without in ["{\"id\":7}", "{\"id\":null}", "{}", "[]", "<html>"] {
            assert_eq!(id(without), None, "{without}");
        }
    }

    #[test]
    fn a_stored_answer_reads_back() {
        let key = InstanceKey::random();
        let one = answer(200, "{\"id\":\"ch_1\"}", Some("true"));
        assert_eq!(Answer::from_stored(&one.to_stored(&key), &key), Some(one));
        assert_eq!(Answer::from_stored(&json!({"status": 99999}), &key), None);
        let secret = answer(200, "{\"secret\":\"whsec_canary\"}", None);
        let stored = secret.to_stored(&key);
        assert!(!stored.to_string().contains("whsec_canary"));
        assert_eq!(Answer::from_stored(&stored, &key), Some(secret));
        assert_eq!(Answer::from_stored(&stored, &InstanceKey::random()), None);
    }
}
