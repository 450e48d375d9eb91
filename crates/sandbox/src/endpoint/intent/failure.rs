//! The error object that an intent keeps of its last attempt.

use super::super::super::api_error::ApiError;
use super::super::super::tx::text;
use serde_json::{Value, json};

/// The error object that an intent keeps of its last attempt.
pub fn object(refusal: &ApiError, method: &Value) -> Value {
    let mut error = refusal.body("")["error"].take();
    if let Some(fields) = error.as_object_mut() {
        fields.retain(|name, _| {
            !["request_log_url", "payment_intent", "setup_intent"].contains(&name.as_str())
        });
    }
    error["payment_method"] = method.clone();
    error["payment_method_type"] = json!(text(method, "type"));
    error
}
