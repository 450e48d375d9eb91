//! Maps SQLite's errors to the store's.

use super::read_gate::READ_MAX;
use crate::error::{Error, Reason};
use rusqlite::ErrorCode;
use rusqlite::ffi;
use std::path::Path;

/// The store's error for an error of SQLite.
pub fn of(error: rusqlite::Error) -> Error {
    let rusqlite::Error::SqliteFailure(failure, _) = &error else {
        return Error::Broken(Reason::of(error));
    };
    let (failure, reason) = (*failure, Reason::of(error));
    // The first sign of a full disk, when the shared memory of the WAL cannot grow.
    if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE {
        return Error::Full(reason);
    }
    match failure.code {
        ErrorCode::DiskFull => Error::Full(reason),
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Error::Damaged(reason),
        ErrorCode::OperationInterrupted => {
            let seconds = READ_MAX.as_secs();
            Error::Busy(reason.with_prefix(format!("a query took more than {seconds} s")))
        }
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Error::Busy(reason),
        ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch => {
            Error::Refused(reason)
        }
        _ => Error::Broken(reason),
    }
}

/// The same, and the message names the file.
pub fn at(path: &Path, error: rusqlite::Error) -> Error {
    in_file(path, of(error))
}

/// The error with the name of the file, which an operator has to look at.
pub fn in_file(path: &Path, error: Error) -> Error {
    match error {
        Error::Broken(reason) => Error::Broken(reason.with_prefix(path.display())),
        Error::Damaged(reason) => Error::Damaged(reason.with_prefix(path.display())),
        Error::Busy(reason) => Error::Busy(reason.with_prefix(path.display())),
        other => other,
    }
}
