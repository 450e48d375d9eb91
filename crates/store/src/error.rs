//! What can go wrong with the store, named by what a caller can do about it.

use super::execution::ExecutionId;

/// Why a read or a commit did not happen. After an error nothing of the commit is
/// stored, but for one kind that says so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Another process holds the database: the same call may succeed later.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// It cannot be told whether the commit is stored: the database went away in the middle of it.
    /// The one error after which something may be stored; whoever sent something takes it for
    /// unknown, never for failed.
    #[error("it is not known whether this is stored: {0}")]
    Unresolved(String),
    /// An execution of this kind has this idempotency key: read it instead.
    #[error("execution {existing} has this idempotency key already")]
    Conflict {
        /// The execution that came first.
        existing: ExecutionId,
    },
    /// A row is missing, or is no longer in the state the write asked for: read it again and decide.
    #[error("{0}")]
    Gone(String),
    /// These writes cannot be stored as they are: a fault of the caller, never of the disk.
    #[error("the store refuses the write: {0}")]
    Refused(String),
    /// The disk, or the space given to the database, is full. It heals when there is space again.
    #[error("the database has no space left: {0}")]
    Full(String),
    /// The database cannot be read or written (permissions, damage, input and output): an
    /// operator has to look.
    #[error("the database is broken: {0}")]
    Broken(String),
}

impl Error {
    /// True when only the writes at hand are wrong and the database itself is well.
    pub fn is_about_the_writes(&self) -> bool {
        matches!(self, Self::Conflict { .. } | Self::Gone(_) | Self::Refused(_))
    }
}
