//! Why the runtime could not be built or used.

/// Why the runtime could not be built or used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database URL has an unsupported scheme.
    #[error("--database: `{0}` is none of: sqlite:PATH, postgres://USER@HOST/DATABASE")]
    Database(String),
    /// The database was created with another instance key.
    #[error(
        "the database was made with another instance key: give every process the same \
         SLUICEGATE_SECRET_KEY, or put the old data/instance.key back"
    )]
    OtherKey,
    /// The store could not be opened or used.
    #[error(transparent)]
    Store(#[from] sluicegate_store::error::Error),
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] crate::journal::error::Error),
    /// A gateway error.
    #[error(transparent)]
    Gateway(#[from] crate::gateway::error::Error),
    /// A form error.
    #[error(transparent)]
    Form(#[from] crate::form::error::Error),
    /// A template error.
    #[error(transparent)]
    Template(#[from] crate::template::error::Error),
    /// A webhook error.
    #[error(transparent)]
    Webhook(#[from] crate::webhook::error::Error),
    /// A submission was accepted but has not finished; the worker continues it.
    #[error("the submission was taken and is being processed as {execution}: {why}")]
    Unfinished {
        /// The execution that continues it.
        execution: String,
        /// Why it has not finished.
        why: String,
    },
    /// An API call notification was not sent, or its answer is not known.
    #[error("{call}: {why}")]
    Notification {
        /// The API call's name.
        call: String,
        /// The reason.
        why: String,
    },
    /// A dry run tried to send something, which is not allowed.
    #[error("a dry run sends nothing")]
    DryRun,
    /// A recorded result was sealed with another instance key and cannot be opened.
    #[error("a recorded step cannot be opened with this instance's key")]
    Sealed,
    /// The folder is not an instance.
    #[error("{0} is not an instance: it has neither views/ nor modules/ (see --root)")]
    NoInstance(String),
    /// The sandbox could not be started.
    #[error(transparent)]
    Sandbox(#[from] sluicegate_sandbox::Error),
}

impl Error {
    /// True when only the database failed: the same request can be repeated.
    pub fn is_the_stores(&self) -> bool {
        match self {
            Self::Store(_) | Self::Journal(_) => true,
            Self::Gateway(error) => error.is_the_stores(),
            Self::Form(error) => error.is_the_stores(),
            _ => false,
        }
    }
}
