//! What SQLite's errors mean to a caller.

use crate::error::Error;
use rusqlite::ErrorCode;
use rusqlite::ffi;

/// The error of the store that an error of SQLite is.
pub fn of(error: rusqlite::Error) -> Error {
    let text = error.to_string();
    let rusqlite::Error::SqliteFailure(failure, _) = &error else {
        return Error::Broken(text);
    };
    // A full disk shows up here first when the shared memory of the log cannot grow.
    if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE {
        return Error::Full(text);
    }
    match failure.code {
        ErrorCode::DiskFull => Error::Full(text),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Error::Busy(text),
        ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch => {
            Error::Refused(text)
        }
        _ => Error::Broken(text),
    }
}
