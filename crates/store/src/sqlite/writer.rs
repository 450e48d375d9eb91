//! Group commit: many commits share one transaction and one fsync.
//!
//! An uncontended caller commits on its own thread, without waking another. Otherwise commits queue
//! in arrival order, and the writer thread commits up to 512 together, so batches grow with the
//! load. After a batch of three or more it pauses briefly before the next, because an fsync for
//! every two commits would cost all of them more.

use super::transaction::{Counts, Work, write_batch};
use crate::contract::WriterStats;
use crate::error::{Error, Reason};
use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::Duration;

/// Bounds the time that the first commit of a batch waits for the last.
const BATCH_MAX: usize = 512;
/// How long deferred commits wait for others.
const BATCH_WAIT: Duration = Duration::from_millis(2);
/// After a batch of this size the writer counts as busy.
const BUSY_BATCH: usize = 3;
/// The pause before the next batch of a busy writer. A longer one makes larger batches and costs
/// more than it saves: during the pause neither the processors nor the disk are busy
/// (benches/README.md).
const BATCH_PAUSE: Duration = Duration::from_micros(100);

/// Called with the result of some work, on the thread that wrote it.
pub type Reply = Box<dyn FnOnce(Result<i64, Error>) + Send>;

struct Job {
    work: Work,
    reply: Reply,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// New jobs are refused.
    is_closed: bool,
}

/// The connection, and the queue of jobs for it.
struct Shared {
    connection: Mutex<Connection>,
    queue: Mutex<Queue>,
    /// A job arrived, or the queue was closed.
    ready: Condvar,
    is_busy: AtomicBool,
    counts: Counts,
}

/// Writes to one database.
pub struct Writer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the writer thread.
    pub fn start(connection: Connection) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            connection: Mutex::new(connection),
            queue: Mutex::default(),
            ready: Condvar::new(),
            is_busy: AtomicBool::new(false),
            counts: Counts::default(),
        });
        let close_on_drop = CloseOnDrop(Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || close_on_drop.0.serve())
            .map_err(|error| {
                Error::Broken(Reason::of(error).with_prefix("the writer thread did not start"))
            })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Does the work and returns when it is on disk.
    pub fn run(&self, work: Work) -> Result<i64, Error> {
        let work = match self.shared.run_uncontended(work) {
            Ok(result) => return result,
            Err(work) => work,
        };
        let (sender, receiver) = sync_channel(1);
        // The send fails only when this caller is gone.
        self.run_with_reply(work, Box::new(move |result| drop(sender.send(result))));
        receiver.recv().map_err(|_| stopped())?
    }

    /// Does the work on this thread if nobody else writes; otherwise it is queued. Calls `reply`
    /// when it is on disk.
    pub fn run_or_queue(&self, work: Work, reply: Reply) {
        match self.shared.run_uncontended(work) {
            Ok(result) => reply(result),
            Err(work) => self.run_with_reply(work, reply),
        }
    }

    /// Does the work, and calls `reply` when it is on disk.
    pub fn run_with_reply(&self, work: Work, reply: Reply) {
        let mut queue = self.shared.queue.lock();
        if queue.is_closed {
            drop(queue);
            return reply(Err(stopped()));
        }
        queue.jobs.push_back(Job { work, reply });
        drop(queue);
        self.shared.ready.notify_one();
    }

    /// What was committed so far.
    pub fn stats(&self) -> WriterStats {
        self.shared.counts.stats()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // The thread writes what is in the queue and ends.
        self.shared.close();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn stopped() -> Error {
    Error::Broken("the writer has stopped".into())
}

impl Shared {
    fn serve(&self) {
        while self.wait() {
            if self.is_busy.load(Ordering::Relaxed) {
                std::thread::sleep(BATCH_PAUSE);
            }
            self.write_queued();
        }
    }

    fn close(&self) {
        self.queue.lock().is_closed = true;
        self.ready.notify_one();
    }

    /// Does the work on this thread when the connection is free and the queue empty; otherwise
    /// returns it.
    fn run_uncontended(&self, work: Work) -> Result<Result<i64, Error>, Work> {
        if matches!(work, Work::CommitDeferred(_)) || self.is_busy.load(Ordering::Relaxed) {
            return Err(work);
        }
        let Some(connection) = self.connection.try_lock() else { return Err(work) };
        let queue = self.queue.lock();
        if queue.is_closed || !queue.jobs.is_empty() {
            // What came before is written before.
            return Err(work);
        }
        drop(queue);
        let mut results = self.write(&connection, &[work]);
        Ok(results.pop().unwrap_or(Ok(0)))
    }

    /// Waits for jobs, and for others to join deferred ones. False when the queue is closed and
    /// empty.
    fn wait(&self) -> bool {
        let mut queue = self.queue.lock();
        self.ready.wait_while(&mut queue, |queue| queue.jobs.is_empty() && !queue.is_closed);
        let can_wait = |queue: &mut Queue| {
            let is_deferred = |job: &Job| matches!(job.work, Work::CommitDeferred(_));
            !queue.is_closed && queue.jobs.len() < BATCH_MAX && queue.jobs.iter().all(is_deferred)
        };
        self.ready.wait_while_for(&mut queue, can_wait, BATCH_WAIT);
        !queue.jobs.is_empty()
    }

    /// Writes the jobs at the head of the queue. They stay in the queue until the connection is
    /// free, so that an uncontended caller does not overtake them.
    fn write_queued(&self) {
        let connection = self.connection.lock();
        let mut queue = self.queue.lock();
        let count = queue.jobs.len().min(BATCH_MAX);
        let jobs = queue.jobs.drain(..count).map(|job| (job.work, job.reply));
        let (batch, replies): (Vec<Work>, Vec<Reply>) = jobs.unzip();
        drop(queue);
        self.is_busy.store(batch.len() >= BUSY_BATCH, Ordering::Relaxed);
        let results = self.write(&connection, &batch);
        drop(connection);
        for (reply, result) in replies.into_iter().zip(results) {
            reply(result);
        }
    }

    fn write(&self, connection: &Connection, batch: &[Work]) -> Vec<Result<i64, Error>> {
        if !connection.is_autocommit() {
            // An earlier caller panicked inside its transaction.
            return batch.iter().map(|_| Err(stopped())).collect();
        }
        write_batch(connection, batch, &self.counts)
    }
}

/// Closes the queue when the writer thread ends, also by a panic, so that no caller waits for it.
struct CloseOnDrop(Arc<Shared>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        let mut queue = self.0.queue.lock();
        queue.is_closed = true;
        let jobs = std::mem::take(&mut queue.jobs);
        drop(queue);
        // Their callers get an error: the senders of the replies are dropped.
        drop(jobs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU64;
    use std::time::Instant;

    fn writer() -> Writer {
        let connection = Connection::open_in_memory().expect("a database");
        let tables = "CREATE TABLE records (id INTEGER PRIMARY KEY); \
                      CREATE TABLE counters (name TEXT PRIMARY KEY, next INTEGER NOT NULL); \
                      INSERT INTO counters VALUES ('record', 1)";
        connection.execute_batch(tables).expect("tables");
        Writer::start(connection).expect("a writer")
    }

    #[test]
    fn every_thread_and_every_callback_gets_one_reply() {
        let writer = Arc::new(writer());
        let replied = Arc::new(AtomicU64::new(0));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let (writer, replied) = (Arc::clone(&writer), Arc::clone(&replied));
                std::thread::spawn(move || {
                    for _ in 0..50 {
                        writer.run(Work::ReserveIds { count: 1 }).expect("reserved");
                        let replied = Arc::clone(&replied);
                        let reply = move |done: Result<i64, Error>| {
                            done.expect("reserved");
                            replied.fetch_add(1, Ordering::Relaxed);
                        };
                        writer
                            .run_with_reply(Work::ReserveIds { count: 1 }, Box::new(reply.clone()));
                        writer.run_or_queue(Work::ReserveIds { count: 1 }, Box::new(reply));
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().expect("the thread ends well"));
        let next = writer.run(Work::ReserveIds { count: 1 }).expect("reserved");
        let writer = Arc::into_inner(writer).expect("the last one");
        // What is in the queue is written before it ends.
        drop(writer);
        assert_eq!(replied.load(Ordering::Relaxed), 800);
        assert!(next > 800, "{next}");
    }

    #[test]
    fn a_reply_that_panics_stops_the_writer_and_leaves_no_caller_waiting() {
        let writer = writer();
        writer.run_with_reply(Work::ReserveIds { count: 1 }, Box::new(|_| panic!("on purpose")));
        let until = Instant::now() + Duration::from_secs(10);
        while !writer.shared.queue.lock().is_closed {
            assert!(Instant::now() < until, "the queue is still open");
            std::thread::yield_now();
        }
        assert!(matches!(writer.run(Work::ReserveIds { count: 1 }), Err(Error::Broken(_))));
    }
}
