//! What can go wrong in the store, by what a caller can do about it.

/// Why the store could not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Somebody else holds the database; the same call may go through in a moment.
    #[error("the database is busy: {0}")]
    Busy(String),
    /// An execution of this kind with this key is there already.
    #[error("there is an execution with this key already: {existing}")]
    Conflict {
        /// Its id.
        existing: String,
    },
    /// What was to be changed is not there, or not in the expected state any more. Nothing of
    /// the batch was written.
    #[error("{0} is gone or has moved on")]
    Gone(String),
    /// No room: nothing was written, and it goes on by itself when there is room again.
    #[error("the disk is full: {0}")]
    Full(String),
    /// The database cannot be used; an operator has to look.
    #[error("the database failed: {0}")]
    Broken(String),
}
