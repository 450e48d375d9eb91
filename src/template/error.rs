//! What can go wrong while a template runs, with the place in the file it was written in.

/// Placeholder until the engine is there.
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct Error;
