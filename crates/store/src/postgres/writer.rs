//! The writers: a few tasks that drain one queue, each with a connection of its own, and write many
//! commits in one transaction.
//!
//! Nobody waits for company: a writer takes what is there. A commit whose answer was lost is looked
//! up by a token that it wrote, so that nobody is told what is not so.

use super::{fault, write_executions, write_records, write_states};
use crate::contract::{CommitCallback, WriterStats};
use crate::error::Error;
use crate::write::Write;
use deadpool_postgres::{ClientWrapper, Object, Pool};
use sluicegate_failpoint::failpoint;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_postgres::types::ToSql;

/// Transactions written beside each other.
pub const WRITERS: usize = 4;
// Bounds the time the first of a group waits for the last.
const GROUP_MAX: usize = 64;
// How long commits that nobody waits for wait for company.
const BATCH_WAIT: Duration = Duration::from_millis(2);
/// How long a lost answer to a COMMIT is looked for.
const RESOLVE_FOR: Duration = Duration::from_secs(60);
/// How often transactions that met each other's locks are tried.
const TRIES: u32 = 5;

/// The writes of one commit, and who is told.
pub struct Job {
    writes: Vec<Write>,
    can_wait: bool,
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
    /// Starts the tasks on the present runtime.
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

    /// Writes, and tells `then` when it is on disk.
    pub fn write(&self, writes: Vec<Write>, can_wait: bool, then: CommitCallback) {
        if let Err(unsent) = self.queue.send(Job { writes, can_wait, then }) {
            (unsent.0.then)(Err(Error::Broken("the writers have stopped".into())));
        }
    }

    /// What was done so far.
    pub fn tally(&self) -> WriterStats {
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
    /// Nobody else's.
    id: i64,
    tokens: AtomicI64,
    pool: Pool,
    counts: Arc<Counts>,
}

/// What became of a transaction that was begun.
enum Ended {
    Committed(Vec<Result<(), Error>>),
    /// Nothing of it is stored; each of its commits may be tried by itself.
    Undone(Error),
}

impl Writer {
    async fn serve(self, jobs: Arc<Mutex<UnboundedReceiver<Job>>>) {
        let mut kept: Option<Object> = None;
        loop {
            let group = match gather(&mut *jobs.lock().await).await {
                Some(group) => group,
                None => return,
            };
            let writes: Vec<&[Write]> = group.iter().map(|job| job.writes.as_slice()).collect();
            let results = self.write(&mut kept, &writes).await;
            for (job, result) in group.into_iter().zip(results) {
                (job.then)(result);
            }
        }
    }

    /// All in one transaction; if that cannot be, each in its own.
    async fn write(&self, kept: &mut Option<Object>, group: &[&[Write]]) -> Vec<Result<(), Error>> {
        match self.transaction(kept, group).await {
            Ok(Ended::Committed(results)) => return results,
            Ok(Ended::Undone(error)) if group.len() == 1 && error.is_about_the_writes() => {
                return vec![Err(error)];
            }
            Ok(Ended::Undone(_)) => {}
            Err(error) => return group.iter().map(|_| Err(error.clone())).collect(),
        }
        let mut results = Vec::with_capacity(group.len());
        for writes in group {
            results.push(self.alone(kept, writes).await);
        }
        results
    }

    async fn alone(&self, kept: &mut Option<Object>, writes: &[Write]) -> Result<(), Error> {
        let mut last = Error::Busy("the database is busy".into());
        for tried in 0..TRIES {
            match self.transaction(kept, &[writes]).await? {
                Ended::Committed(mut results) => return results.pop().unwrap_or(Ok(())),
                Ended::Undone(error @ Error::Busy(_)) => last = error,
                Ended::Undone(error) => return Err(error),
            }
            tokio::time::sleep(Duration::from_millis(5 << tried)).await;
        }
        Err(last)
    }

    /// One transaction for all. A commit whose first write does not hold fails alone; one that
    /// fails later undoes the transaction.
    async fn transaction(
        &self,
        kept: &mut Option<Object>,
        group: &[&[Write]],
    ) -> Result<Ended, Error> {
        let client = match kept.take() {
            Some(client) => client,
            None => self.pool.get().await.map_err(fault::of_pool)?,
        };
        let token = self.tokens.fetch_add(1, Ordering::Relaxed);
        if self.begin(&client, token).await.is_ok() {
            return self.begun(kept, client, token, group).await;
        }
        // It broke while it was at rest: nothing was written. Another, once.
        drop(Object::take(client));
        let fresh = self.pool.get().await.map_err(fault::of_pool)?;
        self.begin(&fresh, token).await?;
        self.begun(kept, fresh, token, group).await
    }

    /// Begins, and writes the token by which the transaction's fate can be asked for.
    async fn begin(&self, client: &ClientWrapper, token: i64) -> Result<(), Error> {
        let sql = "INSERT INTO writers (id, token) VALUES ($1, $2) \
                   ON CONFLICT (id) DO UPDATE SET token = $2, at = now()";
        let statement = client.prepare_cached(sql).await.map_err(fault::of)?;
        let values: [&(dyn ToSql + Sync); 2] = [&self.id, &token];
        let (begun, marked) =
            tokio::join!(client.batch_execute("BEGIN"), client.execute(&statement, &values));
        begun.and(marked.map(drop)).map_err(fault::of)
    }

    async fn begun(
        &self,
        kept: &mut Option<Object>,
        client: Object,
        token: i64,
        group: &[&[Write]],
    ) -> Result<Ended, Error> {
        let mut results = Vec::with_capacity(group.len());
        for writes in group {
            match write_all(&client, writes).await {
                Ok(()) => results.push(Ok(())),
                Err((0, error @ (Error::Conflict { .. } | Error::Gone(_)))) => {
                    results.push(Err(error));
                }
                Err((_, error)) => {
                    if client.batch_execute("ROLLBACK").await.is_ok() {
                        *kept = Some(client);
                        return Ok(Ended::Undone(error));
                    }
                    // The connection is gone, and the transaction with it.
                    drop(Object::take(client));
                    return Ok(Ended::Undone(Error::Busy(error.to_string())));
                }
            }
        }
        let started = Instant::now();
        failpoint!("writer_before_commit");
        let committed = client.batch_execute("COMMIT").await;
        failpoint!("writer_after_commit");
        match committed {
            Ok(()) => *kept = Some(client),
            Err(error) if error.as_db_error().is_some() => {
                // It said no: nothing of it is stored.
                drop(Object::take(client));
                return Ok(Ended::Undone(fault::of(error)));
            }
            Err(_) => {
                drop(Object::take(client));
                if !self.was_committed(token).await? {
                    return Ok(Ended::Undone(Error::Busy("the connection was lost".into())));
                }
            }
        }
        self.counts.note(&results, started);
        Ok(Ended::Committed(results))
    }

    /// The answer to a COMMIT was lost: asks the server until it knows.
    async fn was_committed(&self, token: i64) -> Result<bool, Error> {
        let until = Instant::now() + RESOLVE_FOR;
        let mut wait = Duration::from_millis(20);
        while Instant::now() < until {
            if let Ok(client) = self.pool.get().await {
                // The lock is had only when that transaction has ended, one way or the other.
                let sql = "SELECT token FROM writers WHERE id = $1 FOR UPDATE";
                match client.query_opt(sql, &[&self.id]).await {
                    Ok(row) => return Ok(row.is_some_and(|row| row.get::<_, i64>(0) == token)),
                    // Away, or starting.
                    Err(_) => drop(Object::take(client)),
                }
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(1));
        }
        Err(Error::Unresolved("the connection was lost during a commit".into()))
    }
}

/// What is written together: all that is there, and what comes soon if nobody waits for these.
async fn gather(jobs: &mut UnboundedReceiver<Job>) -> Option<Vec<Job>> {
    let mut group = vec![jobs.recv().await?];
    let until = tokio::time::Instant::now() + BATCH_WAIT;
    loop {
        while group.len() < GROUP_MAX
            && let Ok(job) = jobs.try_recv()
        {
            group.push(job);
        }
        if group.len() >= GROUP_MAX || !group.iter().all(|job| job.can_wait) {
            return Some(group);
        }
        match tokio::time::timeout_at(until, jobs.recv()).await {
            Ok(Some(job)) => group.push(job),
            _ => return Some(group),
        }
    }
}

/// Writes in order; which write failed, and why.
async fn write_all(client: &ClientWrapper, writes: &[Write]) -> Result<(), (usize, Error)> {
    for (place, write) in writes.iter().enumerate() {
        write_one(client, write).await.map_err(|error| (place, error))?;
    }
    Ok(())
}

async fn write_one(client: &ClientWrapper, write: &Write) -> Result<(), Error> {
    match write {
        Write::RecordInsert(record) => write_records::insert(client, record).await,
        Write::RecordUpdate(update) => write_records::update(client, update).await,
        Write::RecordDelete { id, at } => write_records::delete(client, *id, *at).await,
        Write::ExecutionInsert(execution) => write_executions::insert(client, execution).await,
        Write::ExecutionUpdate(update) => write_executions::update(client, update).await,
        Write::ExecutionsPurge { kind, before, limit } => {
            write_executions::forget(client, kind, *before, *limit).await
        }
        Write::StepsPurge { execution_id } => {
            write_executions::forget_steps(client, execution_id).await
        }
        Write::StepInsert(step) => write_executions::insert_step(client, step).await,
        Write::StepAnswer { execution_id, seq, response, at } => {
            write_executions::answer_step(client, execution_id, *seq, response, *at).await
        }
        Write::ConstantSet(constant) => write_states::set_constant(client, constant).await,
        Write::SessionPut(session) => write_states::put_session(client, session).await,
        Write::SessionDelete { id_hash } => write_states::delete_session(client, id_hash).await,
        Write::SessionsExpire { before } => write_states::expire_sessions(client, *before).await,
        Write::ActivityInsert(activity) => write_states::insert_activity(client, activity).await,
    }
}

impl Counts {
    fn note(&self, results: &[Result<(), Error>], started: Instant) {
        let commits = results.iter().filter(|result| result.is_ok()).count() as u64;
        self.commits.fetch_add(commits, Ordering::Relaxed);
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.largest_group.fetch_max(commits, Ordering::Relaxed);
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.commit_micros.fetch_add(micros, Ordering::Relaxed);
    }
}
