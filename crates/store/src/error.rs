//! The errors of the store, named by what a caller can do about them.

use super::execution::ExecutionId;

/// Why a read or a commit failed. After an error nothing of the commit is stored, except possibly
/// after [`Error::Unresolved`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Another process holds the database: the same call may succeed later.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// The connection was lost during the commit, and it is unknown whether it is stored. A caller
    /// that has sent something must treat it as unknown, never as failed.
    #[error("it is not known whether this is stored: {0}")]
    Unresolved(String),
    /// An execution of this kind already has this idempotency key: read it instead.
    #[error("execution {existing} already has this idempotency key")]
    Conflict {
        /// The execution that came first.
        existing: ExecutionId,
    },
    /// A row is missing, or not in the state that the write expects: read it again and decide.
    #[error("{0}")]
    Gone(String),
    /// These writes cannot be stored: an error of the caller, never of the disk.
    #[error("the store refuses the write: {0}")]
    Refused(String),
    /// The disk, or the space of the database, is full. Commits succeed again when there is space.
    #[error("the database has no space left: {0}")]
    Full(String),
    /// The database cannot be read or written (permissions, damage, I/O errors): an operator has to
    /// repair it.
    #[error("the database is broken: {0}")]
    Broken(String),
}

impl Error {
    /// True when only these writes are refused and the database itself works.
    pub fn is_about_the_writes(&self) -> bool {
        matches!(self, Self::Conflict { .. } | Self::Gone(_) | Self::Refused(_))
    }
}
