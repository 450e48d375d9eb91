//! The one writer: a thread that drains its queue and writes many commits in one transaction.
//!
//! Who comes alone waits for nobody: the writer takes what is there. While it waits for the disk,
//! others queue up, so groups grow with the load; as soon as three come together the writer takes a
//! short breath before the next group, because a sync for every two would cost all of them more.

use super::{fault, write_executions, write_records, write_states};
use crate::crash_point;
use crate::store::contract::Tally;
use crate::store::error::Error;
use crate::store::record::RecordId;
use crate::store::write::Write;
use rusqlite::Connection;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

// Bounds the time the first of a group waits for the last.
const GROUP_MAX: usize = 512;
// How long commits that nobody waits for wait for company.
const COMPANY_WAIT: Duration = Duration::from_millis(2);
// This many in one group are a crowd.
const CROWD: usize = 3;
// The breath before the next group in a crowd.
const BREATH: Duration = Duration::from_micros(500);

/// Something to do inside a transaction.
pub enum Work {
    /// The writes of one commit.
    Commit(Vec<Write>),
    /// The same, after a short wait for others.
    CommitSoon(Vec<Write>),
    /// Reserves a block of record ids; the answer is the first.
    ReserveIds { count: i64 },
    /// Gives a block back, unless another process reserved after it.
    ReturnIds { free: Range<RecordId> },
    /// Bounds the size of the file from now on.
    LimitPages { pages: u32 },
}

/// Who is told what became of some work, on the writer's thread.
pub type Reply = Box<dyn FnOnce(Result<i64, Error>) + Send>;

struct Job {
    work: Work,
    reply: Reply,
}

/// The queue to the writer's thread.
pub struct Writer {
    queue: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    commits: AtomicU64,
    groups: AtomicU64,
    largest_group: AtomicU64,
    commit_micros: AtomicU64,
}

impl Writer {
    /// Starts the thread.
    pub fn start(connection: Connection) -> Result<Self, Error> {
        let (queue, jobs) = channel();
        let counts = Arc::new(Counts::default());
        let seen = Arc::clone(&counts);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || serve(&connection, &jobs, &seen))
            .map_err(|error| Error::Broken(format!("the writer did not start: {error}")))?;
        Ok(Self { queue: Some(queue), thread: Some(thread), counts })
    }

    /// Does the work and returns when it is on disk.
    pub fn run(&self, work: Work) -> Result<i64, Error> {
        let (reply, answer) = sync_channel(1);
        // A caller that is gone has nobody to be told.
        self.run_then(work, Box::new(move |result| drop(reply.send(result))));
        answer.recv().map_err(|_| stopped())?
    }

    /// Does the work, and tells `reply` when it is on disk.
    pub fn run_then(&self, work: Work, reply: Reply) {
        let job = Job { work, reply };
        let unsent = match &self.queue {
            Some(queue) => queue.send(job).err().map(|unsent| unsent.0),
            None => Some(job),
        };
        if let Some(job) = unsent {
            (job.reply)(Err(stopped()));
        }
    }

    /// What was done so far.
    pub fn tally(&self) -> Tally {
        let counts = &self.counts;
        Tally {
            commits: counts.commits.load(Ordering::Relaxed),
            groups: counts.groups.load(Ordering::Relaxed),
            largest_group: counts.largest_group.load(Ordering::Relaxed),
            commit_micros: counts.commit_micros.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Closing the queue lets the thread finish what is in it and end.
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn stopped() -> Error {
    Error::Broken("the writer has stopped".into())
}

fn serve(connection: &Connection, jobs: &Receiver<Job>, counts: &Counts) {
    let mut is_crowd = false;
    while let Ok(first) = jobs.recv() {
        let group = gather(first, jobs, is_crowd);
        is_crowd = group.len() >= CROWD;
        let results = match write_group(connection, &group, counts) {
            // One large commit must not take small ones with it: each tries for itself.
            Err(Error::Full(_)) if group.len() > 1 => {
                group.iter().map(|job| write_alone(connection, job, counts)).collect()
            }
            Err(error) => group.iter().map(|_| Err(error.clone())).collect(),
            Ok(results) => results,
        };
        for (job, result) in group.into_iter().zip(results) {
            (job.reply)(result);
        }
    }
}

/// What is written together: all that is there, and what comes soon if nobody waits for these.
fn gather(first: Job, jobs: &Receiver<Job>, is_crowd: bool) -> Vec<Job> {
    let until = Instant::now() + COMPANY_WAIT;
    let mut group = vec![first];
    if is_crowd {
        std::thread::sleep(BREATH);
    }
    loop {
        group.extend(jobs.try_iter().take(GROUP_MAX.saturating_sub(group.len())));
        let can_wait = group.iter().all(|job| matches!(job.work, Work::CommitSoon(_)));
        if !can_wait || group.len() >= GROUP_MAX {
            return group;
        }
        match jobs.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(job) => group.push(job),
            Err(_) => return group,
        }
    }
}

fn write_alone(connection: &Connection, job: &Job, counts: &Counts) -> Result<i64, Error> {
    write_group(connection, std::slice::from_ref(job), counts)?.pop().unwrap_or(Ok(0))
}

/// One transaction for all jobs. Writes that cannot be stored fail alone; trouble with the database
/// fails the group.
///
/// A failed statement takes back what it did itself, and jobs that fail mostly do so with their
/// first. Only when one fails later is the group begun anew with a savepoint for each job: two more
/// statements a job, and a copy of every page that changes.
fn write_group(
    connection: &Connection,
    group: &[Job],
    counts: &Counts,
) -> Result<Vec<Result<i64, Error>>, Error> {
    let all = |one: fn(&Connection, &Work) -> Result<i64, Fault>| {
        let written = group.iter().map(|job| match one(connection, &job.work) {
            Ok(told) => Ok(Ok(told)),
            Err(Fault::OfTheWrites(error)) => Ok(Err(error)),
            Err(fault) => Err(fault),
        });
        written.collect::<Result<Vec<_>, Fault>>()
    };
    execute(connection, "BEGIN IMMEDIATE")?;
    let written = match all(write_plainly) {
        Err(Fault::HalfWritten) => {
            execute(connection, "ROLLBACK")?;
            execute(connection, "BEGIN IMMEDIATE")?;
            all(write_in_savepoint)
        }
        told => told,
    };
    let started = Instant::now();
    let committed = written.map_err(Error::from).and_then(|results| {
        crash_point!("writer_before_commit");
        execute(connection, "COMMIT")?;
        crash_point!("writer_after_commit");
        Ok(results)
    });
    match committed {
        Ok(results) => {
            counts.note(&results, group, started);
            Ok(results)
        }
        Err(error) => {
            // SQLite may have rolled back by itself.
            if !connection.is_autocommit() {
                execute(connection, "ROLLBACK")?;
            }
            Err(error)
        }
    }
}

/// Why a job was not written.
enum Fault {
    /// It cannot be stored, and nothing of it was.
    OfTheWrites(Error),
    /// It cannot be stored, and a part of it was.
    HalfWritten,
    /// The database is in trouble.
    OfTheDatabase(Error),
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::OfTheWrites(error) | Fault::OfTheDatabase(error) => error,
            Fault::HalfWritten => Self::Broken("a commit was written by half".into()),
        }
    }
}

/// For a first try: says so when a part was written and has to be taken back.
fn write_plainly(connection: &Connection, work: &Work) -> Result<i64, Fault> {
    let before = connection.total_changes();
    write(connection, work).map_err(|error| match error.is_about_the_writes() {
        true if connection.total_changes() == before => Fault::OfTheWrites(error),
        true => Fault::HalfWritten,
        false => Fault::OfTheDatabase(error),
    })
}

fn write_in_savepoint(connection: &Connection, work: &Work) -> Result<i64, Fault> {
    let run = |sql: &str| execute(connection, sql).map_err(Fault::OfTheDatabase);
    run("SAVEPOINT job")?;
    match write(connection, work) {
        Ok(told) => run("RELEASE job").map(|()| told),
        Err(error) if error.is_about_the_writes() => {
            run("ROLLBACK TO job")?;
            run("RELEASE job")?;
            Err(Fault::OfTheWrites(error))
        }
        // The whole transaction is given up.
        Err(error) => Err(Fault::OfTheDatabase(error)),
    }
}

fn write(connection: &Connection, work: &Work) -> Result<i64, Error> {
    match work {
        Work::Commit(writes) | Work::CommitSoon(writes) => {
            writes.iter().try_for_each(|write| write_one(connection, write)).map(|()| 0)
        }
        Work::ReserveIds { count } => write_records::reserve_ids(connection, *count),
        Work::ReturnIds { free } => write_records::return_ids(connection, free).map(|()| 0),
        Work::LimitPages { pages } => connection
            .pragma_update_and_check(None, "max_page_count", pages, |row| row.get(0))
            .map_err(fault::of),
    }
}

fn write_one(connection: &Connection, write: &Write) -> Result<(), Error> {
    match write {
        Write::RecordInsert(record) => write_records::insert(connection, record),
        Write::RecordUpdate(update) => write_records::update(connection, update),
        Write::RecordDelete { id, at } => write_records::delete(connection, *id, *at),
        Write::ExecutionInsert(execution) => write_executions::insert(connection, execution),
        Write::ExecutionUpdate(update) => write_executions::update(connection, update),
        Write::ExecutionsForget { kind, before, limit } => {
            write_executions::forget(connection, kind, *before, *limit)
        }
        Write::StepsForget { execution_id } => {
            write_executions::forget_steps(connection, execution_id)
        }
        Write::StepInsert(step) => write_executions::insert_step(connection, step),
        Write::StepAnswer { execution_id, seq, response, at } => {
            write_executions::answer_step(connection, execution_id, *seq, response, *at)
        }
        Write::ConstantSet(constant) => write_states::set_constant(connection, constant),
        Write::SessionPut(session) => write_states::put_session(connection, session),
        Write::SessionDelete { id_hash } => write_states::delete_session(connection, id_hash),
        Write::SessionsExpire { before } => write_states::expire_sessions(connection, *before),
        Write::ActivityInsert(activity) => write_states::insert_activity(connection, activity),
    }
}

fn execute(connection: &Connection, sql: &str) -> Result<(), Error> {
    let mut statement = connection.prepare_cached(sql).map_err(fault::of)?;
    statement.execute([]).map(|_| ()).map_err(fault::of)
}

impl Counts {
    fn note(&self, results: &[Result<i64, Error>], group: &[Job], started: Instant) {
        let jobs = results.iter().zip(group);
        let commits = jobs.filter(|(done, job)| {
            done.is_ok() && matches!(job.work, Work::Commit(_) | Work::CommitSoon(_))
        });
        let commits = commits.count() as u64;
        self.commits.fetch_add(commits, Ordering::Relaxed);
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.largest_group.fetch_max(commits, Ordering::Relaxed);
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.commit_micros.fetch_add(micros, Ordering::Relaxed);
    }
}
