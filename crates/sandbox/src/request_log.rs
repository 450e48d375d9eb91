//! The lines of the request log.

use serde::Serialize;

/// One answered request.
#[derive(Debug, Clone, Serialize)]
#[allow(missing_docs)]
pub struct LoggedRequest {
    pub id: String,
    pub created: i64,
    pub method: String,
    pub path: String,
    pub status: u16,
    pub account: Option<String>,
    pub idempotency_key: Option<String>,
    pub replayed: bool,
    pub fault: Option<&'static str>,
    pub error: Option<String>,
    pub error_type: Option<String>,
    pub error_code: Option<String>,
    pub ms: u64,
}
