//! Maps PostgreSQL's errors to the store's.

use crate::error::{Error, Reason};
use tokio_postgres::error::SqlState;

/// The store's error for an error of PostgreSQL.
pub fn of(error: tokio_postgres::Error) -> Error {
    let Some(server) = error.as_db_error() else {
        // No answer: the server is down, or the connection is lost.
        return match error.is_closed() || std::error::Error::source(&error).is_some() {
            true => {
                let message = format!("PostgreSQL does not answer: {}", chain(&error));
                Error::Busy(Reason::new(message, error))
            }
            false => Error::Broken(Reason::of(error)),
        };
    };
    // Without the error as source: its detail may quote values.
    let (message, code) = (server.message(), server.code());
    match code.code().get(..2).unwrap_or_default() {
        _ if *code == SqlState::DISK_FULL => Error::Full(message.into()),
        // Resources, shutting down, starting up, deadlocks, lost connections.
        "53" | "57" | "40" | "08" | "55" => Error::Busy(message.into()),
        // Values that do not fit, also into an index, and constraints.
        "22" | "23" | "54" => Error::Refused(message.into()),
        _ => Error::Broken(format!("{message} ({})", code.code()).into()),
    }
}

/// An error of the pool of connections.
pub fn of_pool(error: deadpool_postgres::PoolError) -> Error {
    match error {
        deadpool_postgres::PoolError::Backend(error) => of(error),
        other => Error::Busy(Reason::of(other).with_prefix("no connection to PostgreSQL")),
    }
}

fn chain(error: &tokio_postgres::Error) -> String {
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        message.push_str(": ");
        message.push_str(&inner.to_string());
        source = inner.source();
    }
    message
}
