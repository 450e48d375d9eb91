//! Maps SQLite's errors to the store's.

use crate::error::Error;
use rusqlite::ErrorCode;
use rusqlite::ffi;
use std::path::Path;

/// The store's error for an error of SQLite.
pub fn of(error: rusqlite::Error) -> Error {
    let message = error.to_string();
    let rusqlite::Error::SqliteFailure(failure, _) = &error else {
        return Error::Broken(message);
    };
    // The first sign of a full disk, when the shared memory of the WAL cannot grow.
    if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE {
        return Error::Full(message);
    }
    match failure.code {
        ErrorCode::DiskFull => Error::Full(message),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Error::Busy(message),
        ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch => {
            Error::Refused(message)
        }
        _ => Error::Broken(message),
    }
}

/// The same, and the message names the file.
pub fn at(path: &Path, error: rusqlite::Error) -> Error {
    let with_path = |message: String| format!("{}: {message}", path.display());
    match of(error) {
        Error::Broken(message) => Error::Broken(with_path(message)),
        Error::Busy(message) => Error::Busy(with_path(message)),
        other => other,
    }
}
