//! The errors of the store, named by what a caller can do about them.

use super::execution::ExecutionId;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A reason in words, with the error that caused it as its source. Two are equal when they say the
/// same.
#[derive(Debug, Clone)]
pub struct Reason {
    message: String,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Reason {
    /// A message about an error; the message includes the error's own.
    pub fn new(
        message: impl Into<String>,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self { message: message.into(), source: Some(Arc::new(source)) }
    }

    /// An error and its message.
    pub fn of(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::new(source.to_string(), source)
    }

    /// The same reason with `prefix` before its message.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl fmt::Display) -> Self {
        self.message = format!("{prefix}: {}", self.message);
        self
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Reason {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}

impl PartialEq for Reason {
    fn eq(&self, other: &Self) -> bool {
        self.message == other.message
    }
}

impl Eq for Reason {}

impl Deref for Reason {
    type Target = str;

    fn deref(&self) -> &str {
        &self.message
    }
}

impl From<String> for Reason {
    fn from(message: String) -> Self {
        Self { message, source: None }
    }
}

impl From<&str> for Reason {
    fn from(message: &str) -> Self {
        message.to_owned().into()
    }
}

/// Why a read or a commit failed. After an error nothing of the commit is stored, except possibly
/// after [`Error::Unresolved`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Another process holds the database: the same call may succeed later.
    #[error("the database is busy: {0}")]
    Busy(#[source] Reason),
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
    Refused(#[source] Reason),
    /// The disk, or the space of the database, is full. Commits succeed again when there is space.
    #[error("the database has no space left: {0}")]
    Full(#[source] Reason),
    /// The file of the database is damaged. Nothing of it can be trusted.
    #[error("the database is damaged; stop, keep the file, and restore a backup: {0}")]
    Damaged(#[source] Reason),
    /// The database cannot be read or written (permissions, I/O errors): an operator has to repair
    /// it.
    #[error("the database is broken: {0}")]
    Broken(#[source] Reason),
}

impl Error {
    /// True when only these writes are refused and the database itself works.
    pub fn is_about_the_writes(&self) -> bool {
        matches!(self, Self::Conflict { .. } | Self::Gone(_) | Self::Refused(_))
    }
}
