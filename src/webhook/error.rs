//! Why a delivery was not taken, or an event could not be processed.

use crate::gateway::contract::Refusal;
use crate::webhook::event;

/// Why a delivery was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Unsigned, forged or stale: answered 400, nothing is kept.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Signed and not an event: answered 400, nothing is kept.
    #[error(transparent)]
    NotAnEvent(#[from] event::Error),
    /// It could not be stored: answered 503, so that the sender tries again.
    #[error(transparent)]
    Journal(#[from] crate::journal::error::Error),
    /// Stripe did not give its list of events: ask again later.
    #[error("{0}")]
    Listing(String),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] sluicegate_store::error::Error),
    /// The processor failed; its records were not written, and it is tried again.
    #[error(transparent)]
    Template(#[from] crate::template::error::Error),
}
