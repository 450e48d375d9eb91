//! What can go wrong with a form that is not the visitor's doing.

/// Why a form could not be rendered or submitted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No module has it; the author has the name wrong, or it was removed since the page was made.
    #[error("there is no form `{0}`")]
    Unknown(String),
    /// The form is for GraphQL only (`request_allowed: false`).
    #[error("the form `{0}` takes no submissions over HTTP")]
    NotAllowed(String),
    /// The record that the form edits is not there, or is another process's.
    #[error("there is no such record")]
    NotFound,
    /// A page includes a request-type form without saying which request type.
    #[error("{form}: {message}")]
    Configuration {
        /// The form's name.
        form: String,
        /// What to add.
        message: String,
    },
    /// `default_payload` rendered something that is not a JSON object.
    #[error("{form}: default_payload: {message}")]
    DefaultPayload {
        /// The form's name.
        form: String,
        /// What is wrong.
        message: String,
    },
    /// A template of the form failed.
    #[error(transparent)]
    Template(#[from] crate::template::error::Error),
    /// The store or the journal could not do it.
    #[error(transparent)]
    Journal(#[from] crate::journal::error::Error),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] sluicegate_store::error::Error),
}

impl Error {
    /// True when the database could not be read or written, and nothing else is wrong.
    pub fn is_the_stores(&self) -> bool {
        matches!(self, Self::Journal(_) | Self::Store(_))
    }
}
