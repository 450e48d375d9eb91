//! Errors of a form that the visitor did not cause.

use sluicegate_secret::card_number::ADVICE;
use sluicegate_store::error::Error as StoreError;
use sluicegate_store::property_index::INDEXED_CHARS_MAX;

/// Why a form could not be rendered or submitted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No module has this form: the name is wrong, or the form was removed after the page was
    /// rendered.
    #[error("there is no form `{0}`")]
    Unknown(String),
    /// The form is for GraphQL only (`request_allowed: false`).
    #[error("the form `{0}` takes no submissions over HTTP")]
    NotAllowed(String),
    /// The form's resource does not exist on this host.
    #[error("the form `{form}` is for {resource}, which does not exist here; nothing was done")]
    NoResource {
        /// The form's name.
        form: String,
        /// The resource.
        resource: String,
    },
    /// The record to edit does not exist, or the visitor may not change it.
    #[error("there is no such record")]
    NotFound,
    /// The table's records are written by its own module and by request types only.
    #[error("records of `{0}` are written by request types and by their own module only")]
    Protected(String),
    /// A property would be stored as a card number.
    #[error("`{0}` is or contains a card number. {ADVICE}")]
    CardNumber(String),
    /// A property with an index would be stored with a longer text than an index takes.
    #[error("`{0}` has an index and takes at most {INDEXED_CHARS_MAX} characters")]
    TooLong(String),
    /// A secret property is to be changed in part, which its sealed value does not allow.
    #[error("`{0}` is secret: set it as a whole")]
    Sealed(String),
    /// A policy of the form does not let the submission pass.
    #[error("the policy `{0}` does not allow this")]
    Denied(String),
    /// A page includes a request-type form without naming the request type.
    #[error("{form}: {message}")]
    Configuration {
        /// The form's name.
        form: String,
        /// What is missing.
        message: String,
    },
    /// `default_payload` rendered something other than a JSON object.
    #[error("{form}: default_payload: it is not a JSON object")]
    DefaultPayload {
        /// The form's name.
        form: String,
    },
    /// Its `default_payload` is not JSON.
    #[error("{form}: default_payload: {source}")]
    DefaultPayloadJson {
        /// The form's name.
        form: String,
        /// Where and why it is not JSON.
        source: crate::template::lenient_json::Error,
    },
    /// A template of the form failed.
    #[error(transparent)]
    Template(#[from] crate::template::error::Error),
    /// The store or the journal failed.
    #[error(transparent)]
    Journal(#[from] crate::journal::error::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Error {
    /// The store's error, if that is the cause.
    pub fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Journal(error) => error.store_error(),
            Self::Store(error) => Some(error),
            _ => None,
        }
    }

    /// True when the cause is the database, which could not be read or written.
    pub fn is_the_stores(&self) -> bool {
        match self {
            Self::Journal(_) | Self::Store(_) => true,
            Self::Template(error) => error.is_interruption(),
            _ => false,
        }
    }
}
