//! The writer thread: takes what is queued, commits it as one group, and answers after the fsync.

use crate::store::contract::Counts;
use crate::store::error::Error;
use crate::store::record::RecordId;
use crate::store::sqlite::apply::apply;
use crate::store::sqlite::connection::explain;
use crate::store::write::Write;
use rusqlite::Connection;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

/// At most this many batches become one commit, so that nobody waits for a crowd.
const GROUP_MAX: usize = 256;
/// Ids are reserved in blocks of this many: a commit each would double the work.
const ID_BLOCK: RecordId = 64;

enum Job {
    Commit(Vec<Write>, SyncSender<Result<(), Error>>),
    ReserveIds(SyncSender<Result<RecordId, Error>>),
}

/// The handle of the writer thread; dropping it lets the thread finish and ends it.
#[derive(Debug)]
pub struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    commits: AtomicU64,
    batches: AtomicU64,
}

impl Writer {
    /// Starts the thread; it owns the connection.
    ///
    /// # Errors
    /// [`Error::Broken`] when the system has no thread to give.
    pub fn start(connection: Connection) -> Result<Self, Error> {
        let (jobs, queue) = channel();
        let counters = Arc::new(Counters::default());
        let ours = Arc::clone(&counters);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(&connection, &queue, &ours))
            .map_err(|e| Error::Broken(e.to_string()))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), counters })
    }

    /// Commits a batch with whatever else is queued; returns after it is on disk.
    ///
    /// # Errors
    /// [`Error`] of this batch alone; others of its group are not touched by it.
    pub fn commit(&self, writes: Vec<Write>) -> Result<(), Error> {
        self.ask(|answer| Job::Commit(writes, answer))
    }

    /// The first of a fresh block of ids; the block's length.
    ///
    /// # Errors
    /// [`Error`] when the reservation cannot be committed.
    pub fn reserve_ids(&self) -> Result<(RecordId, RecordId), Error> {
        self.ask(Job::ReserveIds).map(|first| (first, ID_BLOCK))
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        Counts {
            commits: self.counters.commits.load(Ordering::Relaxed),
            batches: self.counters.batches.load(Ordering::Relaxed),
        }
    }

    fn ask<T>(&self, job: impl FnOnce(SyncSender<Result<T, Error>>) -> Job) -> Result<T, Error> {
        let stopped = || Error::Broken("the writer has stopped".to_owned());
        let (answer, wait) = sync_channel(1);
        let jobs = self.jobs.as_ref().ok_or_else(stopped)?;
        jobs.send(job(answer)).map_err(|_| stopped())?;
        wait.recv().map_err(|_| stopped())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the writer was reported to whoever waited for it.
            let _ = thread.join();
        }
    }
}

fn run(connection: &Connection, queue: &Receiver<Job>, counters: &Counters) {
    connection.set_prepared_statement_cache_capacity(64);
    while let Ok(first) = queue.recv() {
        let mut group = Vec::new();
        let mut next = Some(first);
        // No waiting for more: under load the queue fills while the last group is on its way to disk.
        while let Some(job) = next.take() {
            match job {
                Job::Commit(writes, answer) => group.push((writes, answer)),
                Job::ReserveIds(answer) => {
                    let _ = answer.send(reserve(connection));
                }
            }
            if group.len() < GROUP_MAX {
                next = queue.try_recv().ok();
            }
        }
        if !group.is_empty() {
            commit_group(connection, group, counters);
        }
    }
}

type Waiting = (Vec<Write>, SyncSender<Result<(), Error>>);

/// One transaction, a savepoint a batch: a failing batch takes no other with it.
fn commit_group(connection: &Connection, group: Vec<Waiting>, counters: &Counters) {
    let begun = connection.execute_batch("BEGIN IMMEDIATE").map_err(|e| explain(&e));
    if let Err(error) = begun {
        for (_, answer) in group {
            let _ = answer.send(Err(error.clone()));
        }
        return;
    }
    let size = group.len() as u64;
    let results: Vec<_> =
        group.into_iter().map(|(writes, answer)| (batch(connection, &writes), answer)).collect();
    let committed = connection.execute_batch("COMMIT").map_err(|e| explain(&e));
    if committed.is_err() && !connection.is_autocommit() {
        // A full disk can leave the transaction open; the next group needs it closed.
        let _ = connection.execute_batch("ROLLBACK");
    }
    counters.commits.fetch_add(1, Ordering::Relaxed);
    counters.batches.fetch_add(size, Ordering::Relaxed);
    for (result, answer) in results {
        // Nobody waits any more when a caller's thread was ended: nothing to tell then.
        let _ = answer.send(result.and_then(|()| committed.clone()));
    }
}

fn batch(connection: &Connection, writes: &[Write]) -> Result<(), Error> {
    let sql = |text: &str| connection.execute_batch(text).map_err(|e| explain(&e));
    sql("SAVEPOINT batch")?;
    match writes.iter().try_for_each(|write| apply(connection, write)) {
        Ok(()) => sql("RELEASE batch"),
        Err(error) => {
            // If even this fails the whole transaction is gone, and COMMIT will say so.
            let _ = sql("ROLLBACK TO batch; RELEASE batch");
            Err(error)
        }
    }
}

fn reserve(connection: &Connection) -> Result<RecordId, Error> {
    // One statement is its own transaction; other processes on this file reserve past it.
    let sql = "UPDATE record_ids SET reserved = \
               max(reserved, (SELECT coalesce(max(id), 0) FROM records)) + ?1 RETURNING reserved";
    let last: RecordId =
        connection.query_row(sql, [ID_BLOCK], |row| row.get(0)).map_err(|e| explain(&e))?;
    Ok(last - ID_BLOCK + 1)
}
