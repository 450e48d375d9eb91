//! Errors as v2 answers them: a code for every one, and a type for the few that have one.

use serde_json::{Map, Value, json};

/// Types of errors that v2 has.
const TYPES: [&str; 2] = ["idempotency_error", "temporary_session_expired"];

/// The body of v2 for an error of v1.
pub fn body(status: u16, error: &Value) -> Value {
    let error = &error["error"];
    let (kind, code) = (error["type"].as_str().unwrap_or_default(), error["code"].as_str());
    let code = match (status, code) {
        (_, Some("parameter_unknown" | "parameter_missing")) => "invalid_fields",
        (_, Some(code)) if code.starts_with("parameter_") => "invalid_fields",
        (404, _) | (_, Some("resource_missing")) => "not_found",
        (_, Some(code)) => code,
        _ if kind == "idempotency_error" => "idempotency_error",
        (401, _) => "unauthorized",
        (403, _) => "forbidden",
        (409, _) => "conflict",
        (429, _) => "rate_limit",
        (500.., _) => "internal_error",
        _ => "invalid_fields",
    };
    let mut shown = Map::new();
    shown.insert("code".into(), json!(code));
    shown.insert("message".into(), error["message"].clone());
    if TYPES.contains(&kind) {
        shown.insert("type".into(), json!(kind));
    }
    shown.insert("request_log_url".into(), error["request_log_url"].clone());
    json!({"error": shown})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_a_code_and_seldom_a_type() {
        let missing = json!({"error": {"type": "invalid_request_error", "message": "m",
            "code": "resource_missing"}});
        assert_eq!(body(404, &missing)["error"]["code"], "not_found");
        assert!(body(404, &missing)["error"].get("type").is_none());
        let reused = json!({"error": {"type": "idempotency_error", "message": "m"}});
        assert_eq!(body(400, &reused)["error"]["type"], "idempotency_error");
    }
}
