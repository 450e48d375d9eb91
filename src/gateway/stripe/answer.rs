//! Interprets Stripe's answers: whether one settles a call, and its ids, codes and messages.

use crate::gateway::contract::{Described, Verdict};
use crate::gateway::reply::Answer;
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value as Json;
use sluicegate_failpoint::injected_bug;
use std::borrow::Cow;
use std::fmt;

/// What an attempt's answer depends on besides itself.
#[derive(Debug, Clone, Copy)]
pub struct AttemptTraits {
    /// False for calls to other hosts, whose answers follow no convention.
    pub to_stripe: bool,
    /// True when an earlier attempt may have taken effect.
    pub repeated: bool,
}

/// Whether one attempt is settled.
///
/// A 409 is a concurrent use of the key, and a 429 never reached the operation: neither says
/// whether an earlier attempt took effect. A 5xx is indeterminate. A 2xx with an unreadable body
/// took effect, but its result is not known. Every answer from Stripe is a JSON object, and every
/// refusal has an `error`: anything else comes from a proxy and may hide an effect. Stripe checks
/// credentials (401, 403) before the idempotency key, so such an answer to a repeated call says
/// nothing about the earlier attempt.
/// Source: <https://docs.stripe.com/error-low-level>.
pub fn verdict(answer: &Answer, attempt: AttemptTraits) -> Verdict {
    let AttemptTraits { to_stripe, repeated } = attempt;
    let settled = match answer.status {
        409 | 424 | 429 => false,
        200..=299 => !to_stripe || is_object(answer) || injected_bug("any_200_is_an_answer"),
        401 | 403 if to_stripe && repeated => false,
        300..=499 => !to_stripe || is_refusal(answer),
        _ => false,
    };
    match (settled, answer.header("stripe-should-retry")) {
        (true, _) => Verdict::Final,
        (false, Some("false")) => Verdict::Later,
        (false, _) => Verdict::Again,
    }
}

/// True when this is the stored answer to an earlier use of the key and settles nothing: Stripe
/// keeps a 500 like any other answer.
pub fn replays_error(answer: &Answer) -> bool {
    answer.status >= 500 && answer.header("idempotent-replayed") == Some("true")
}

/// True when the key was used before, with other parameters.
/// Source: <https://docs.stripe.com/error-low-level#idempotency>.
pub fn is_key_mismatch(answer: &Answer) -> bool {
    let kind = || string(&error(answer)?, "type");
    answer.status == 400 && kind().as_deref() == Some("idempotency_error")
}

/// True when the object does not exist, or not any more. Stripe answers the same for a deleted
/// account and for one that never granted access.
pub fn is_missing(answer: &Answer) -> bool {
    matches!(
        (answer.status, error(answer).as_ref().and_then(|error| string(error, "code")).as_deref()),
        (404, Some("resource_missing")) | (403, Some("account_invalid"))
    )
}

/// Ids, code and message of an answer.
pub fn describe(answer: &Answer) -> Described {
    let error = error(answer).unwrap_or_default();
    Described {
        id: object_id(answer),
        request_id: answer.header("request-id").map(str::to_owned),
        code: string(&error, "code"),
        message: string(&error, "message"),
        is_decline: answer.status == 402,
    }
}

/// The id of the object in the body, which is read as far as its id.
fn object_id(answer: &Answer) -> Option<String> {
    let mut id = None;
    // It ends with an error where the id is, so that the rest is not read: the verdict did that.
    let _ = serde_json::Deserializer::from_str(&answer.body).deserialize_map(ObjectId(&mut id));
    id
}

struct ObjectId<'a>(&'a mut Option<String>);

impl<'de> Visitor<'de> for ObjectId<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Cow<'_, str>>()? {
            if name == "id" {
                *self.0 = map.next_value()?;
                return Ok(());
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// The body's `error`; `None` for a success, whose body is not parsed for it.
fn error(answer: &Answer) -> Option<Json> {
    if (200..300).contains(&answer.status) {
        return None;
    }
    Some(answer.json()?.get_mut("error")?.take())
}

fn string(object: &Json, name: &str) -> Option<String> {
    object.get(name)?.as_str().map(str::to_owned)
}

fn is_object(answer: &Answer) -> bool {
    answer.body.trim_start().starts_with('{')
        && serde_json::from_str::<IgnoredAny>(&answer.body).is_ok()
}

fn is_refusal(answer: &Answer) -> bool {
    error(answer).is_some_and(|error| !error.is_null())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, json};

    fn answer(status: u16, body: &str, should_retry: Option<&str>) -> Answer {
        let mut headers = Map::new();
        if let Some(text) = should_retry {
            headers.insert("stripe-should-retry".to_owned(), json!(text));
        }
        Answer { status, headers, body: body.to_owned() }
    }

    const FIRST: AttemptTraits = AttemptTraits { to_stripe: true, repeated: false };
    const AGAIN: AttemptTraits = AttemptTraits { to_stripe: true, repeated: true };
    const OTHERS: AttemptTraits = AttemptTraits { to_stripe: false, repeated: false };
    const REFUSAL: &str = "{\"error\":{\"code\":\"parameter_missing\"}}";

    #[test]
    fn only_a_complete_definite_answer_is_final() {
        assert_eq!(verdict(&answer(200, "{}", None), FIRST), Verdict::Final);
        for status in [400, 401, 402, 403, 404] {
            assert_eq!(verdict(&answer(status, REFUSAL, None), FIRST), Verdict::Final, "{status}");
        }
        for status in [409, 424, 429, 500, 502, 503, 504] {
            assert_eq!(verdict(&answer(status, "{}", None), FIRST), Verdict::Again, "{status}");
            assert_eq!(verdict(&answer(status, REFUSAL, None), OTHERS), Verdict::Again, "{status}");
        }
        assert_eq!(verdict(&answer(500, "{}", Some("false")), FIRST), Verdict::Later);
    }

    #[test]
    fn answers_that_stripe_never_sends_settle_nothing() {
        let bodies = ["", "{\"id\": \"ch", "<html>", "\"<html>\"", "[]", "null", "7", "{} {}"];
        for body in bodies {
            for status in [200, 201, 302, 400, 402, 403, 404, 405] {
                let given = verdict(&answer(status, body, None), FIRST);
                assert_eq!(given, Verdict::Again, "{status} {body}");
                // Answers of other hosts follow no convention.
                let given = verdict(&answer(status, body, None), OTHERS);
                assert_eq!(given, Verdict::Final, "{status} {body}");
            }
        }
        for body in ["{}", "{\"message\":\"Forbidden\"}", "{\"error\":null}"] {
            assert_eq!(verdict(&answer(403, body, None), FIRST), Verdict::Again, "{body}");
        }
    }

    #[test]
    fn an_unauthorized_answer_does_not_settle_an_earlier_attempt() {
        for (status, expected) in [
            (401, Verdict::Again),
            (403, Verdict::Again),
            (400, Verdict::Final),
            (402, Verdict::Final),
            (404, Verdict::Final),
        ] {
            assert_eq!(verdict(&answer(status, REFUSAL, None), AGAIN), expected, "{status}");
        }
    }

    #[test]
    fn the_id_is_the_objects_own() {
        let id = |body: &str| object_id(&answer(200, body, None));
        let charge = "{\"source\":{\"id\":\"card_1\"},\"id\":\"ch_1\",\"amount\":1}";
        assert_eq!(id(charge).as_deref(), Some("ch_1"));
        for without in ["{\"id\":7}", "{\"id\":null}", "{}", "[]", "<html>"] {
            assert_eq!(id(without), None, "{without}");
        }
    }
}
