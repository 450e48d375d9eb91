//! Idempotency keys: the request and answer of each, and how long it is remembered.

use super::api_error::ApiError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// The most keys that are stored.
const KEYS_MAX: usize = 50_000;

/// The first answer under a key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredAnswer {
    /// Path of the first request.
    pub path: String,
    /// Digest of its parameters.
    pub fingerprint: String,
    /// Its status.
    pub status: u16,
    /// Its body, compact.
    pub body: String,
    /// Id of the first request.
    pub request_id: String,
    /// When, by the sandbox's clock.
    pub created: i64,
}

/// An answer and its key.
#[derive(Debug, Clone)]
pub struct Answered {
    /// Scope of the key.
    pub account: Arc<str>,
    /// The key.
    pub key: String,
    /// The answer.
    pub answer: Arc<StoredAnswer>,
}

/// The state of a key.
#[derive(Debug, Clone)]
enum KeyState {
    InFlight,
    Answered(Arc<StoredAnswer>),
}

/// All keys, by account and key.
#[derive(Debug, Default)]
pub struct Keys {
    states: HashMap<(Arc<str>, String), KeyState>,
    order: VecDeque<(i64, (Arc<str>, String))>,
}

/// What to do with a request that carries a key.
#[derive(Debug)]
pub enum Begun {
    /// The key is new: execute, then `finish` or `release`.
    New,
    /// Replay this answer.
    Replay(Arc<StoredAnswer>),
}

/// The digest by which two requests with the same key are compared.
pub fn fingerprint(method: &str, params: &serde_json::Map<String, Value>) -> String {
    fn write(value: &Value, into: &mut Sha256) {
        match value {
            Value::Object(fields) => {
                let mut names: Vec<&String> = fields.keys().collect();
                names.sort();
                for name in names {
                    into.update(name.len().to_be_bytes());
                    into.update(name.as_bytes());
                    write(&fields[name], into);
                }
                into.update(b"}");
            }
            other => {
                let text = other.as_str().unwrap_or_default();
                into.update(b"=");
                into.update(text.len().to_be_bytes());
                into.update(text.as_bytes());
            }
        }
    }
    let mut hash = Sha256::new();
    hash.update(method.as_bytes());
    write(&Value::Object(params.clone()), &mut hash);
    hex::encode(&hash.finalize()[..16])
}

/// Refuses a key that Stripe refuses.
pub fn check_length(key: &str) -> Result<(), ApiError> {
    let length = key.chars().count();
    if (1..=255).contains(&length) {
        return Ok(());
    }
    let message = format!(
        "Idempotent key length is {length}, which is outside accepted lengths. Idempotent Keys \
         must be 1-255 characters long. If you're looking for a decent generator, try using a UUID \
         as defined by IETF RFC 4122."
    );
    Err(ApiError { kind: "idempotency_error", saved: false, ..ApiError::invalid(message) })
}

impl Keys {
    /// Looks a key up and marks it as in flight when it is new.
    pub fn begin(
        &mut self,
        account: &Arc<str>,
        key: &str,
        path: &str,
        print: &str,
    ) -> Result<Begun, ApiError> {
        let at = (account.clone(), key.to_owned());
        match self.states.get(&at) {
            None => {
                self.states.insert(at, KeyState::InFlight);
                Ok(Begun::New)
            }
            Some(KeyState::InFlight) => Err(ApiError {
                saved: false,
                ..ApiError::invalid(format!(
                    "There is currently another in-progress request using this Idempotent Key \
                     (that probably means you submitted twice, and the other request is still \
                     going through): {key}. Please try again later."
                ))
                .status(409)
                .code("idempotency_key_in_use")
            }),
            Some(KeyState::Answered(stored)) if stored.path != path => Err(mismatch(format!(
                "Keys for idempotent requests can only be used for the same endpoint they were \
                 first used for ('{path}' vs '{}'). Try using a key other than '{key}' if you \
                 meant to execute a different request.",
                stored.path
            ))),
            Some(KeyState::Answered(stored)) if stored.fingerprint != print => {
                Err(mismatch(format!(
                    "Keys for idempotent requests can only be used with the same parameters they \
                     were first used with. Try using a key other than '{key}' if you meant to \
                     execute a different request."
                )))
            }
            Some(KeyState::Answered(stored)) => Ok(Begun::Replay(stored.clone())),
        }
    }

    /// Stores the answer under a key.
    pub fn finish(&mut self, Answered { account, key, answer }: Answered) {
        let at = (account, key);
        self.order.push_back((answer.created, at.clone()));
        self.states.insert(at, KeyState::Answered(answer));
        while self.order.len() > KEYS_MAX {
            self.drop_oldest();
        }
    }

    /// Deletes a key whose request was not executed.
    pub fn release(&mut self, account: &Arc<str>, key: &str) {
        self.states.remove(&(account.clone(), key.to_owned()));
    }

    /// Deletes keys that were answered before this time.
    pub fn expire(&mut self, before: i64) {
        while self.order.front().is_some_and(|(created, _)| *created < before) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some((_, at)) = self.order.pop_front() {
            self.states.remove(&at);
        }
    }

    /// All stored answers, oldest first.
    pub fn answers(&self) -> impl Iterator<Item = (&Arc<str>, &str, &Arc<StoredAnswer>)> {
        self.order.iter().filter_map(|(_, at)| match self.states.get(at) {
            Some(KeyState::Answered(stored)) => Some((&at.0, at.1.as_str(), stored)),
            _ => None,
        })
    }
}

fn mismatch(message: String) -> ApiError {
    ApiError { kind: "idempotency_error", saved: false, ..ApiError::invalid(message) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn print(value: Value) -> String {
        fingerprint("POST", value.as_object().unwrap())
    }

    #[test]
    fn the_fingerprint_ignores_order_and_sees_every_value() {
        assert_eq!(print(json!({"a": "1", "b": "2"})), print(json!({"b": "2", "a": "1"})));
        assert_ne!(print(json!({"a": "1"})), print(json!({"a": "2"})));
        assert_ne!(print(json!({"a": {"b": "1"}})), print(json!({"a": "b", "1": ""})));
        assert_ne!(print(json!({"ab": "c"})), print(json!({"a": "bc"})));
    }

    #[test]
    fn keys_have_stripes_length() {
        assert!(check_length("").unwrap_err().message.starts_with("Idempotent key length is 0"));
        assert!(check_length(&"x".repeat(256)).is_err());
        assert!(check_length(&"x".repeat(255)).is_ok());
    }
}
