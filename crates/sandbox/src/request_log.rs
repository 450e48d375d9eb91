//! The lines of the request log.

use axum::body::Bytes;
use serde::Serialize;
use std::sync::{Arc, OnceLock};

/// Bodies up to this length are kept with their request.
pub const KEPT_BYTES_MAX: usize = 16 * 1024;

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
    /// The query and the body as they were sent; only the dashboard shows them, with masks.
    #[serde(skip)]
    pub sent: Bytes,
    /// The body of the answer.
    #[serde(skip)]
    pub answered: Arc<OnceLock<Bytes>>,
}
