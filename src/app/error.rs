//! Why the runtime could not be built or used.

/// Why the runtime could not be built or used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database's URL is not one this program speaks.
    #[error("--database: `{0}` is none of: sqlite:PATH, postgres://USER@HOST/DATABASE")]
    Database(String),
    /// The database was made with another instance key.
    #[error(
        "the database was made with another instance key: give every process the same \
         SLUICEGATE_SECRET_KEY, or put the old data/instance.key back"
    )]
    OtherKey,
    /// The store could not be opened or used.
    #[error(transparent)]
    Store(#[from] sluicegate_store::error::Error),
    /// The journal could not do it.
    #[error(transparent)]
    Journal(#[from] crate::journal::error::Error),
    /// The way to the gateway.
    #[error(transparent)]
    Gateway(#[from] crate::gateway::error::Error),
    /// A form.
    #[error(transparent)]
    Form(#[from] crate::form::error::Error),
    /// A template.
    #[error(transparent)]
    Template(#[from] crate::template::error::Error),
    /// A webhook.
    #[error(transparent)]
    Webhook(#[from] crate::webhook::error::Error),
    /// A submission was taken and has not ended: the worker ends it.
    #[error("the submission was taken and is being processed as {execution}: {why}")]
    Unfinished {
        /// The execution that ends it.
        execution: String,
        /// What is in the way.
        why: String,
    },
    /// An API call of a form's list was not sent, or its answer is not known.
    #[error("{call}: {why}")]
    Notification {
        /// The API call.
        call: String,
        /// Why not.
        why: String,
    },
    /// A dry run wanted to send something: nothing leaves the runtime then.
    #[error("a dry run sends nothing")]
    DryRun,
    /// A recorded result cannot be opened: it was sealed under another instance key.
    #[error("a recorded step cannot be opened with this instance's key")]
    Sealed,
    /// The folder is not an instance.
    #[error("{0} is not an instance: it has neither views/ nor modules/ (see --root)")]
    NoInstance(String),
    /// The sandbox could not be started.
    #[error("the sandbox: {0}")]
    Sandbox(String),
}

impl Error {
    /// True when the database could not be read or written, and nothing else is wrong: the same
    /// can be asked for again.
    pub fn is_the_stores(&self) -> bool {
        match self {
            Self::Store(_) | Self::Journal(_) => true,
            Self::Gateway(error) => error.is_the_stores(),
            Self::Form(error) => error.is_the_stores(),
            _ => false,
        }
    }
}
