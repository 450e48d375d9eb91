//! Why a delivery was not accepted, or an event could not be processed.

use crate::gateway::contract::Refusal;
use crate::webhook::event;

/// Why a delivery was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Unsigned, forged or stale: returns 400 and stores nothing.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Signed but not an event: returns 400 and stores nothing.
    #[error(transparent)]
    NotAnEvent(#[from] event::Error),
    /// The event could not be stored: returns 503, so that the sender retries.
    #[error(transparent)]
    Journal(#[from] crate::journal::error::Error),
    /// Stripe did not return its list of events; it is listed again later.
    #[error("{0}")]
    Listing(String),
    /// The list could not be asked for.
    #[error(transparent)]
    Gateway(#[from] crate::gateway::error::Error),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] sluicegate_store::error::Error),
    /// The processor failed; its records were not written, and it is retried.
    #[error(transparent)]
    Template(#[from] crate::template::error::Error),
}
