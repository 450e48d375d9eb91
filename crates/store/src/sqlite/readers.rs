//! A small pool of connections that read.

use super::{errors, open};
use crate::error::Error;
use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;
use std::path::{Path, PathBuf};

// More readers than cores only fill memory with caches.
const READERS_MAX: usize = 4;

/// A pool of reading connections to one file.
pub struct Readers {
    path: PathBuf,
    pool: Mutex<Pool>,
    returned: Condvar,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Connection>,
    open: usize,
}

impl Readers {
    /// A pool over a file; connections are opened when they are needed.
    pub fn new(path: PathBuf) -> Self {
        Self { path, pool: Mutex::default(), returned: Condvar::new() }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads in one snapshot: everything `read` queries is of the same commit.
    pub fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        let connection = self.take()?;
        let result = snapshot(&connection, read);
        // A connection that failed is not reused: it may be in any state.
        let failed = matches!(result, Err(Error::Broken(_) | Error::Busy(_) | Error::Damaged(_)));
        let mut pool = self.pool.lock();
        if failed {
            pool.open -= 1;
        } else {
            pool.idle.push(connection);
        }
        self.returned.notify_one();
        result
    }

    fn take(&self) -> Result<Connection, Error> {
        let mut pool = self.pool.lock();
        loop {
            if let Some(connection) = pool.idle.pop() {
                return Ok(connection);
            }
            if pool.open < READERS_MAX {
                break;
            }
            self.returned.wait(&mut pool);
        }
        pool.open += 1;
        drop(pool);
        let opened = open::reader(&self.path);
        if opened.is_err() {
            self.pool.lock().open -= 1;
            self.returned.notify_one();
        }
        opened
    }
}

fn snapshot<T>(
    connection: &Connection,
    read: impl FnOnce(&Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    let transaction = connection.unchecked_transaction().map_err(errors::of)?;
    let result = read(&transaction)?;
    transaction.finish().map_err(errors::of)?;
    Ok(result)
}
