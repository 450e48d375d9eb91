//! Errors of the journal, named by what a caller can do about them.

use sluicegate_store as store;
use sluicegate_store::execution::ExecutionId;

/// Why a journal operation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The store refused. `Gone` means that another runner took over the execution: stop, this
    /// runner no longer owns it.
    #[error(transparent)]
    Store(#[from] store::error::Error),
    /// A run needs an answer that is not known yet; it is resumed when the answer arrives.
    #[error("it waits for {0}, whose answer is not known yet")]
    Waiting(ExecutionId),
    /// A run needs something that is in use by others; it is resumed later.
    #[error("{0}")]
    Busy(String),
    /// A resumed run does something else than it recorded: discard it for an operator to examine.
    #[error(
        "execution {execution}, step {seq}: recorded as {recorded}, replayed as {attempted}; \
         execution stopped"
    )]
    NonDeterministic {
        /// The execution's id.
        execution: ExecutionId,
        /// The step's sequence number.
        seq: u32,
        /// The recorded kind and fingerprint.
        recorded: String,
        /// The kind and fingerprint of this attempt.
        attempted: String,
    },
}

impl Error {
    /// The store's error, if that is the cause.
    pub fn store_error(&self) -> Option<&store::error::Error> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}
