//! Why a request type has no outcome.

use sluicegate_secret::card_number::ADVICE;
use sluicegate_store::error::Error as StoreError;

/// Why a request type could not be run to an outcome.
///
/// Refusals that a caller can act on (a decline, bad data, a conflict) are
/// [`crate::gateway::outcome::Outcome`]s, not errors.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No module defines the request type.
    #[error("there is no request type `{name}`{}", hint(.suggestion))]
    UnknownRequestType {
        /// The requested name.
        name: String,
        /// The closest existing name.
        suggestion: Option<String>,
    },
    /// A template of the module failed; the module's author must fix it.
    #[error(transparent)]
    Template(#[from] crate::template::error::Error),
    /// A template rendered something that is not an API call.
    #[error("{template}: {message}")]
    Call {
        /// The API call's name.
        template: String,
        /// What is wrong with what it rendered.
        message: String,
    },
    /// The response mapper's output is not the expected JSON.
    #[error("{template}: {message}")]
    Mapper {
        /// The mapper's name.
        template: String,
        /// What is wrong with its output.
        message: String,
    },
    /// The data or the rendered call holds a card number.
    #[error("{0} would store and send a card number. {ADVICE}")]
    CardNumber(String),
    /// The data makes a header that cannot be sent.
    #[error("the header {name} would hold characters other than printable ASCII; nothing was sent")]
    Header {
        /// The header's name. Its value may be a secret.
        name: String,
    },
    /// The data changes which object the call's URL names.
    #[error(
        "{url}: a path must not have `.` or `..` as a segment, or a backslash; nothing was sent"
    )]
    Path {
        /// The URL, without its query.
        url: String,
    },
    /// The call's URL cannot be parsed.
    #[error("{url}: {source}")]
    NotAUrl {
        /// The URL, without its query.
        url: String,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The call's URL is not allowed.
    #[error("{url}: {reason}")]
    Address {
        /// The URL, without its query.
        url: String,
        /// Why it is not allowed.
        reason: String,
    },
    /// The HTTP client could not be built.
    #[error("the HTTP client cannot be built: {0}")]
    Client(#[source] reqwest::Error),
    /// The journal or the store failed; its error says what to do.
    #[error(transparent)]
    Journal(#[from] crate::journal::error::Error),
    /// A record could not be written.
    #[error(transparent)]
    Form(#[from] crate::form::error::Error),
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
            Self::Form(error) => error.store_error(),
            _ => None,
        }
    }

    /// True when only the database failed: the same request can be repeated.
    pub fn is_the_stores(&self) -> bool {
        match self {
            Self::Journal(_) | Self::Store(_) => true,
            Self::Form(error) => error.is_the_stores(),
            Self::Template(error) => error.is_interruption(),
            _ => false,
        }
    }
}

fn hint(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default()
}
