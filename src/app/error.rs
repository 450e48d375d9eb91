//! Why the runtime could not be built.

/// Why the runtime could not be built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database was created with another instance key.
    #[error(
        "the database was made with another instance key: give every process the same \
         SLUICEGATE_SECRET_KEY, or put the old data/instance.key back"
    )]
    OtherKey,
    /// The store could not be opened or used.
    #[error(transparent)]
    Store(#[from] sluicegate_store::error::Error),
    /// The gateway's address is not allowed, or its client could not be built.
    #[error(transparent)]
    Gateway(#[from] crate::gateway::error::Error),
    /// The folder is not an instance.
    #[error("{0} is not an instance: it has neither views/ nor modules/ (see --root)")]
    NoInstance(String),
    /// The sandbox could not be started.
    #[error(transparent)]
    Sandbox(#[from] sluicegate_sandbox::Error),
}
