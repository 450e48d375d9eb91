//! What PostgreSQL's errors mean to a caller.

use crate::error::Error;
use tokio_postgres::error::SqlState;

/// The error of the store that an error of PostgreSQL is.
pub fn of(error: tokio_postgres::Error) -> Error {
    let Some(told) = error.as_db_error() else {
        // No word from the server: it is away, or the connection is.
        return match error.is_closed() || std::error::Error::source(&error).is_some() {
            true => Error::Busy(format!("PostgreSQL does not answer: {}", chain(&error))),
            false => Error::Broken(error.to_string()),
        };
    };
    let text = told.message().to_owned();
    let code = told.code();
    match code.code().get(..2).unwrap_or_default() {
        _ if *code == SqlState::DISK_FULL => Error::Full(text),
        // Resources, shutting down, starting up, deadlocks, lost connections.
        "53" | "57" | "40" | "08" | "55" => Error::Busy(text),
        // Values that do not fit, and constraints.
        "22" | "23" => Error::Refused(text),
        _ => Error::Broken(format!("{text} ({})", code.code())),
    }
}

/// An error of the pool of connections.
pub fn of_pool(error: deadpool_postgres::PoolError) -> Error {
    match error {
        deadpool_postgres::PoolError::Backend(error) => match of(error) {
            // Whatever keeps us from connecting may be over in a moment, but for a wrong password.
            Error::Broken(text) => Error::Broken(text),
            other => other,
        },
        other => Error::Busy(format!("no connection to PostgreSQL: {other}")),
    }
}

fn chain(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
