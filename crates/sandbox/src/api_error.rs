//! Refused operations: Stripe's error object and its messages.

use serde_json::{Map, Value, json};

/// A refused operation.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// `type` of the error object.
    pub kind: &'static str,
    /// `code`, when Stripe has one.
    pub code: Option<&'static str>,
    /// `decline_code` of a card error.
    pub decline_code: Option<&'static str>,
    /// The message for a person.
    pub message: String,
    /// The parameter at fault, in form notation.
    pub param: Option<Box<str>>,
    /// The failed charge a decline left behind.
    pub charge: Option<Box<str>>,
    /// Objects that the error shows: `payment_intent`, `payment_method`, `setup_intent`.
    pub objects: Option<Box<Map<String, Value>>>,
    /// Whether the changes of the operation are applied (a declined charge is stored).
    pub keep: bool,
    /// Whether it is stored under the idempotency key: not when parameter validation failed.
    pub saved: bool,
}

/// An operation's result: the object, or why it was refused.
pub type Answer = Result<Value, ApiError>;

impl ApiError {
    /// A 400 `invalid_request_error` after execution began.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self {
            status: 400,
            kind: "invalid_request_error",
            code: None,
            decline_code: None,
            message: message.into(),
            param: None,
            charge: None,
            objects: None,
            keep: false,
            saved: true,
        }
    }

    /// A 402 `card_error`.
    pub fn card(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: 402, kind: "card_error", ..Self::invalid(message).code(code) }
    }

    /// A parameter that fails validation, before execution began.
    pub fn parameter(code: &'static str, param: &str, message: impl Into<String>) -> Self {
        Self { saved: false, ..Self::invalid(message).code(code).param(param) }
    }

    /// A required parameter that is absent.
    pub fn missing(param: &str) -> Self {
        Self::parameter("parameter_missing", param, format!("Missing required param: {param}."))
    }

    /// An unknown id in the path.
    pub fn not_found(what: &str, id: &str) -> Self {
        Self::no_such(what, id, "id").status(404)
    }

    /// An unknown id in a parameter.
    pub fn no_such(what: &str, id: &str, param: &str) -> Self {
        Self::invalid(format!("No such {what}: '{id}'")).code("resource_missing").param(param)
    }

    /// An unknown path.
    pub fn unrecognized(method: &str, path: &str) -> Self {
        let message = format!(
            "Unrecognized request URL ({method}: {path}). If you are trying to list objects, \
             remove the trailing slash. If you are trying to retrieve an object, make sure you \
             passed a valid (non-empty) identifier in your code. Please see \
             https://stripe.com/docs or we can help at https://support.stripe.com/."
        );
        Self { saved: false, ..Self::invalid(message).status(404) }
    }

    /// A key without access to an account.
    pub fn account(key: &str, account: &str) -> Self {
        let message = format!(
            "The provided key '{}' does not have access to account '{account}' (or that account \
             does not exist). Application access may have been revoked.",
            masked(key)
        );
        Self { saved: false, ..Self::invalid(message).status(403).code("account_invalid") }
    }

    /// Sets the status.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Sets the code.
    pub fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// Sets the parameter at fault.
    pub fn param(mut self, param: &str) -> Self {
        self.param = Some(param.into());
        self
    }

    /// Shows an object in the error.
    pub fn with_object(mut self, name: &str, object: &Value) -> Self {
        self.objects.get_or_insert_default().insert(name.into(), object.clone());
        self
    }

    /// The body of the answer.
    pub fn body(&self, request_id: &str) -> Value {
        if self.kind == super::oauth::ERROR {
            return json!({"error": self.code, "error_description": self.message});
        }
        let mut error = Map::new();
        if let Some(charge) = &self.charge {
            error.insert("charge".into(), json!(charge));
        }
        if let Some(code) = self.code {
            error.insert("code".into(), json!(code));
        }
        if let Some(decline_code) = self.decline_code {
            error.insert("decline_code".into(), json!(decline_code));
        }
        if let Some(code) = self.code {
            let page = format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-"));
            error.insert("doc_url".into(), json!(page));
        }
        error.insert("message".into(), json!(self.message));
        if let Some(param) = &self.param {
            error.insert("param".into(), json!(param));
        }
        for (name, object) in self.objects.iter().flat_map(|objects| objects.iter()) {
            error.insert(name.clone(), object.clone());
        }
        let log = format!("https://dashboard.stripe.com/test/logs/{request_id}");
        error.insert("request_log_url".into(), json!(log));
        error.insert("type".into(), json!(self.kind));
        json!({ "error": error })
    }
}

/// A key as Stripe prints it: the kind, stars, and the last four characters.
pub fn masked(key: &str) -> String {
    let tail: String = key.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
    let kind = ["sk_test_", "rk_test_", "pk_test_", "sk_live_", "rk_live_", "pk_live_"]
        .into_iter()
        .find(|kind| key.starts_with(kind))
        .unwrap_or_default();
    let stars = key.chars().count().saturating_sub(kind.len() + 4);
    format!("{kind}{}{}", "*".repeat(stars.min(40)), if stars == 0 { "" } else { &tail })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_never_printed_completely() {
        assert_eq!(masked("sk_test_abcdefgh1234"), "sk_test_********1234");
        assert_eq!(masked("sk_test_abc"), "sk_test_");
    }

    #[test]
    fn the_body_is_stripes() {
        let body = ApiError::no_such("customer", "cus_1", "customer").body("req_1");
        assert_eq!(body["error"]["message"], "No such customer: 'cus_1'");
        assert_eq!(body["error"]["code"], "resource_missing");
        assert_eq!(body["error"]["type"], "invalid_request_error");
    }
}
