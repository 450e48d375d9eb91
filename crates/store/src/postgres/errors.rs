//! Maps PostgreSQL's errors to the store's.

use crate::error::Error;
use tokio_postgres::error::SqlState;

/// The store's error for an error of PostgreSQL.
pub fn of(error: tokio_postgres::Error) -> Error {
    let Some(server) = error.as_db_error() else {
        // No answer: the server is down, or the connection is lost.
        return match error.is_closed() || std::error::Error::source(&error).is_some() {
            true => Error::Busy(format!("PostgreSQL does not answer: {}", chain(&error))),
            false => Error::Broken(error.to_string()),
        };
    };
    let message = server.message().to_owned();
    let code = server.code();
    match code.code().get(..2).unwrap_or_default() {
        _ if *code == SqlState::DISK_FULL => Error::Full(message),
        // Resources, shutting down, starting up, deadlocks, lost connections.
        "53" | "57" | "40" | "08" | "55" => Error::Busy(message),
        // Values that do not fit, and constraints.
        "22" | "23" => Error::Refused(message),
        _ => Error::Broken(format!("{message} ({})", code.code())),
    }
}

/// An error of the pool of connections.
pub fn of_pool(error: deadpool_postgres::PoolError) -> Error {
    match error {
        deadpool_postgres::PoolError::Backend(error) => of(error),
        other => Error::Busy(format!("no connection to PostgreSQL: {other}")),
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
