//! HTTP errors: a status, a public message, and a cause for developers.

use crate::app::record_form::Error as RecordFormError;
use crate::app::scope::INTERRUPTED;
use crate::app::{forms, operations};
use crate::form::error::Error as FormError;
use crate::gateway::error::Error as GatewayError;
use axum::http::StatusCode;
use sluicegate_store::error::Error as StoreError;
use std::time::Duration;

/// An error response. [`crate::web::responder::Responder`] renders it.
#[derive(Debug, Clone)]
pub struct HttpError {
    /// The HTTP status.
    pub status: StatusCode,
    /// A message for every visitor.
    pub message: String,
    /// The cause, for developers and the log; shown in development only.
    pub detail: Option<String>,
    /// When the same request may be sent again.
    pub retry_after: Option<Duration>,
    /// True when the cause is in the log already.
    pub is_logged: bool,
}

impl HttpError {
    /// An error without a hidden cause.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), detail: None, retry_after: None, is_logged: false }
    }

    /// The same error with a cause.
    #[must_use]
    pub fn because(self, cause: impl ToString) -> Self {
        Self { detail: Some(cause.to_string()), ..self }
    }

    /// The same error, whose cause was logged where it occurred.
    #[must_use]
    pub fn logged(self) -> Self {
        Self { is_logged: true, ..self }
    }

    /// A 500 whose cause is for developers.
    pub fn internal(message: &str, cause: impl ToString) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message).because(cause)
    }

    /// A 500 for a bug.
    pub fn panicked(cause: impl ToString) -> Self {
        Self::internal("Something went wrong here.", cause)
    }

    /// A 503: the same request can be sent again.
    pub fn unavailable(message: &str, cause: impl ToString) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message).because(cause)
    }

    /// A 503 for a request whose templates did not get an answer.
    pub fn interrupted() -> Self {
        let message = "This cannot be answered just now. Please try again.";
        Self::unavailable(message, INTERRUPTED)
    }

    /// A 429: too much came from one address.
    pub fn too_many(message: &str, wait: Duration) -> Self {
        let retry_after = Some(wait);
        Self { retry_after, ..Self::new(StatusCode::TOO_MANY_REQUESTS, message) }
    }

    /// A 400 with the reason.
    pub fn bad(message: impl ToString) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message.to_string())
    }

    /// A 404.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is nothing at this address.")
    }
}

impl From<StoreError> for HttpError {
    fn from(error: StoreError) -> Self {
        match error {
            // Sending it again would not help.
            StoreError::Refused(_) => Self {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                ..Self::internal("The database does not take this.", error)
            },
            _ => Self::unavailable("The database does not answer.", error),
        }
    }
}

impl From<operations::Error> for HttpError {
    fn from(error: operations::Error) -> Self {
        if let Some(refused @ StoreError::Refused(_)) = error.store_error() {
            return refused.clone().into();
        }
        match &error {
            operations::Error::Gateway(GatewayError::UnknownRequestType { .. }) => {
                Self::new(StatusCode::NOT_FOUND, error.to_string())
            }
            operations::Error::Full(full) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, full.to_string())
            }
            error if error.is_the_stores() => Self::unavailable(
                "The database cannot be used just now. Ask again with the same key: nothing is done twice.",
                error,
            ),
            _ => Self::internal("The request type could not be run.", &error),
        }
    }
}

impl From<forms::Error> for HttpError {
    fn from(error: forms::Error) -> Self {
        if let Some(refused @ StoreError::Refused(_)) = error.store_error() {
            return refused.clone().into();
        }
        match &error {
            forms::Error::Record(RecordFormError::Form(
                FormError::Unknown(_) | FormError::NotFound | FormError::NotAllowed(_),
            )) => Self::new(StatusCode::NOT_FOUND, error.to_string()),
            forms::Error::Record(RecordFormError::Form(FormError::NoResource { .. })) => {
                Self::new(StatusCode::NOT_IMPLEMENTED, error.to_string())
            }
            forms::Error::Record(RecordFormError::Form(
                FormError::Protected(_) | FormError::Denied(_),
            )) => Self::new(StatusCode::FORBIDDEN, error.to_string()),
            forms::Error::Record(RecordFormError::Form(
                FormError::CardNumber(_) | FormError::TooLong(_),
            )) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
            forms::Error::Record(RecordFormError::Unfinished { .. }) => {
                let message = "Your submission was taken and is being processed.";
                Self::new(StatusCode::ACCEPTED, message).because(&error)
            }
            forms::Error::RequestType(operations::Error::Full(full)) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, full.to_string())
            }
            error if error.is_the_stores() => Self::unavailable(
                "The database cannot be written just now. Send it again: nothing is done twice.",
                error,
            ),
            _ => Self::internal("The form could not be taken.", &error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::replay;
    use crate::journal::error::Error as JournalError;
    use crate::template::error::Error as TemplateError;
    use sluicegate_liquid::error::Kind;

    fn stores() -> [StoreError; 5] {
        [
            StoreError::Busy("away".into()),
            StoreError::Unresolved("lost".to_owned()),
            StoreError::Full("full".into()),
            StoreError::Damaged("damaged".into()),
            StoreError::Broken("broken".into()),
        ]
    }

    #[track_caller]
    fn is_unavailable(error: impl Into<HttpError>) {
        let error = error.into();
        assert_eq!(error.status, StatusCode::SERVICE_UNAVAILABLE, "{error:?}");
        assert!(error.detail.is_some(), "the cause is for the log: {error:?}");
    }

    #[test]
    fn an_error_of_the_database_is_503_through_every_service() {
        use forms::Error::{Record, RequestType};
        use operations::Error::{Gateway, Replay};
        let journal = |error: &StoreError| JournalError::Store(error.clone());
        for store in &stores() {
            is_unavailable(store.clone());
            let operations = || -> [operations::Error; 6] {
                [
                    operations::Error::Store(store.clone()),
                    Replay(replay::Error::Journal(journal(store))),
                    Gateway(GatewayError::Store(store.clone())),
                    Gateway(GatewayError::Journal(journal(store))),
                    Gateway(GatewayError::Form(FormError::Store(store.clone()))),
                    Gateway(GatewayError::Form(FormError::Journal(journal(store)))),
                ]
            };
            operations().into_iter().for_each(is_unavailable);
            operations().into_iter().for_each(|error| is_unavailable(RequestType(error)));
            for error in [
                RecordFormError::Store(store.clone()),
                RecordFormError::Journal(journal(store)),
                RecordFormError::Replay(replay::Error::Journal(journal(store))),
                RecordFormError::Form(FormError::Store(store.clone())),
                RecordFormError::Form(FormError::Journal(journal(store))),
            ] {
                is_unavailable(Record(error));
            }
        }
        let template = || TemplateError::new(Kind::Interrupted, "away");
        is_unavailable(Gateway(GatewayError::Template(template())));
        is_unavailable(Gateway(GatewayError::Form(FormError::Template(template()))));
        is_unavailable(Record(RecordFormError::Form(FormError::Template(template()))));
        let refused = HttpError::from(StoreError::Refused("too long".into()));
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "again would not help");
    }
}
