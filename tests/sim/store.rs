//! A model of the store: rows in memory. A crash loses everything that was not committed, and a
//! commit may succeed although its caller gets an error.

use crate::fault::{CommitFault, die};
use jiff::Timestamp;
use sluicegate_store::contract::{Store, WriterStats};
use sluicegate_store::error::Error;
use sluicegate_store::execution::{
    Execution, ExecutionId, ExecutionQuery, ExecutionUpdate, Queue, State, Step,
};
use sluicegate_store::page::{Page, Paging};
use sluicegate_store::property_index::{IndexError, PropertyIndex};
use sluicegate_store::query::RecordQuery;
use sluicegate_store::record::{Record, RecordId};
use sluicegate_store::state::{Activity, Constant, Session};
use sluicegate_store::write::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The rows, and the next faults.
#[derive(Default)]
pub struct Model {
    rows: Mutex<Rows>,
    /// The fault of the n-th commit from now, counted down.
    fault: Mutex<Option<(u8, CommitFault)>>,
    next_id: Mutex<RecordId>,
}

/// Everything that is on disk.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    pub records: Vec<Record>,
    pub executions: Vec<Execution>,
    pub steps: Vec<Step>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Model {
    /// The current content of the disk.
    pub fn rows(&self) -> Rows {
        held(&self.rows).clone()
    }

    /// Makes the n-th commit from now fail.
    pub fn break_commit(&self, fault: Option<(u8, CommitFault)>) {
        *held(&self.fault) = fault;
    }

    fn next_fault(&self) -> Option<CommitFault> {
        let mut fault = held(&self.fault);
        match fault.take() {
            Some((0, now)) => Some(now),
            Some((later, what)) => {
                *fault = Some((later - 1, what));
                None
            }
            None => None,
        }
    }
}

impl Rows {
    fn write(&mut self, write: Write) -> Result<(), Error> {
        match write {
            Write::RecordInsert(record) => self.records.push(record),
            Write::RecordUpdate(update) => self.record(update.id)?.apply(&update)?,
            Write::RecordDelete { id, at } => {
                self.record(id)?.deleted_at.get_or_insert(at);
            }
            Write::ExecutionInsert(new) => {
                let holder = self.executions.iter().find(|one| {
                    one.id == new.id
                        || (one.kind == new.kind
                            && one.idempotency_key.is_some()
                            && one.idempotency_key == new.idempotency_key)
                });
                if let Some(holder) = holder {
                    return Err(Error::Conflict { existing: holder.id.clone() });
                }
                self.executions.push(new);
            }
            Write::ExecutionUpdate(update) => self.update(update)?,
            Write::StepInsert(step) => {
                let same =
                    |one: &Step| (&one.execution_id, one.seq) == (&step.execution_id, step.seq);
                if self.steps.iter().any(same) {
                    return Err(Error::Refused("the step is there".into()));
                }
                self.steps.push(step);
            }
            Write::StepAnswer { execution_id, seq, response, at } => {
                let open = |one: &&mut Step| {
                    one.execution_id == execution_id && one.seq == seq && one.response.is_none()
                };
                let step = self.steps.iter_mut().find(open);
                let step = step.ok_or_else(|| Error::Gone("no open step".into()))?;
                step.response = Some(response);
                step.answered_at = Some(at);
            }
            other => return Err(Error::Refused(format!("the model knows no {other:?}").into())),
        }
        Ok(())
    }

    fn record(&mut self, id: RecordId) -> Result<&mut Record, Error> {
        let found = self.records.iter_mut().find(|one| one.id == id);
        found.ok_or_else(|| Error::Gone(format!("record {id} does not exist")))
    }

    fn update(&mut self, update: ExecutionUpdate) -> Result<(), Error> {
        let fits = |one: &&mut Execution| {
            one.id == update.id
                && update.from.contains(&one.state)
                && update.from_attempt.is_none_or(|attempt| attempt == one.attempt)
        };
        let found = self.executions.iter_mut().find(fits);
        let one = found.ok_or_else(|| Error::Gone(format!("{} has moved on", update.id)))?;
        one.state = update.state;
        one.attempt = update.attempt;
        one.run_at = update.run_at;
        one.lease_until = update.lease_until;
        one.outcome = update.outcome.or(one.outcome.take());
        one.error = update.error;
        one.finished_at = update.finished_at;
        Ok(())
    }
}

impl Store for Model {
    fn commit(&self, writes: Vec<Write>) -> Result<(), Error> {
        let fault = self.next_fault();
        match fault {
            Some(CommitFault::DiesBefore) => die(),
            Some(CommitFault::Refused) => return Err(Error::Full("no space".into())),
            _ => {}
        }
        let mut rows = held(&self.rows).clone();
        writes.into_iter().try_for_each(|write| rows.write(write))?;
        *held(&self.rows) = rows;
        match fault {
            Some(CommitFault::DiesAfter) => die(),
            Some(CommitFault::AnswerLost) => Err(Error::Broken("the answer was lost".into())),
            _ => Ok(()),
        }
    }

    fn next_record_id(&self) -> Result<RecordId, Error> {
        let mut next = held(&self.next_id);
        *next += 1;
        Ok(*next + 100)
    }

    fn set_indexes(&self, _: &[PropertyIndex]) -> Result<Vec<IndexError>, Error> {
        Ok(Vec::new())
    }

    fn record(&self, id: RecordId) -> Result<Option<Record>, Error> {
        Ok(held(&self.rows).records.iter().find(|one| one.id == id).cloned())
    }

    fn records(&self, query: &RecordQuery) -> Result<Page<Record>, Error> {
        let rows = held(&self.rows);
        let mut found: Vec<_> =
            rows.records.iter().filter(|one| query.matches(one)).cloned().collect();
        found.sort_by(|a, b| query.compare(a, b));
        Ok(query.paging().of_all(found))
    }

    fn execution(&self, id: &ExecutionId) -> Result<Option<Execution>, Error> {
        Ok(held(&self.rows).executions.iter().find(|one| one.id == *id).cloned())
    }

    fn execution_by_key(&self, kind: &str, key: &str) -> Result<Option<Execution>, Error> {
        let is = |one: &&Execution| one.kind == kind && one.idempotency_key.as_deref() == Some(key);
        Ok(held(&self.rows).executions.iter().find(is).cloned())
    }

    fn executions(&self, _: &ExecutionQuery) -> Result<Page<Execution>, Error> {
        Err(Error::Refused("the model lists no executions".into()))
    }

    fn due(&self, now: Timestamp, queue: Queue, limit: u32) -> Result<Vec<Execution>, Error> {
        if queue == Queue::Local {
            return Ok(Vec::new());
        }
        // In order of insertion, so that jitter does not change the meaning of a seed.
        let is_due = |one: &&Execution| match one.state {
            State::Running => one.lease_until.is_none_or(|until| until <= now),
            state => !state.is_final() && one.run_at <= now,
        };
        Ok(held(&self.rows)
            .executions
            .iter()
            .filter(is_due)
            .take(limit as usize)
            .cloned()
            .collect())
    }

    fn first_in_order(&self, _: &str, _: Option<&ExecutionId>) -> Result<Option<Execution>, Error> {
        Ok(None)
    }

    fn oldest_open(&self) -> Result<Option<Timestamp>, Error> {
        Ok(None)
    }

    fn finished_before(&self, _: &str, _: Timestamp, _: u32) -> Result<Vec<Execution>, Error> {
        Ok(Vec::new())
    }

    fn count_finished_before(&self, _: &str, _: Timestamp) -> Result<u64, Error> {
        Ok(0)
    }

    fn executions_containing(&self, _: &str, _: &str, _: u32) -> Result<Vec<Execution>, Error> {
        Ok(Vec::new())
    }

    fn steps(&self, id: &ExecutionId) -> Result<Vec<Step>, Error> {
        let rows = held(&self.rows);
        let mut steps: Vec<_> =
            rows.steps.iter().filter(|one| one.execution_id == *id).cloned().collect();
        steps.sort_by_key(|one| one.seq);
        Ok(steps)
    }

    fn constants(&self) -> Result<Vec<Constant>, Error> {
        Ok(Vec::new())
    }

    fn session(&self, _: &str) -> Result<Option<Session>, Error> {
        Ok(None)
    }

    fn activities(&self, _: &[String], _: Paging) -> Result<Page<Activity>, Error> {
        Err(Error::Refused("the model knows no activities".into()))
    }

    fn writer_stats(&self) -> WriterStats {
        WriterStats::default()
    }
}
