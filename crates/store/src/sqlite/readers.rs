//! A small pool of connections that read.

use super::{fault, open};
use crate::error::Error;
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

// More readers than cores only fill memory with caches.
const READERS_MAX: usize = 4;

/// Connections at rest, and how many there are in all.
pub struct Readers {
    path: PathBuf,
    shelf: Mutex<Shelf>,
    returned: Condvar,
}

#[derive(Default)]
struct Shelf {
    resting: Vec<Connection>,
    open: usize,
}

impl Readers {
    /// A pool over a file; connections are opened when they are needed.
    pub fn new(path: PathBuf) -> Self {
        Self { path, shelf: Mutex::default(), returned: Condvar::new() }
    }

    /// Reads in one snapshot: everything `read` asks for is of the same moment.
    pub fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        let connection = self.take()?;
        let result = snapshot(&connection, read);
        // A connection that failed is not given to the next: it may be in any state.
        let broken = matches!(result, Err(Error::Broken(_) | Error::Busy(_)));
        let mut shelf = self.shelf();
        if broken {
            shelf.open -= 1;
        } else {
            shelf.resting.push(connection);
        }
        self.returned.notify_one();
        result
    }

    fn take(&self) -> Result<Connection, Error> {
        let mut shelf = self.shelf();
        loop {
            if let Some(connection) = shelf.resting.pop() {
                return Ok(connection);
            }
            if shelf.open < READERS_MAX {
                break;
            }
            shelf = self.returned.wait(shelf).unwrap_or_else(PoisonError::into_inner);
        }
        shelf.open += 1;
        drop(shelf);
        let opened = open::reader(&self.path);
        if opened.is_err() {
            self.shelf().open -= 1;
            self.returned.notify_one();
        }
        opened
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // The shelf is whole between any two statements, so a panic elsewhere does not harm it.
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn snapshot<T>(
    connection: &Connection,
    read: impl FnOnce(&Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    let transaction = connection.unchecked_transaction().map_err(fault::of)?;
    let result = read(&transaction)?;
    transaction.finish().map_err(fault::of)?;
    Ok(result)
}
