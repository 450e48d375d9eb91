//! One transaction for a batch of commits.

use super::dialect::SqliteDialect;
use super::{errors, pragmas, statement, write_executions, write_records};
use crate::contract::WriterStats;
use crate::error::Error;
use crate::record::RecordId;
use crate::sql::{ids, row, write_executions as executions, write_states as states};
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
    CommitDeferred(Vec<Write>),
    /// Reserves a block of record ids; returns its end.
    ReserveIds { count: i64 },
    /// Returns a block, unless another process reserved after it.
    ReturnIds { free: Range<RecordId> },
    /// Bounds the size of the file from now on.
    LimitPages { pages: u32 },
    /// Makes or drops an index.
    Define { sql: String },
}

/// The result of each job of a batch, or why the database could not write any.
type Results = Result<Vec<Result<i64, Error>>, Error>;

/// Counts what is committed.
#[derive(Default)]
pub struct Counts {
    commits: AtomicU64,
    groups: AtomicU64,
    largest_group: AtomicU64,
    commit_micros: AtomicU64,
}

/// Writes a batch in one transaction.
pub fn write_batch(
    connection: &Connection,
    batch: &[Work],
    counts: &Counts,
) -> Vec<Result<i64, Error>> {
    let alone = |work| match write_together(connection, std::slice::from_ref(work), counts) {
        Ok(mut results) => results.pop().unwrap_or(Ok(0)),
        Err(error) => Err(error),
    };
    match write_together(connection, batch, counts) {
        // One large commit must not fail small ones: each is tried in its own transaction.
        Err(Error::Full(_)) if batch.len() > 1 => batch.iter().map(alone).collect(),
        Err(error) => batch.iter().map(|_| Err(error.clone())).collect(),
        Ok(results) => results,
    }
}

/// One transaction for all jobs. Writes that cannot be stored fail alone; an error of the database
/// fails the batch.
///
/// A failed statement undoes itself, and jobs that fail mostly do so with their first. Only when
/// one fails later is the batch started again with a savepoint for each job: two more statements a
/// job, and a copy of every page that changes.
fn write_together(connection: &Connection, batch: &[Work], counts: &Counts) -> Results {
    let all = |one: fn(&Connection, &Work) -> Result<i64, WriteError>| {
        let written = batch.iter().map(|work| match one(connection, work) {
            Ok(value) => Ok(Ok(value)),
            Err(WriteError::Rejected(error)) => Ok(Err(error)),
            Err(error) => Err(error),
        });
        written.collect::<Result<Vec<_>, WriteError>>()
    };
    execute(connection, "BEGIN IMMEDIATE")?;
    let written = match all(write_without_savepoint) {
        Err(WriteError::PartlyApplied) => {
            execute(connection, "ROLLBACK")?;
            execute(connection, "BEGIN IMMEDIATE")?;
            all(write_in_savepoint)
        }
        written => written,
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
            counts.record(&results, batch, started);
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
enum WriteError {
    /// It cannot be stored, and nothing of it was.
    Rejected(Error),
    /// It cannot be stored, and a part of it was.
    PartlyApplied,
    /// The database failed.
    Database(Error),
}

impl From<WriteError> for Error {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Rejected(error) | WriteError::Database(error) => error,
            WriteError::PartlyApplied => Self::Broken("a commit was applied in part".into()),
        }
    }
}

/// The first try: reports when a part was written and must be rolled back.
fn write_without_savepoint(connection: &Connection, work: &Work) -> Result<i64, WriteError> {
    let before = connection.total_changes();
    write(connection, work).map_err(|error| match error.is_about_the_writes() {
        true if connection.total_changes() == before => WriteError::Rejected(error),
        true => WriteError::PartlyApplied,
        false => WriteError::Database(error),
    })
}

fn write_in_savepoint(connection: &Connection, work: &Work) -> Result<i64, WriteError> {
    let run = |sql: &str| execute(connection, sql).map_err(WriteError::Database);
    run("SAVEPOINT job")?;
    match write(connection, work) {
        Ok(value) => run("RELEASE job").map(|()| value),
        Err(error) if error.is_about_the_writes() => {
            run("ROLLBACK TO job")?;
            run("RELEASE job")?;
            Err(WriteError::Rejected(error))
        }
        // The whole transaction is rolled back.
        Err(error) => Err(WriteError::Database(error)),
    }
}

fn write(connection: &Connection, work: &Work) -> Result<i64, Error> {
    match work {
        Work::Commit(writes) | Work::CommitDeferred(writes) => {
            writes.iter().try_for_each(|write| write_one(connection, write)).map(|()| 0)
        }
        Work::ReserveIds { count } => {
            let reserve = ids::reserve::<SqliteDialect>(*count);
            let end = statement::one(connection, &reserve, row::first_integer)?;
            end.ok_or_else(|| Error::Broken("the counter of record ids is missing".into()))
        }
        Work::ReturnIds { free } => {
            statement::execute(connection, &ids::return_block::<SqliteDialect>(free)).map(|_| 0)
        }
        // Not kept among the prepared statements: it runs once.
        Work::Define { sql } => connection.execute_batch(sql).map(|()| 0).map_err(errors::of),
        Work::LimitPages { pages } => connection
            .pragma_update_and_check(None, "max_page_count", pages, |row| row.get(0))
            .map_err(errors::of),
    }
}

fn write_one(connection: &Connection, write: &Write) -> Result<(), Error> {
    let statement = match write {
        Write::RecordInsert(record) => return write_records::insert(connection, record),
        Write::RecordUpdate(update) => return write_records::update(connection, update),
        Write::RecordDelete { id, at } => return write_records::delete(connection, *id, *at),
        Write::ExecutionInsert(execution) => {
            return write_executions::insert(connection, execution);
        }
        Write::ExecutionUpdate(update) => return write_executions::update(connection, update),
        Write::ExecutionsPurge { kind, before, limit } => {
            return write_executions::purge(connection, kind, *before, *limit);
        }
        Write::ExecutionReduce { id, input, outcome, at } => {
            return write_executions::reduce(connection, id, input, outcome.as_ref(), *at);
        }
        Write::ExecutionDelete { id, at } => return write_executions::delete(connection, id, *at),
        Write::ForgetText { text } => {
            // For the rest of this process: the records of a customer follow.
            pragmas::set_secure_delete(connection, true).map_err(errors::of)?;
            for forget in states::forget_text::<SqliteDialect>(text) {
                statement::execute(connection, &forget)?;
            }
            return Ok(());
        }
        Write::StepAnswer { execution_id, seq, response, at } => {
            return write_executions::answer_step(connection, execution_id, *seq, response, *at);
        }
        Write::StepsPurge { execution_id } => {
            executions::purge_steps::<SqliteDialect>(execution_id)
        }
        Write::ExecutionsClockSetBack { now, leases_until, waits_until } => {
            executions::clock_set_back::<SqliteDialect>(*now, *leases_until, *waits_until)
        }
        Write::StepInsert(step) => executions::insert_step::<SqliteDialect>(step)?,
        Write::ConstantSet(constant) => states::set_constant::<SqliteDialect>(constant),
        Write::SessionPut(session) => states::put_session::<SqliteDialect>(session)?,
        Write::SessionUpdate(session) => states::update_session::<SqliteDialect>(session)?,
        Write::SessionsEnd { user_id } => states::end_sessions::<SqliteDialect>(user_id),
        Write::SessionDelete { id_hash } => states::delete_session::<SqliteDialect>(id_hash),
        Write::SessionsExpire { before } => states::expire_sessions::<SqliteDialect>(*before),
        Write::ActivityInsert(activity) => states::insert_activity::<SqliteDialect>(activity)?,
    };
    statement::execute(connection, &statement).map(drop)
}

fn execute(connection: &Connection, sql: &str) -> Result<(), Error> {
    let mut statement = connection.prepare_cached(sql).map_err(errors::of)?;
    statement.execute([]).map(drop).map_err(errors::of)
}

impl Counts {
    fn record(&self, results: &[Result<i64, Error>], batch: &[Work], started: Instant) {
        let jobs = results.iter().zip(batch);
        let commits = jobs.filter(|(result, work)| {
            result.is_ok() && matches!(work, Work::Commit(_) | Work::CommitDeferred(_))
        });
        let commits = u64::try_from(commits.count()).unwrap_or(u64::MAX);
        self.commits.fetch_add(commits, Ordering::Relaxed);
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.largest_group.fetch_max(commits, Ordering::Relaxed);
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.commit_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// The counts so far.
    pub fn stats(&self) -> WriterStats {
        WriterStats {
            commits: self.commits.load(Ordering::Relaxed),
            groups: self.groups.load(Ordering::Relaxed),
            largest_group: self.largest_group.load(Ordering::Relaxed),
            commit_micros: self.commit_micros.load(Ordering::Relaxed),
        }
    }
}
