//! Opens the connections of a database file: the writer's, and the readers'.

use super::checkpoint::Checkpoints;
use super::read_gate::ReadGate;
use super::{errors, pragmas};
use crate::error::{Error, Reason};
use rusqlite::Connection;
use rusqlite::hooks::Wal;
use sluicegate_failpoint as failpoint;
use sluicegate_secret::create_private;
use std::path::Path;
use std::sync::Arc;

/// Pages of log between checkpoints: one costs two fsyncs, so every 16 MB, not every 4.
pub fn checkpoint_pages() -> u32 {
    failpoint::checkpoint_pages(4000)
}

/// The one connection that writes, with a checkpoint after every `due` pages of log. Creates the
/// file, readable by its owner only, if it is missing.
pub fn writer(path: &Path, gate: Arc<ReadGate>, due: u32) -> Result<Connection, Error> {
    make_private(path)?;
    let mut connection = pragmas::connect(path)?;
    pragmas::write(&connection).map_err(|error| errors::at(path, error))?;
    let mut checkpoints = Checkpoints::new(path, due, gate);
    connection
        .wal_hook(Some(move |wal: &mut Wal, pages: i32| {
            checkpoints.committed(wal, u32::try_from(pages).unwrap_or(0));
            Ok(())
        }))
        .map_err(|error| errors::at(path, error))?;
    Ok(connection)
}

/// A connection that only reads.
pub fn reader(path: &Path) -> Result<Connection, Error> {
    let connection = pragmas::connect(path)?;
    pragmas::read_only(&connection).map_err(errors::of)?;
    Ok(connection)
}

/// Creates an empty file that only its owner may read, unless the file exists.
pub fn make_private(path: &Path) -> Result<(), Error> {
    match create_private(path, "") {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(Error::Broken(Reason::of(error).with_prefix(path.display())))
        }
        _ => Ok(()),
    }
}
