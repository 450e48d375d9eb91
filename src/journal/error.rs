//! What can go wrong in the journal, named by what a caller can do about it.

use sluicegate_store as store;
use sluicegate_store::execution::ExecutionId;

/// Why the journal did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The store said no. `Gone` means that another runner took the execution over: stop, it is
    /// no longer yours.
    #[error(transparent)]
    Store(#[from] store::error::Error),
    /// A run sent something whose answer is not known yet: it is resumed when it is.
    #[error("it waits for {0}, whose answer is not known yet")]
    Waiting(ExecutionId),
    /// A run resumed does something else than it did the first time: discard it, an
    /// operator has to look.
    #[error(
        "execution {execution}, step {seq}: recorded as {recorded}, replayed as {attempted}; \
         execution stopped"
    )]
    NonDeterministic {
        /// Which execution.
        execution: ExecutionId,
        /// At which step.
        seq: u32,
        /// The kind and fingerprint on record.
        recorded: String,
        /// The kind and fingerprint of now.
        attempted: String,
    },
}
