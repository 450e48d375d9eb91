//! STUB.

/// Stub.
#[derive(Debug, Clone, thiserror::Error)]
#[error("stub")]
pub struct Error;
