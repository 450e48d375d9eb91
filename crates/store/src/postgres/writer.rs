//! Group commit: a few tasks drain one queue, and each writes many commits in one transaction.
//!
//! A writer takes what is queued and waits for no more. When the answer to a COMMIT is lost, the
//! writer looks up a token that the transaction wrote, so that every caller learns what is stored.

use super::dialect::PostgresDialect;
use super::{errors, statement, write_executions, write_records};
use crate::contract::{CommitCallback, WriterStats};
use crate::error::Error;
use crate::sql::{write_executions as executions, write_states as states};
use crate::write::Write;
use deadpool_postgres::{ClientWrapper, Object, Pool};
use futures_util::future::join_all;
use sluicegate_failpoint::failpoint;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_postgres::types::ToSql;

/// Transactions at the same time.
const WRITERS: usize = 4;
/// Bounds the time that the first commit of a batch waits for the last.
const BATCH_MAX: usize = 64;
/// How long deferred commits wait for others.
const BATCH_WAIT: Duration = Duration::from_millis(2);
/// How long a writer looks up what became of a COMMIT whose answer was lost.
const RESOLVE_FOR: Duration = Duration::from_secs(60);
/// How often a transaction is tried that conflicts with others.
const ATTEMPTS_MAX: u32 = 5;

/// Whether a commit may wait for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// It is written at once.
    Now,
    /// It may wait for [`BATCH_WAIT`].
    Deferred,
}

/// The writes of one commit, and the callback for its result.
struct Job {
    writes: Vec<Write>,
    urgency: Urgency,
    then: CommitCallback,
}

/// The queue to the writers.
pub struct Writers {
    queue: UnboundedSender<Job>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    commits: AtomicU64,
    groups: AtomicU64,
    largest_group: AtomicU64,
    commit_micros: AtomicU64,
}

impl Writers {
    /// Starts the tasks on the current runtime.
    pub fn start(pool: &Pool) -> Self {
        let (queue, jobs) = unbounded_channel();
        let jobs = Arc::new(Mutex::new(jobs));
        let counts = Arc::new(Counts::default());
        for _ in 0..WRITERS {
            let writer = Writer {
                id: rand::random(),
                tokens: AtomicI64::new(0),
                pool: pool.clone(),
                counts: Arc::clone(&counts),
            };
            tokio::spawn(writer.serve(Arc::clone(&jobs)));
        }
        Self { queue, counts }
    }

    /// Writes, and calls `then` when it is on disk.
    pub fn write(&self, writes: Vec<Write>, urgency: Urgency, then: CommitCallback) {
        if let Err(unsent) = self.queue.send(Job { writes, urgency, then }) {
            (unsent.0.then)(Err(Error::Broken("the writers have stopped".into())));
        }
    }

    /// What was committed so far.
    pub fn stats(&self) -> WriterStats {
        let counts = &self.counts;
        WriterStats {
            commits: counts.commits.load(Ordering::Relaxed),
            groups: counts.groups.load(Ordering::Relaxed),
            largest_group: counts.largest_group.load(Ordering::Relaxed),
            commit_micros: counts.commit_micros.load(Ordering::Relaxed),
        }
    }
}

struct Writer {
    /// Random, so unique among all processes.
    id: i64,
    tokens: AtomicI64,
    pool: Pool,
    counts: Arc<Counts>,
}

/// How a transaction ended.
enum Ended {
    Committed(Vec<Result<(), Error>>),
    /// Nothing of it is stored; each of its commits may be tried alone.
    RolledBack(Error),
}

impl Writer {
    async fn serve(self, jobs: Arc<Mutex<UnboundedReceiver<Job>>>) {
        let mut idle: Option<Object> = None;
        loop {
            let Some(batch) = next_batch(&mut *jobs.lock().await).await else { return };
            let writes: Vec<&[Write]> = batch.iter().map(|job| job.writes.as_slice()).collect();
            let results = self.write(&mut idle, &writes).await;
            for (job, result) in batch.into_iter().zip(results) {
                (job.then)(result);
            }
        }
    }

    /// All in one transaction; when that is rolled back, each in its own.
    async fn write(&self, idle: &mut Option<Object>, batch: &[&[Write]]) -> Vec<Result<(), Error>> {
        match self.transaction(idle, batch).await {
            Ok(Ended::Committed(results)) => return results,
            Ok(Ended::RolledBack(error)) if batch.len() == 1 && error.is_about_the_writes() => {
                return vec![Err(error)];
            }
            Ok(Ended::RolledBack(_)) => {}
            Err(error) => return batch.iter().map(|_| Err(error.clone())).collect(),
        }
        let mut results = Vec::with_capacity(batch.len());
        for writes in batch {
            results.push(self.write_alone(idle, writes).await);
        }
        results
    }

    async fn write_alone(&self, idle: &mut Option<Object>, writes: &[Write]) -> Result<(), Error> {
        let mut last = Error::Busy("the database is busy".into());
        for attempt in 0..ATTEMPTS_MAX {
            match self.transaction(idle, &[writes]).await? {
                Ended::Committed(mut results) => return results.pop().unwrap_or(Ok(())),
                Ended::RolledBack(error @ Error::Busy(_)) => last = error,
                Ended::RolledBack(error) => return Err(error),
            }
            tokio::time::sleep(Duration::from_millis(5 << attempt)).await;
        }
        Err(last)
    }

    /// One transaction for all. A commit whose first write is refused fails alone; one that fails
    /// later rolls the transaction back.
    async fn transaction(
        &self,
        idle: &mut Option<Object>,
        batch: &[&[Write]],
    ) -> Result<Ended, Error> {
        let client = match idle.take() {
            Some(client) => client,
            None => self.pool.get().await.map_err(errors::of_pool)?,
        };
        let token = self.tokens.fetch_add(1, Ordering::Relaxed);
        if self.begin(&client, token).await.is_ok() {
            return self.run(idle, client, token, batch).await;
        }
        // The connection broke while it was idle: nothing was written. Once more on another.
        drop(Object::take(client));
        let fresh = self.pool.get().await.map_err(errors::of_pool)?;
        self.begin(&fresh, token).await?;
        self.run(idle, fresh, token, batch).await
    }

    /// Begins, and writes the token by which the transaction is looked up.
    async fn begin(&self, client: &ClientWrapper, token: i64) -> Result<(), Error> {
        let sql = "INSERT INTO writers (id, token) VALUES ($1, $2) \
                   ON CONFLICT (id) DO UPDATE SET token = $2, at = now()";
        let statement = client.prepare_cached(sql).await.map_err(errors::of)?;
        let values: [&(dyn ToSql + Sync); 2] = [&self.id, &token];
        let (begun, written) =
            tokio::join!(client.batch_execute("BEGIN"), client.execute(&statement, &values));
        begun.and(written.map(drop)).map_err(errors::of)
    }

    async fn run(
        &self,
        idle: &mut Option<Object>,
        client: Object,
        token: i64,
        batch: &[&[Write]],
    ) -> Result<Ended, Error> {
        // The commits are written beside each other, each in its own order: a batch takes as many
        // round trips as its longest commit has writes, and those that wait for `reads`. Once one
        // fails, the server refuses the rest.
        let reads = Mutex::new(());
        let commits = batch.iter().map(|writes| write_all(&client, &reads, writes));
        let written = join_all(commits).await;
        let mut results = Vec::with_capacity(batch.len());
        for result in written {
            match result {
                Ok(()) => results.push(Ok(())),
                Err((0, error @ (Error::Conflict { .. } | Error::Gone(_)))) => {
                    results.push(Err(error));
                }
                Err((_, error)) => {
                    if client.batch_execute("ROLLBACK").await.is_ok() {
                        *idle = Some(client);
                        return Ok(Ended::RolledBack(error));
                    }
                    // The connection is gone, and the transaction with it.
                    drop(Object::take(client));
                    return Ok(Ended::RolledBack(Error::Busy(error.to_string().into())));
                }
            }
        }
        let started = Instant::now();
        failpoint!("writer_before_commit");
        let committed = client.batch_execute("COMMIT").await;
        failpoint!("writer_after_commit");
        match committed {
            Ok(()) => *idle = Some(client),
            Err(error) if error.as_db_error().is_some() => {
                // The server refused it: nothing of it is stored.
                drop(Object::take(client));
                return Ok(Ended::RolledBack(errors::of(error)));
            }
            Err(_) => {
                drop(Object::take(client));
                if !self.was_committed(token).await? {
                    return Ok(Ended::RolledBack(Error::Busy("the connection was lost".into())));
                }
            }
        }
        self.counts.record(&results, started);
        Ok(Ended::Committed(results))
    }

    /// Whether a COMMIT whose answer was lost is stored: asks the server until it answers.
    async fn was_committed(&self, token: i64) -> Result<bool, Error> {
        let until = Instant::now() + RESOLVE_FOR;
        let mut wait = Duration::from_millis(20);
        while Instant::now() < until {
            if let Ok(client) = self.pool.get().await {
                // The row is locked until that transaction has ended, one way or the other.
                let sql = "SELECT token FROM writers WHERE id = $1 FOR UPDATE";
                match client.query_opt(sql, &[&self.id]).await {
                    Ok(row) => return Ok(row.is_some_and(|row| row.get::<_, i64>(0) == token)),
                    // The server is down, or starting.
                    Err(_) => drop(Object::take(client)),
                }
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(1));
        }
        Err(Error::Unresolved("the connection was lost during a commit".into()))
    }
}

/// The next batch: all that is queued, and when all of it is deferred, what arrives soon after.
async fn next_batch(jobs: &mut UnboundedReceiver<Job>) -> Option<Vec<Job>> {
    let mut batch = vec![jobs.recv().await?];
    let until = tokio::time::Instant::now() + BATCH_WAIT;
    loop {
        while batch.len() < BATCH_MAX
            && let Ok(job) = jobs.try_recv()
        {
            batch.push(job);
        }
        if batch.len() >= BATCH_MAX || !batch.iter().all(|job| job.urgency == Urgency::Deferred) {
            return Some(batch);
        }
        match tokio::time::timeout_at(until, jobs.recv()).await {
            Ok(Some(job)) => batch.push(job),
            _ => return Some(batch),
        }
    }
}

/// Writes in order; an error comes with the number of the write that failed.
///
/// A write that reads what it changes holds `reads` meanwhile: a row's lock keeps out other
/// transactions, but not another commit of the same one, which would change what was read before.
async fn write_all(
    client: &ClientWrapper,
    reads: &Mutex<()>,
    writes: &[Write],
) -> Result<(), (usize, Error)> {
    for (index, write) in writes.iter().enumerate() {
        let written = match write {
            Write::RecordUpdate(update) => {
                let _alone = reads.lock().await;
                write_records::update(client, update).await
            }
            other => write_one(client, other).await,
        };
        written.map_err(|error| (index, error))?;
    }
    Ok(())
}

async fn write_one(client: &ClientWrapper, write: &Write) -> Result<(), Error> {
    let statement = match write {
        Write::RecordInsert(record) => return write_records::insert(client, record).await,
        Write::RecordUpdate(update) => return write_records::update(client, update).await,
        Write::RecordDelete { id, at } => return write_records::delete(client, *id, *at).await,
        Write::ExecutionInsert(one) => return write_executions::insert(client, one).await,
        Write::ExecutionUpdate(update) => return write_executions::update(client, update).await,
        Write::ExecutionsPurge { kind, before, limit } => {
            return write_executions::purge(client, kind, *before, *limit).await;
        }
        Write::ExecutionReduce { id, input, outcome, at } => {
            return write_executions::reduce(client, id, input, outcome.as_ref(), *at).await;
        }
        Write::ExecutionDelete { id, at } => {
            return write_executions::delete(client, id, *at).await;
        }
        Write::ForgetText { text } => {
            for forget in states::forget_text::<PostgresDialect>(text) {
                statement::execute(client, &forget).await?;
            }
            return Ok(());
        }
        Write::StepAnswer { execution_id, seq, response, at } => {
            return write_executions::answer_step(client, execution_id, *seq, response, *at).await;
        }
        Write::StepsPurge { execution_id: id } => executions::purge_steps::<PostgresDialect>(id),
        Write::ExecutionsClockSetBack { now, leases_until, waits_until } => {
            executions::clock_set_back::<PostgresDialect>(*now, *leases_until, *waits_until)
        }
        Write::StepInsert(step) => executions::insert_step::<PostgresDialect>(step)?,
        Write::ConstantSet(constant) => states::set_constant::<PostgresDialect>(constant),
        Write::SessionPut(session) => states::put_session::<PostgresDialect>(session)?,
        Write::SessionUpdate(session) => states::update_session::<PostgresDialect>(session)?,
        Write::SessionsEnd { user_id } => states::end_sessions::<PostgresDialect>(user_id),
        Write::SessionDelete { id_hash } => states::delete_session::<PostgresDialect>(id_hash),
        Write::SessionsExpire { before } => states::expire_sessions::<PostgresDialect>(*before),
        Write::ActivityInsert(activity) => states::insert_activity::<PostgresDialect>(activity)?,
    };
    statement::execute(client, &statement).await.map(drop)
}

impl Counts {
    fn record(&self, results: &[Result<(), Error>], started: Instant) {
        let commits = results.iter().filter(|result| result.is_ok()).count();
        let commits = u64::try_from(commits).unwrap_or(u64::MAX);
        self.commits.fetch_add(commits, Ordering::Relaxed);
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.largest_group.fetch_max(commits, Ordering::Relaxed);
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.commit_micros.fetch_add(micros, Ordering::Relaxed);
    }
}
