//! One transaction for many commits.

use super::{fault, write_executions, write_records, write_states};
use crate::contract::WriterStats;
use crate::error::Error;
use crate::record::RecordId;
use crate::write::Write;
use rusqlite::Connection;
use sluicegate_failpoint::failpoint;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

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

/// What became of each of a group, or what is wrong with the database.
type Results = Result<Vec<Result<i64, Error>>, Error>;

/// Counts what is committed.
#[derive(Default)]
pub struct Counts {
    commits: AtomicU64,
    groups: AtomicU64,
    largest_group: AtomicU64,
    commit_micros: AtomicU64,
}

/// Writes a group in one transaction.
pub fn write_group(
    connection: &Connection,
    group: &[Work],
    counts: &Counts,
) -> Vec<Result<i64, Error>> {
    let alone = |work| match write_together(connection, std::slice::from_ref(work), counts) {
        Ok(mut told) => told.pop().unwrap_or(Ok(0)),
        Err(error) => Err(error),
    };
    match write_together(connection, group, counts) {
        // One large commit must not take small ones with it: each tries for itself.
        Err(Error::Full(_)) if group.len() > 1 => group.iter().map(alone).collect(),
        Err(error) => group.iter().map(|_| Err(error.clone())).collect(),
        Ok(results) => results,
    }
}

/// One transaction for all jobs. Writes that cannot be stored fail alone; trouble with the database
/// fails the group.
///
/// A failed statement takes back what it did itself, and jobs that fail mostly do so with their
/// first. Only when one fails later is the group begun anew with a savepoint for each job: two more
/// statements a job, and a copy of every page that changes.
fn write_together(connection: &Connection, group: &[Work], counts: &Counts) -> Results {
    let all = |one: fn(&Connection, &Work) -> Result<i64, Fault>| {
        let written = group.iter().map(|work| match one(connection, work) {
            Ok(told) => Ok(Ok(told)),
            Err(Fault::Rejected(error)) => Ok(Err(error)),
            Err(fault) => Err(fault),
        });
        written.collect::<Result<Vec<_>, Fault>>()
    };
    execute(connection, "BEGIN IMMEDIATE")?;
    let written = match all(write_plainly) {
        Err(Fault::PartlyApplied) => {
            execute(connection, "ROLLBACK")?;
            execute(connection, "BEGIN IMMEDIATE")?;
            all(write_in_savepoint)
        }
        told => told,
    };
    let started = Instant::now();
    let committed = written.map_err(Error::from).and_then(|results| {
        failpoint!("writer_before_commit");
        execute(connection, "COMMIT")?;
        failpoint!("writer_after_commit");
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
    Rejected(Error),
    /// It cannot be stored, and a part of it was.
    PartlyApplied,
    /// The database is in trouble.
    Database(Error),
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Rejected(error) | Fault::Database(error) => error,
            Fault::PartlyApplied => Self::Broken("a commit was written by half".into()),
        }
    }
}

/// For a first try: says so when a part was written and has to be taken back.
fn write_plainly(connection: &Connection, work: &Work) -> Result<i64, Fault> {
    let before = connection.total_changes();
    write(connection, work).map_err(|error| match error.is_about_the_writes() {
        true if connection.total_changes() == before => Fault::Rejected(error),
        true => Fault::PartlyApplied,
        false => Fault::Database(error),
    })
}

fn write_in_savepoint(connection: &Connection, work: &Work) -> Result<i64, Fault> {
    let run = |sql: &str| execute(connection, sql).map_err(Fault::Database);
    run("SAVEPOINT job")?;
    match write(connection, work) {
        Ok(told) => run("RELEASE job").map(|()| told),
        Err(error) if error.is_about_the_writes() => {
            run("ROLLBACK TO job")?;
            run("RELEASE job")?;
            Err(Fault::Rejected(error))
        }
        // The whole transaction is given up.
        Err(error) => Err(Fault::Database(error)),
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
        Write::ExecutionsPurge { kind, before, limit } => {
            write_executions::forget(connection, kind, *before, *limit)
        }
        Write::StepsPurge { execution_id } => {
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
    fn note(&self, results: &[Result<i64, Error>], group: &[Work], started: Instant) {
        let jobs = results.iter().zip(group);
        let commits = jobs.filter(|(done, work)| {
            done.is_ok() && matches!(work, Work::Commit(_) | Work::CommitSoon(_))
        });
        let commits = commits.count() as u64;
        self.commits.fetch_add(commits, Ordering::Relaxed);
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.largest_group.fetch_max(commits, Ordering::Relaxed);
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.commit_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// What was done so far.
    pub fn tally(&self) -> WriterStats {
        WriterStats {
            commits: self.commits.load(Ordering::Relaxed),
            groups: self.groups.load(Ordering::Relaxed),
            largest_group: self.largest_group.load(Ordering::Relaxed),
            commit_micros: self.commit_micros.load(Ordering::Relaxed),
        }
    }
}
