//! A small pool of connections that read.

use super::read_gate::{READ_MAX, ReadGate};
use super::{errors, open};
use crate::error::Error;
use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

// More readers than cores only fill memory with caches.
const READERS_MAX: usize = 4;
/// How many steps of SQLite's machine pass between two looks at the clock: about a millisecond.
const STEPS_BETWEEN_LOOKS: i32 = 50_000;

/// A pool of reading connections to one file.
pub struct Readers {
    path: PathBuf,
    pool: Mutex<Pool>,
    returned: Condvar,
    gate: Arc<ReadGate>,
}

/// A connection, and when its read is stopped.
struct Reader {
    connection: Connection,
    stops_at: Arc<Mutex<Option<Instant>>>,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Reader>,
    open: usize,
}

impl Readers {
    /// A pool over a file; connections are opened when they are needed.
    pub fn new(path: PathBuf, gate: Arc<ReadGate>) -> Self {
        Self { path, pool: Mutex::default(), returned: Condvar::new(), gate }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads in one snapshot: everything `read` queries is of the same commit. It fails with `Busy`
    /// after [`READ_MAX`], because the log grows for as long as a snapshot is kept.
    pub fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        self.read_until(Instant::now().checked_add(READ_MAX), read)
    }

    /// The same for what reads all of a large table, and takes as long as it takes.
    pub fn read_whole<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.read_until(None, read)
    }

    fn read_until<T>(
        &self,
        stops_at: Option<Instant>,
        read: impl FnOnce(&Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let connection = self.take()?;
        *connection.stops_at.lock() = stops_at;
        // Nobody waits for one that may take minutes.
        let reading = stops_at.map(|_| self.gate.enter());
        let result = snapshot(&connection.connection, read);
        drop(reading);
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

    fn take(&self) -> Result<Reader, Error> {
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
        let opened = open::reader(&self.path).and_then(Reader::new);
        if opened.is_err() {
            self.pool.lock().open -= 1;
            self.returned.notify_one();
        }
        opened
    }
}

impl Reader {
    fn new(mut connection: Connection) -> Result<Self, Error> {
        let stops_at = Arc::new(Mutex::new(None::<Instant>));
        let shared = Arc::clone(&stops_at);
        let is_over = move || shared.lock().is_some_and(|at| at <= Instant::now());
        connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(is_over)).map_err(errors::of)?;
        Ok(Self { connection, stops_at })
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
