//! The one writer: whoever holds the connection writes, many commits in one transaction.
//!
//! Who comes alone sits down at the connection himself: no other thread is woken for him. While somebody
//! writes and waits for the disk, others queue up, and a thread of the host writes them together,
//! so groups grow with the load; as soon as three come together it takes a short breath before the
//! next group, because a sync for every two would cost all of them more.

use super::transaction::{Counts, Work, write_group};
use crate::contract::WriterStats;
use crate::error::Error;
use rusqlite::Connection;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::JoinHandle;
use std::time::Duration;

// Bounds the time the first of a group waits for the last.
const GROUP_MAX: usize = 512;
// How long commits that nobody waits for wait for company.
const BATCH_WAIT: Duration = Duration::from_millis(2);
// This many in one group are a crowd.
const BUSY_BATCH: usize = 3;
// The breath before the next group in a crowd. A longer one makes larger groups and costs more than
// it saves: while the writer sleeps, neither the processors nor the disk are busy (benches/README.md).
const BATCH_PAUSE: Duration = Duration::from_micros(100);

/// Who is told what became of some work, on the thread that wrote it.
pub type Reply = Box<dyn FnOnce(Result<i64, Error>) + Send>;

struct Job {
    work: Work,
    reply: Reply,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// Nothing is taken any more.
    is_closed: bool,
}

/// The connection, and the queue before it.
struct Shared {
    connection: Mutex<Connection>,
    queue: Mutex<Queue>,
    ready: Condvar,
    is_busy: AtomicBool,
    counts: Counts,
}

/// Writes to one database.
pub struct Writer {
    office: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub fn start(connection: Connection) -> Result<Self, Error> {
        let office = Arc::new(Shared {
            connection: Mutex::new(connection),
            queue: Mutex::default(),
            ready: Condvar::new(),
            is_busy: AtomicBool::new(false),
            counts: Counts::default(),
        });
        let ours = Arc::clone(&office);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || serve(&CloseOnDrop(ours)))
            .map_err(|error| Error::Broken(format!("the writer did not start: {error}")))?;
        Ok(Self { office, thread: Some(thread) })
    }

    /// Does the work and returns when it is on disk.
    pub fn run(&self, work: Work) -> Result<i64, Error> {
        let work = match self.office.at_once(work) {
            Ok(done) => return done,
            Err(work) => work,
        };
        let (reply, answer) = sync_channel(1);
        // A caller that is gone has nobody to be told.
        self.run_then(work, Box::new(move |result| drop(reply.send(result))));
        answer.recv().map_err(|_| stopped())?
    }

    /// Does the work, and tells `reply` when it is on disk.
    pub fn run_then(&self, work: Work, reply: Reply) {
        let mut queue = self.office.queue();
        if queue.is_closed {
            drop(queue);
            return reply(Err(stopped()));
        }
        queue.jobs.push_back(Job { work, reply });
        drop(queue);
        self.office.ready.notify_one();
    }

    /// What was done so far.
    pub fn tally(&self) -> WriterStats {
        self.office.counts.tally()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // The thread finishes what is in the queue and ends.
        self.office.close();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn stopped() -> Error {
    Error::Broken("the writer has stopped".into())
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.queue().is_closed = true;
        self.ready.notify_one();
    }

    /// Does it on this thread when nobody else is there, or gives it back.
    fn at_once(&self, work: Work) -> Result<Result<i64, Error>, Work> {
        if matches!(work, Work::CommitSoon(_)) || self.is_busy.load(Ordering::Relaxed) {
            return Err(work);
        }
        let connection = match self.connection.try_lock() {
            Ok(connection) => connection,
            Err(TryLockError::WouldBlock) => return Err(work),
            // Somebody panicked there; what is open in the database is not known.
            Err(TryLockError::Poisoned(_)) => return Ok(Err(stopped())),
        };
        let queue = self.queue();
        if queue.is_closed || !queue.jobs.is_empty() {
            // Nobody is overtaken.
            return Err(work);
        }
        drop(queue);
        let mut done = write_group(&connection, &[work], &self.counts);
        Ok(done.pop().unwrap_or(Ok(0)))
    }

    /// Waits until there is something to write, and for its company. False at the end.
    fn wait(&self) -> bool {
        let nothing = |queue: &mut Queue| queue.jobs.is_empty() && !queue.is_closed;
        let queue = self.queue();
        let queue = self.ready.wait_while(queue, nothing).unwrap_or_else(PoisonError::into_inner);
        let can_wait = |queue: &mut Queue| {
            let soon = |job: &Job| matches!(job.work, Work::CommitSoon(_));
            !queue.is_closed && queue.jobs.len() < GROUP_MAX && queue.jobs.iter().all(soon)
        };
        let waited = self.ready.wait_timeout_while(queue, BATCH_WAIT, can_wait);
        let (queue, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !queue.jobs.is_empty()
    }

    /// Takes what is there to the connection. It stays in the queue until the connection is free, so that
    /// nobody overtakes it.
    fn write(&self) {
        let connection = self.connection.lock();
        let mut queue = self.queue();
        let count = queue.jobs.len().min(GROUP_MAX);
        let jobs = queue.jobs.drain(..count).map(|job| (job.work, job.reply));
        let (group, replies): (Vec<Work>, Vec<Reply>) = jobs.unzip();
        drop(queue);
        self.is_busy.store(group.len() >= BUSY_BATCH, Ordering::Relaxed);
        let results = match &connection {
            Ok(connection) => write_group(connection, &group, &self.counts),
            Err(_) => group.iter().map(|_| Err(stopped())).collect(),
        };
        drop(connection);
        for (reply, result) in replies.into_iter().zip(results) {
            reply(result);
        }
    }
}

/// The office as the thread has it: however the thread ends, nobody waits for it any longer.
struct CloseOnDrop(Arc<Shared>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        queue.is_closed = true;
        let left = std::mem::take(&mut queue.jobs);
        drop(queue);
        drop(left);
    }
}

fn serve(CloseOnDrop(office): &CloseOnDrop) {
    while office.wait() {
        if office.is_busy.load(Ordering::Relaxed) {
            std::thread::sleep(BATCH_PAUSE);
        }
        office.write();
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
    fn many_threads_and_many_callbacks_are_all_told_once() {
        let writer = Arc::new(writer());
        let told = Arc::new(AtomicU64::new(0));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let (writer, told) = (Arc::clone(&writer), Arc::clone(&told));
                std::thread::spawn(move || {
                    for _ in 0..50 {
                        writer.run(Work::ReserveIds { count: 1 }).expect("reserved");
                        let told = Arc::clone(&told);
                        let tell = move |done: Result<i64, Error>| {
                            done.expect("reserved");
                            told.fetch_add(1, Ordering::Relaxed);
                        };
                        writer.run_then(Work::ReserveIds { count: 1 }, Box::new(tell));
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().expect("it goes through"));
        let next = writer.run(Work::ReserveIds { count: 1 }).expect("reserved");
        let writer = Arc::into_inner(writer).expect("the last one");
        // What is in the queue is written before it ends.
        drop(writer);
        assert_eq!(told.load(Ordering::Relaxed), 400);
        assert!(next > 400, "{next}");
    }

    #[test]
    fn a_reply_that_panics_stops_the_writer_and_leaves_nobody_waiting() {
        let writer = writer();
        writer.run_then(Work::ReserveIds { count: 1 }, Box::new(|_| panic!("on purpose")));
        let until = Instant::now() + Duration::from_secs(10);
        while !writer.office.queue().is_closed {
            assert!(Instant::now() < until, "it is still open");
            std::thread::yield_now();
        }
        assert!(matches!(writer.run(Work::ReserveIds { count: 1 }), Err(Error::Broken(_))));
    }
}
